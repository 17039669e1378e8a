"""The command: `python -m tests.evasion`; exit code 0 nothing went wrong, 1 something did, 2 wrong use."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from tests.evasion import report
from tests.evasion.corpus import Case, load
from tests.evasion.judging import Judged, Result
from tests.evasion.launcher import Plant
from tests.evasion.suite import Suite

_ROOT = Path(__file__).parents[2]
DEFAULT_FILE = _ROOT.parent / "shared" / "corpora" / "evasions.jsonl"


def main(arguments: Sequence[str]) -> int:
    """Run the cases, print the report, and return the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    try:
        cases = _chosen(load(asked.file), asked.only)
    except FileNotFoundError:
        parser.error(f"there are no cases at `{asked.file}`: name a file of them with --file")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    try:
        results = _run(cases, Plant(asked.plant))
    except PermissionError:
        parser.error(
            "the upstream may not listen on ports 80 and 443: run this as root, "
            "or where `net.ipv4.ip_unprivileged_port_start` is 0"
        )
    except OSError as error:
        parser.error(f"the upstream cannot listen on ports 80 and 443: {error.strerror}")
    except AssertionError as error:
        sys.stderr.write(f"the run did not get to its end: {error}\n")
        return 2
    skipped = [case for case in cases if case.skipped is not None]
    if asked.json is not None:
        asked.json.write_text(report.as_json(results, skipped))
    sys.stdout.write(report.as_text(results, skipped))
    wrong = (Judged.ESCAPED, Judged.STOPPED)
    return int(any(result.judged in wrong for result in results))


def _run(cases: Sequence[Case], plant: Plant) -> list[Result]:
    with (
        tempfile.TemporaryDirectory(prefix="sidegate-evasion-") as folder,
        Suite(cases, folder=Path(folder), plant=plant) as suite,
    ):
        return suite.run()


def _chosen(cases: list[Case], only: str | None) -> list[Case]:
    """The cases to run. Raises ValueError for an id that is not there."""
    if only is None:
        return cases
    wanted = only.split(",")
    known = {case.id for case in cases}
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"`{unknown[0]}` is the id of no case in the file")
    return [case for case in cases if case.id in wanted]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.evasion",
        description="Send exact-byte attacks through the real sidecar to a recording upstream.",
    )
    parser.add_argument("--file", type=Path, default=DEFAULT_FILE, help=f"the cases (default {DEFAULT_FILE})")
    parser.add_argument("--only", metavar="ID,...", help="run only these cases")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the results there as well")
    # For the suite's own tests: a broken gate must be noticed.
    parser.add_argument("--plant", choices=list(Plant), default=Plant.NOTHING, help=argparse.SUPPRESS)
    return parser


def _leave(number: int, frame: FrameType | None) -> None:
    """Turn SIGTERM into an exit that ends what was started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
