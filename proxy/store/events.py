"""What has changed about holds, in the order in which it changed: the log that the store's script writes.

It is bounded, so whoever has stayed away for long is told that something may be missing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from proxy.store.record import text, texts
from rules.hold import State

LOGGED = 50_000
"""About how many changes are kept."""

START = "0-0"
"""Before every change."""

_MARK = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")
_AT_ONCE = 500

_AFTER = """
local lost = 0
if ARGV[1] ~= '0-0' and #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then lost = 1 end
return {lost, redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])}
"""
_NEWEST = "return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)"


class Scripted(Protocol):
    """What runs a script on keys of one approval domain: the store."""

    async def evaluate(self, script: str, names: Sequence[str], given: Sequence[str | int]) -> Any:
        """What the script returns. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `mark`: its place in the log."""

    mark: str
    hold_id: str
    state: State
    was: State | None
    """The state before it; None for a new hold."""
    attempts: int
    event: str = ""
    """The step that was taken, where it was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Some changes in order. `lost`: whether there may have been others before them."""

    found: Sequence[Change]
    lost: bool = False


class Events:
    """Reads the log."""

    def __init__(self, store: Scripted) -> None:
        self._store = store

    async def after(self, mark: str, *, most: int = _AT_ONCE) -> Changes:
        """The changes after `mark`, the oldest first. Raises StoreUnavailable."""
        lost, found = await self._store.evaluate(_AFTER, ["events"], [mark, most])
        changes = [_read(text(name), fields) for name, fields in found]
        return Changes(found=[change for change in changes if change is not None], lost=bool(lost))

    async def newest(self) -> str:
        """The place of the newest change. Raises StoreUnavailable."""
        found = await self._store.evaluate(_NEWEST, ["events"], [])
        return text(found[0][0]) if found else START


def is_mark(value: str) -> bool:
    """Whether `value` may be a place in the log."""
    return _MARK.fullmatch(value) is not None


def _read(mark: str, raw: Sequence[Any]) -> Change | None:
    """The change that was written so; one that this version cannot read says nothing."""
    flat = texts(raw)
    fields = dict(zip(flat[::2], flat[1::2], strict=False))
    try:
        return Change(
            mark=mark,
            hold_id=fields["hold"],
            state=State(fields["state"]),
            was=State(fields["was"]) if fields["was"] else None,
            attempts=int(fields["attempts"]),
            event=fields.get("event", ""),
        )
    except (KeyError, ValueError):
        return None
