"""What the commands about one hold share."""

import argparse
import sys

import pytest

from proxy.cli.one_hold import agreed, check_pending, told
from proxy.cli.remote import Negative
from tests.proxy.cli.desk import Terminal

HOLD = {"hold_id": "01J", "integrity": "ok", "state": "pending", "standing": "waits"}


@pytest.mark.parametrize(
    ("typed", "yes", "goes_on"),
    [("y\n", False, True), ("\n", False, False), ("\n", True, True), (None, False, True)],
)
def test_who_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str | None,
    yes: bool,
    goes_on: bool,
) -> None:
    """Whoever is at the terminal and has not said yes yet; a script (None) is not."""
    if typed is not None:
        monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert agreed(argparse.Namespace(yes=yes), "do it?") is goes_on
    assert ("do it? [y/N]" in capsys.readouterr().out) is (typed is not None and not yes)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"integrity": "failed"}, "not done: what is stored is not what was held; reject it"),
        ({"state": "rejected", "standing": "was rejected"}, "this hold was rejected; nothing was changed"),
    ],
)
def test_what_does_not_wait(changed: dict[str, str], why: str) -> None:
    """It is left as it is, and the message says why."""
    check_pending(HOLD, undone="not done")
    with pytest.raises(Negative, match=f"^{why}$"):
        check_pending(HOLD | changed, undone="not done")


def test_how_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    """On one line; what others wrote cannot act on the terminal."""
    assert told(HOLD | {"standing": "was rejected: \x1b[2J"}) == 0
    assert capsys.readouterr().out == "hold 01J was rejected: \\x1b[2J\n"
