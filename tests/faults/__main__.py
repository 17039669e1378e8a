"""The command: `python -m tests.faults`; exit code 0 nothing left unjudged, 1 something did, 2 wrong use."""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import FrameType

from tests.faults import kills, rounds
from tests.faults.bench import Bench
from tests.faults.kills import Kill
from tests.faults.steps import JUDGING, REPLAYING

_ROUNDS = sum(len(step.faults) for step in JUDGING)
_MOST_REPLAYS = 24
"""How often a fault strikes in one step of a replay; each replay has to be held and approved first."""

_MOST_KILLS = 0.01
"""What share of the injections may be kills: each costs a start of the sidecar."""


@dataclass(slots=True)
class Score:
    """What has been injected, by kind, and what got through."""

    injections: Counter[str] = field(default_factory=Counter)
    unmet: list[str] = field(default_factory=list)
    """Steps that no request came by: the table is stale."""
    unjudged: list[str] = field(default_factory=list)


def main(arguments: Sequence[str]) -> int:
    """Inject until the number is reached, and return the exit code."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    started = monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="sidegate-faults-", dir="/tmp") as folder,
        Bench.built(Path(folder)) as bench,
    ):
        score = asyncio.run(inject(bench, asked.injections, only=asked.only))
        _say(f"{len(bench.upstream.executed)} requests executed, the sidecar ended {bench.ends} times")
    for line in (*score.unmet, *score.unjudged[:20]):
        print(line)  # noqa: T201
    table = ", ".join(f"{kind} {count}" for kind, count in sorted(score.injections.items()))
    print(f"{table}; {monotonic() - started:.0f} s")  # noqa: T201
    print(f"{score.injections.total()} injections, {len(score.unjudged)} unjudged")  # noqa: T201
    return int(bool(score.unjudged or score.unmet))


async def inject(bench: Bench, injections: int, *, only: str | None = None) -> Score:
    """Every fault in every step, then kills, then more of the faults until there are so many."""
    score = Score()
    kill = max(1, round(_MOST_KILLS * injections / (len(JUDGING) + len(REPLAYING) + 2 * len(Kill))))
    for each in _plan(injections, kill=kill):
        if only is not None and only not in each.step.name:
            continue
        struck = await rounds.run(bench, each)
        score.injections[each.fault] += struck
        if not struck:
            score.unmet.append(f"`{each.step.name}` is met by no request ({each.fault})")
        _check(bench, score, f"{each.step.name} {each.fault}: {struck}")
    chance = random.Random(injections)
    for what in Kill if only is None else ():
        for _ in range(2 * kill):
            score.injections[what] += await kills.strike(bench, what, after=chance.uniform(0.0, 0.2))
        _check(bench, score, f"{what}: {score.injections[what]}")
    return score


def _plan(injections: int, *, kill: int) -> Iterator[rounds.Round]:
    strikes = max(1, -(-injections // _ROUNDS))
    yield from rounds.replaying(min(strikes, _MOST_REPLAYS), kills=kill)
    yield from rounds.judging(strikes, kills=kill)


def _check(bench: Bench, score: Score, what: str) -> None:
    score.unjudged = bench.unjudged()
    _say(f"{what}; {score.injections.total()} so far, {len(score.unjudged)} unjudged")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Plant faults in every step of the real sidecar, one at a time.",
    )
    parser.add_argument("--injections", type=int, default=2000, help="about how many (default 2000)")
    parser.add_argument("--only", metavar="TEXT", help="only the steps whose name has it, and no kills")
    return parser


def _leave(number: int, frame: FrameType | None) -> None:
    """Turn SIGTERM into an exit that ends what was started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
