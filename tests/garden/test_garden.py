"""A small garden with all servers: everything executed has its record, and a missing one is found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.garden.garden import Garden, State
from tests.garden.mutations import Mutated, Operation
from tests.garden.sending import _served
from tests.garden.servers import NAMES

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.acceptance


def test_a_small_garden(tmp_path: Path) -> None:
    """Every server executes some, every execution was judged, and nothing is answered by silence."""
    state = State(seed=7)
    with Garden.planted(state, servers=NAMES, folder=tmp_path) as garden:
        assert garden.batch(2048) == []
    assert set(state.executed) == set(NAMES)
    assert (state.next, state.unjudged, state.silent) == (2048, 0, 0)
    assert state.recorded >= sum(state.executed.values()) > 500


def test_a_missing_record_is_found(tmp_path: Path) -> None:
    """A witness that forgets every fortieth request is found out for each, with the number to repeat."""
    state = State(seed=7)
    with Garden.planted(state, servers=["nginx"], folder=tmp_path, forget=40) as garden:
        found = garden.batch(512)
        assert len(found) == state.unjudged == (state.recorded + len(found)) // 40 > 1
        number, segments = next(filter(None, map(garden.bytes_of, found)))
        assert b"%09d" % number in b"".join(segments)


def test_the_command_goes_on_where_it_was(tmp_path: Path) -> None:
    """Its last line has the figures of all runs together."""
    file = tmp_path / "state"
    for count in (64, 96):
        command = [sys.executable, "-m", "tests.garden", "--servers", "haproxy", "--resume", str(file)]
        done = subprocess.run(
            [*command, "--requests", str(count)], capture_output=True, text=True, cwd=ROOT, check=True
        )
        state = json.loads(file.read_text())
        assert state["next"] == count
        assert done.stdout.splitlines()[-1] == (
            f"{count} requests, {state['executed']['haproxy']} executed, 0 unjudged"
        )


def test_an_unknown_server() -> None:
    """Exit 2, with those that there are."""
    command = [sys.executable, "-m", "tests.garden", "--servers", "nginx,iis"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "`iis` is no server: use some of nginx,haproxy" in done.stderr


def mutated(operation: Operation = Operation.FLIP, requests: int = 1) -> Mutated:
    """Nothing to send."""
    return Mutated(number=0, operation=operation, segments=(b"",), requests=requests)


CUT = mutated(Operation.CUT)
COVERED = {
    "each has its answer": ([mutated(), mutated()], 2, 2),
    "the first one closed the connection": ([mutated(), mutated()], 1, 1),
    "no answer at all": ([mutated(), mutated()], 0, 0),
    "a cut after what was answered": ([mutated(), CUT], 1, 2),
    "a cut that was answered": ([mutated(), CUT], 2, 2),
    "only a cut": ([CUT], 0, 1),
    "two requests in one": ([mutated(requests=2), mutated()], 3, 2),
    "the first of two closed it": ([mutated(), mutated(requests=2), mutated()], 2, 2),
}


@pytest.mark.parametrize("case", COVERED)
def test_what_answers_cover(case: str) -> None:
    """What they do not cover is sent again on another connection."""
    together, answers, covered = COVERED[case]
    assert _served(together, answers) == covered
