"""The command: `python -m tests.crash [WHAT]`; exit code 0 nothing doubled or lost, 1 something was."""

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic

from tests.crash import audit, failover
from tests.crash.bench import built
from tests.crash.lane import Kind, Lane, Result
from tests.crash.points import POINTS, Point

_LANES = 8
_USUAL = 50
_AUDIT_KILLS = 200

type Run = tuple[Point, Kind, int]


@dataclass(slots=True, kw_only=True)
class Score:
    """What all runs have found; each is appended to `file` as it ends."""

    file: Path | None
    done: dict[str, Result] = field(default_factory=dict)

    @classmethod
    def resumed(cls, file: Path | None) -> "Score":
        """With what an earlier call has found already."""
        score = cls(file=file)
        if file is not None and file.exists():
            for line in file.read_text().splitlines():
                found = json.loads(line)
                name = found.pop("run")
                score.done[name] = Result(**found)
        return score

    def add(self, name: str, result: Result) -> None:
        """Keep what a run has found."""
        self.done[name] = result
        if self.file is not None:
            with self.file.open("a") as file:
                file.write(json.dumps({"run": name, **asdict(result)}) + "\n")
        for note in result.notes:
            print(f"{name}: {note}", file=sys.stderr, flush=True)  # noqa: T201

    def sum(self, name: str) -> int:
        """The sum of one count over all runs."""
        return sum(getattr(result, name) for result in self.done.values())


def main(arguments: Sequence[str]) -> int:
    """Kill until every point has had its repetitions, and return the exit code."""
    asked = _parser().parse_args(arguments)
    started, score = monotonic(), Score.resumed(asked.resume)
    with tempfile.TemporaryDirectory(prefix="sidegate-crash-", dir="/tmp") as folder:
        if asked.what == "audit":
            return audit.main(Path(folder), asked.repetitions or _AUDIT_KILLS)
        asked.repetitions = asked.repetitions or _USUAL
        if asked.what == "failover":
            asyncio.run(failover.run(Path(folder), range(len(score.done), asked.repetitions), score.add))
        else:
            runs = [(p, k, r) for r, p, k in itertools.product(range(asked.repetitions), POINTS, Kind)]
            asyncio.run(kill(Path(folder), runs, score, lanes=asked.lanes))
    slowest = max((result.settled_after for result in score.done.values()), default=0.0)
    print(f"{monotonic() - started:.0f} s, the slowest outcome {slowest:.1f} s after the restart")  # noqa: T201
    points = len({name.partition(" ")[0] for name in score.done})
    duplicates, lost = score.sum("duplicates"), score.sum("lost")
    counts = f"{len(score.done)} runs, {duplicates} duplicates, {lost} lost, {score.sum('unknown')} unknown"
    print(f"{points} points, {counts}")  # noqa: T201
    return int(bool(duplicates or lost))


async def kill(folder: Path, runs: Sequence[Run], score: Score, *, lanes: int) -> None:
    """Take all runs that are not done, some side by side."""
    left = iter([(name, run) for run in runs if (name := _name(run)) not in score.done])
    async with built(folder) as bench:

        async def drive(number: int) -> None:
            lane = Lane.made(bench, number)
            try:
                await lane.start()
                for name, run in left:
                    score.add(name, await lane.run(*run))
                    _progress(score, len(runs))
            finally:
                await lane.end()

        async with asyncio.TaskGroup() as tasks:
            for number in range(lanes):
                tasks.create_task(drive(number))


def _name(run: Run) -> str:
    point, kind, repetition = run
    return f"{point.name} {kind} {repetition}"


def _progress(score: Score, total: int) -> None:
    if len(score.done) % 40 == 0:
        print(f"{len(score.done)} of {total}", file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash", description="kill -9 at every point of a call's way."
    )
    parser.add_argument("what", nargs="?", choices=["points", "failover", "audit"], default="points")
    usual = int(os.environ.get("CRASH_REPS") or 0)
    words = f"of each point (default {_USUAL}); kills of the audit trail (default {_AUDIT_KILLS})"
    parser.add_argument("--repetitions", type=int, default=usual, help=words)
    parser.add_argument("--lanes", type=int, default=_LANES, help=f"sidecars at once (default {_LANES})")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="keep results here, and go on from them")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
