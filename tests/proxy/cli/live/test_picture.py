"""Tests of the desk as lines: they fit, whatever others wrote."""

from typing import Any

import pytest

from proxy.cli.live.desk import Desk, Page
from proxy.cli.live.picture import picture
from proxy.cli.terminal import fitting

NOW = "2026-11-23T18:00:00+00:00"
EVIL = "\x1b[2J\u202e\u200b\r\n\x07\U000e0041\u4e2d\u0301" * 30


def held(name: str, **changes: Any) -> dict[str, Any]:
    """A hold in short."""
    whole = {
        "hold_id": name,
        "integrity": "ok",
        "state": "pending",
        "tier": 4,
        "decide_by": "2026-11-23T18:10:00+00:00",
        "method": "POST",
        "url": "https://bank.example/x",
    }
    return whole | changes


@pytest.mark.parametrize("size", [(80, 24), (20, 6), (5, 2), (300, 100), (1, 1)])
def test_it_fits(size: tuple[int, int]) -> None:
    """In every size, with hostile holds on it."""
    made = Desk()
    made.lay([held(str(n), url=EVIL, method=EVIL) for n in range(50)])
    made.open(Page(hold=held("0"), lines=["line"] * 100))
    made.said = EVIL
    lines = picture(made, columns=size[0], rows=size[1], now=NOW)
    assert len(lines) == min(size[1], len(lines))
    for line in lines:
        assert fitting(line, size[0]) == line
        assert not set("\x1b\u202e\u200b\r\n\x07\U000e0041") & set(line)


def test_what_is_looked_at_is_in_sight() -> None:
    """Marked, with how long there is; the page below, and that there is more of it."""
    made = Desk()
    made.lay([held(f"h{n}", url=f"https://bank.example/{n}") for n in range(30)])
    for _ in range(20):
        made.press("j")
    made.open(Page(hold=held("h20"), lines=[f"line {n}" for n in range(100)]))
    lines = picture(made, columns=100, rows=24, now=NOW)
    [marked] = [line for line in lines if line.startswith("> ")]
    assert marked == "> tier 4   10m  POST https://bank.example/20"
    assert "line 0" in lines
    assert lines[-1].startswith("(more below)")
    assert not made.whole


def test_an_empty_desk() -> None:
    """Says so."""
    assert picture(Desk(), columns=80, rows=24, now=NOW)[0] == "nothing waits"


def test_what_is_asked_stands_below() -> None:
    """A question, or the reason that is typed."""
    made = Desk()
    made.lay([held("a")])
    made.open(Page(hold=held("a"), lines=["x"]))
    picture(made, columns=80, rows=24, now=NOW)
    made.press("a")
    assert "y: yes" in picture(made, columns=80, rows=24, now=NOW)[-1]
    made.press("n")
    for key in "rno":
        made.press(key)
    assert picture(made, columns=80, rows=24, now=NOW)[-1].endswith(": no")
