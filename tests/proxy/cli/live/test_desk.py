"""Tests of a reviewer's desk: what keys mean, and what can never be approved by them."""

from typing import Any

import pytest

from proxy.cli.live.desk import MOST_REASON, Desk, Do, Mode, Page


def mode(made: Desk) -> Mode:
    """What its next key is for."""
    return made.mode


def read(made: Desk) -> bool:
    """Whether its page was in sight to its end."""
    return made.whole


def held(name: str, **changes: Any) -> dict[str, Any]:
    """A hold in short."""
    return {"hold_id": name, "integrity": "ok", "state": "pending", **changes}


def desk(*names: str, lines: int = 3, changes: Any = None) -> Desk:
    """A desk with these holds, the first of which is looked at."""
    made = Desk(room=5, link="http://console")
    made.lay([held(name) for name in names])
    if names:
        made.open(Page(hold=held(names[0], **(changes or {})), lines=["x"] * lines))
        made.look()
    return made


def test_moving() -> None:
    """Within the list; another hold is read anew."""
    made = desk("a", "b", "c")
    for key, chosen in (("k", "a"), ("j", "b"), ("down", "c"), ("j", "c"), ("up", "b"), ("k", "a")):
        assert made.press(key) is None
        assert made.chosen == chosen
    assert made.page is None


def test_what_comes_moves_nothing() -> None:
    """Whoever looks at a hold goes on looking at it; one that is gone gives way to the one in its place."""
    made = desk("b", "c")
    made.lay([held("a"), held("b"), held("c")])
    assert made.chosen == "b"
    assert made.page is not None
    made.press("a")
    made.lay([held("a"), held("c")])
    assert (made.chosen, mode(made)) == ("c", Mode.LOOK)
    made.lay([])
    assert made.chosen == ""
    assert [made.press(key) for key in "aer"] == [None] * 3
    assert made.said == "nothing waits"


def test_approving_takes_two_keys() -> None:
    """And only `y` confirms."""
    made = desk("a")
    assert made.press("a") is None
    assert mode(made) is Mode.CONFIRM
    assert made.press("y") is Do.APPROVE
    for key in ("n", "Y", "enter", "escape", "a", "q"):
        made.press("a")
        assert made.press(key) is None
        assert mode(made) is Mode.LOOK
        assert "not approved" in made.said


def test_what_was_not_read_to_its_end_is_not_approved() -> None:
    """Skipping to another place is not reading."""
    made = desk("a", lines=40)
    made.press("a")
    assert mode(made) is Mode.LOOK
    assert "to its end" in made.said
    for key in (" ", " ", "b"):
        made.press(key)
        made.look()
    made.press("a")
    assert mode(made) is Mode.LOOK
    for _ in range(9):
        made.press("pagedown")
    made.look()
    assert not read(made)
    for key in ["pageup"] * 9 + ["pagedown"] * 9:
        made.press(key)
        made.look()
    assert read(made)
    made.press("pageup")
    made.press("a")
    assert mode(made) is Mode.CONFIRM


@pytest.mark.parametrize("changes", [{"integrity": "failed"}, {"state": "rejected"}])
def test_what_cannot_be_approved(changes: dict[str, str]) -> None:
    """What does not open, and what does not wait."""
    made = desk("a", changes=changes)
    made.press("a")
    assert mode(made) is Mode.LOOK
    assert "cannot be approved" in made.said


def test_a_new_page_forgets_what_was_begun() -> None:
    """What was asked about another picture is not answered for this one."""
    made = desk("a")
    made.press("a")
    made.open(Page(hold=held("a"), lines=["y"] * 50))
    assert made.press("y") is None
    assert mode(made) is Mode.LOOK
    assert not read(made)
    made.open(Page(hold=held("a"), lines=["y"]))
    assert not read(made)


def test_a_reason_is_typed() -> None:
    """Letter by letter; without one nothing is rejected."""
    made = desk("a")
    made.press("r")
    for key in ("n", "o", "x", "backspace", "\x1b", "\u202e", "up", " ", "q"):
        assert made.press(key) is None
    assert made.typed == "no q"
    assert made.press("enter") is Do.REJECT
    made.press("r")
    assert made.press("enter") is None
    assert "not rejected" in made.said
    made.press("r")
    made.press("x")
    assert made.press("escape") is None
    made.press("r")
    for _ in range(MOST_REASON + 5):
        made.press("x")
    assert len(made.typed) == MOST_REASON


def test_leaving_and_editing() -> None:
    """`q` leaves, `e` says where."""
    made = desk("a")
    assert made.press("q") is Do.QUIT
    made.press("e")
    assert "http://console/holds/a" in made.said
    assert made.press("?") is None
