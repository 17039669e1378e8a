"""The command: `python -m tests.day [--seconds N]`; exit code 0 if boards, alerts and ratios tell the day."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from tests.day.pictures import take
from tests.day.script import caused, played
from tests.day.stage import staged
from tests.day.verdict import (
    WITHOUT_DATA,
    check_counts,
    check_ratios,
    empty_panels,
    evaluate_rules,
    fired,
)

_USUAL = 600
_BEFORE = 5


def main(arguments: Sequence[str]) -> int:
    """Play the day, tell what came of it, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.day", description=__doc__)
    usual = float(os.environ.get("DAY_SECONDS", _USUAL))
    parser.add_argument("--seconds", type=float, default=usual, help="how long the day is")
    parser.add_argument(
        "--pictures", action="store_true", help="take the pictures of the boards for the docs"
    )
    given = parser.parse_args(arguments)
    seconds: float = given.seconds
    with staged() as stage:
        began = time.monotonic()
        tally = played(stage, seconds)
        _tell(f"the day took {time.monotonic() - began:.0f} s")
        if given.pictures:
            take(stage.prometheus, seconds=time.monotonic() - began + _BEFORE)
        for name, value in tally.ratios().items():
            _tell(f"{name}: {value:.4f} by the script, {stage.prometheus.value(name)} by Prometheus")
        empty = empty_panels(stage.prometheus)
        for panel in sorted(empty):
            _tell(f"empty: {panel}: {WITHOUT_DATA.get(panel, 'it should not be')}")
        found, expected = fired(stage.prometheus), caused(tally)
        _tell(f"fired: {', '.join(sorted(found))}")
        _tell(f"should have fired: {sorted(expected - found)}; for nothing: {sorted(found - expected)}")
        _tell(f"drills: {dict(tally.drills)}; admitted: {dict(tally.admitted)}")
        return max(
            int(not empty <= set(WITHOUT_DATA)),
            int(found != expected),
            _held(lambda: evaluate_rules(stage.prometheus)),
            _held(lambda: check_counts(stage, tally)),
            _held(lambda: check_ratios(stage.prometheus, tally)),
        )


def _held(check: Callable[[], None]) -> int:
    try:
        check()
    except AssertionError as error:
        _tell(str(error))
        return 1
    return 0


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
