"""The desk as lines that fit a terminal: what others wrote can neither act on it nor hide in it."""

from collections.abc import Iterator
from typing import Any

from proxy.cli.live.desk import Desk, Mode
from proxy.cli.shown import span
from proxy.cli.terminal import fitting
from rules.review.inert import visible

_LEAST_LISTED = 3
_KEYS = "a approve   r reject   e edit   q quit   j k next, previous   space b on, back"


def picture(desk: Desk, *, columns: int, rows: int, now: str) -> list[str]:
    """Exactly `rows` lines of at most `columns` columns; notes how much of the page is in sight."""
    listed = min(max(len(desk.holds), 1), max(_LEAST_LISTED, rows // 4))
    desk.room = max(1, rows - listed - 4)
    if desk.page is not None:
        desk.top = max(0, min(desk.top, len(desk.page.lines) - desk.room))
    desk.look()
    lines = [
        _head(desk),
        *_pad(list(_list(desk, listed, now)), listed),
        "-" * columns,
        *_pad(_page(desk), desk.room),
        visible(desk.said),
        _foot(desk),
    ]
    return [fitting(line, columns) for line in lines][:rows]


def _head(desk: Desk) -> str:
    return f"{len(desk.holds)} waiting" if desk.holds else "nothing waits"


def _list(desk: Desk, room: int, now: str) -> Iterator[str]:
    at = next((n for n, hold in enumerate(desk.holds) if hold["hold_id"] == desk.chosen), 0)
    first = max(0, min(at - room // 2, len(desk.holds) - room))
    for hold in desk.holds[first : first + room]:
        mark = ">" if hold["hold_id"] == desk.chosen else " "
        yield f"{mark} tier {hold['tier']}  {span(now, hold['decide_by']):>4}  {visible(_call(hold))}"


def _call(hold: dict[str, Any]) -> str:
    return f"{hold['method']} {hold['url']}" if hold["integrity"] == "ok" else "does not open"


def _page(desk: Desk) -> list[str]:
    if desk.page is None:
        return []
    return list(desk.page.lines[desk.top : desk.top + desk.room])


def _foot(desk: Desk) -> str:
    match desk.mode:
        case Mode.CONFIRM:
            return "approve exactly this? y: yes, any other key: no"
        case Mode.REASON:
            return f"why not (enter sends it, escape does not): {visible(desk.typed)}"
    more = "" if desk.page is None or desk.whole else "(more below)   "
    return f"{more}{_KEYS}"


def _pad(lines: list[str], count: int) -> list[str]:
    return [*lines, *[""] * (count - len(lines))]
