"""A reviewer's desk: the holds that wait, the one that is looked at, and what a key means there.

It knows nothing of terminals and networks: keys go in, wishes come out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_REASON = 500


class Do(StrEnum):
    """What a key wants done."""

    QUIT = "quit"
    """Leave."""
    APPROVE = "approve"
    """Approve what is looked at, as it is shown."""
    REJECT = "reject"
    """Reject it for the reason that was typed."""


class Mode(StrEnum):
    """What the next key is for."""

    LOOK = "look"
    """Moving, or choosing what to do."""
    CONFIRM = "confirm"
    """Yes, or anything else."""
    REASON = "reason"
    """Writing why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One hold whole, as it was read. `viewed`: hashes of parts that the lines show to their end."""

    hold: dict[str, Any]
    lines: Sequence[str]
    viewed: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class Desk:
    """Its state. `room`: how many lines of the page are in sight."""

    holds: list[dict[str, Any]] = field(default_factory=list)
    chosen: str = ""
    """The id of the hold that is looked at: an id, so that nothing that comes moves another under it."""
    page: Page | None = None
    top: int = 0
    seen: int = 0
    """How many lines of the page were in sight, from its beginning without a gap."""
    room: int = 1
    mode: Mode = Mode.LOOK
    typed: str = ""
    said: str = ""
    link: str = ""

    def lay(self, holds: list[dict[str, Any]]) -> None:
        """The holds that wait now; whoever looks at one that is gone looks at the next."""
        ids = [hold["hold_id"] for hold in holds]
        if self.chosen not in ids:
            at = self._at()
            self._choose(ids[min(at, len(ids) - 1)] if ids else "")
        self.holds = holds

    def open(self, page: Page) -> None:
        """Look at this, from its beginning; what was about to be done to what was there is not done."""
        self.page, self.top, self.seen, self.mode, self.typed = page, 0, 0, Mode.LOOK, ""

    def look(self) -> None:
        """Note what is in sight; whoever draws it says so, and nobody else."""
        if self.top <= self.seen:
            self.seen = max(self.seen, self.top + self.room)

    @property
    def whole(self) -> bool:
        """Whether all lines of the page were in sight."""
        return self.page is not None and self.seen >= len(self.page.lines)

    def press(self, key: str) -> Do | None:
        """What `key` wants done; most only change what is looked at."""
        self.said = "" if self.mode is Mode.LOOK else self.said
        match self.mode:
            case Mode.CONFIRM:
                return self._confirm(key)
            case Mode.REASON:
                return self._write(key)
        return self._look(key)

    def _look(self, key: str) -> Do | None:
        match key:
            case "q":
                return Do.QUIT
            case "j" | "down":
                self._move(1)
            case "k" | "up":
                self._move(-1)
            case " " | "pagedown":
                self._scroll(self.room)
            case "b" | "pageup":
                self._scroll(-self.room)
            case "a" | "r" | "e" if self.page is None:
                self.said = "nothing waits"
            case "a":
                self._ask()
            case "r":
                self.mode, self.typed = Mode.REASON, ""
            case "e":
                self.said = f"edit it on the console: {self.link}/holds/{self.chosen}"
        return None

    def _ask(self) -> None:
        assert self.page is not None  # noqa: S101 - asked for of a page alone
        if self.page.hold["integrity"] != "ok" or self.page.hold["state"] != "pending":
            self.said = "this cannot be approved: reject it, or read why above"
        elif not self.whole:
            self.said = "read it to its end first: space goes on"
        else:
            self.mode = Mode.CONFIRM

    def _confirm(self, key: str) -> Do | None:
        self.mode = Mode.LOOK
        if key == "y":
            return Do.APPROVE
        self.said = "not approved: nothing was changed"
        return None

    def _write(self, key: str) -> Do | None:
        match key:
            case "enter" if self.typed.strip():
                self.mode = Mode.LOOK
                return Do.REJECT
            case "escape" | "enter":
                self.mode, self.said = Mode.LOOK, "not rejected: nothing was changed"
            case "backspace":
                self.typed = self.typed[:-1]
            case _ if len(key) == 1 and key.isprintable():
                self.typed = (self.typed + key)[:MOST_REASON]
        return None

    def _move(self, by: int) -> None:
        ids = [hold["hold_id"] for hold in self.holds]
        if ids:
            self._choose(ids[max(0, min(len(ids) - 1, self._at() + by))])

    def _choose(self, hold_id: str) -> None:
        if hold_id != self.chosen:
            self.chosen, self.page, self.mode, self.typed = hold_id, None, Mode.LOOK, ""

    def _at(self) -> int:
        return next((n for n, hold in enumerate(self.holds) if hold["hold_id"] == self.chosen), 0)

    def _scroll(self, by: int) -> None:
        if self.page is not None:
            self.top = max(0, min(self.top + by, len(self.page.lines) - self.room))
