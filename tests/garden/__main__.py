"""The command: `python -m tests.garden`; exit code 0 all was judged, 1 something was not, 2 wrong use."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from types import FrameType

from tests.garden.garden import BATCH, Garden, State
from tests.garden.harvest import Found
from tests.garden.servers import NAMES

_SHOWN = 10


def main(arguments: Sequence[str]) -> int:
    """Send until the number of requests or the time is reached, and return the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    names = asked.servers.split(",")
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"`{unknown[0]}` is no server: use some of {','.join(NAMES)}")
    signal.signal(signal.SIGTERM, _leave)
    state = State.load(asked.resume, seed=asked.seed)
    if asked.start is not None:
        state.next = asked.start
    try:
        _run(state, asked, names)
    except FileNotFoundError as error:
        parser.error(str(error))
    print(_summary(state, start=asked.start or 0))  # noqa: T201
    return int(state.unjudged > 0)


def _run(state: State, asked: argparse.Namespace, names: Sequence[str]) -> None:
    end = monotonic() + asked.seconds
    last = (asked.start or 0) + asked.requests
    with (
        tempfile.TemporaryDirectory(prefix="sidegate-garden-", dir="/tmp") as folder,
        Garden.planted(state, servers=names, folder=Path(folder)) as garden,
    ):
        while state.next < last and monotonic() < end:
            found = garden.batch(min(BATCH, last - state.next))
            state.save(asked.resume)
            _tell(garden, found)


def _tell(garden: Garden, found: Sequence[Found]) -> None:
    """Progress, and whatever must not be."""
    state = garden.state
    rate = state.next / state.seconds if state.seconds else 0.0
    executed = sum(state.executed.values())
    say = f"{state.next} sent, {executed} executed, {state.unjudged} unjudged, {rate:.0f}/s"
    print(say, file=sys.stderr, flush=True)  # noqa: T201
    for one in found[:_SHOWN]:
        sown = garden.bytes_of(one)
        number = (
            "its number is gone"
            if sown is None
            else f"--seed {state.seed} --start {sown[0]} --requests 1: {sown[1]!r}"
        )
        print(f"unjudged on {one.server}: {one.trace}\n  {number}", flush=True)  # noqa: T201


def _summary(state: State, *, start: int) -> str:
    by_server = ", ".join(f"{name} {count}" for name, count in sorted(state.executed.items()))
    by_status = ", ".join(f"{status} {count}" for status, count in sorted(state.statuses.items()))
    sent = state.next - start
    rate = sent / state.seconds if state.seconds else 0.0
    return "\n".join(
        (
            f"executed by {by_server or 'nobody'}",
            f"{state.answers} answers: {by_status}",
            f"{state.connections} connections, {state.silent} of them silent, {state.recorded} records, "
            f"{state.seconds:.0f} s, {rate:.0f} requests/s",
            f"{sent} requests, {sum(state.executed.values())} executed, {state.unjudged} unjudged",
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.garden",
        description="Send mutated requests through the real sidecar to real servers.",
    )
    parser.add_argument("--requests", type=int, default=20_000, help="how many in all (default 20000)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so long")
    parser.add_argument("--servers", default=",".join(NAMES), metavar="NAME,...", help="default all")
    parser.add_argument("--seed", type=int, default=1, help="which mutations (default 1)")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on where that run was, and keep it")
    parser.add_argument("--start", type=int, metavar="N", help="begin at this number, to repeat it")
    return parser


def _leave(number: int, frame: FrameType | None) -> None:
    """Turn SIGTERM into an exit that ends what was started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
