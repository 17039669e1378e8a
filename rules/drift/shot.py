"""A read and what it has shown, as a hold keeps it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rules.drift.difference import Change, changes
from rules.drift.image import Image
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.headers import Fields, first

IF_MATCH = b"If-Match"
_CONDITIONS = (b"if-match", b"if-none-match", b"if-unmodified-since", b"if-modified-since", b"if-range")
_CONDITIONAL = frozenset({"PUT", "PATCH", "DELETE"})
_MAX_NAMED = 5
_MAX_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What `read` has shown; a text says why that is nothing."""

    read: Read
    shown: Image | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What has changed of one thing since its hold."""

    read: Read
    changes: tuple[Change, ...]


def drifts(before: Iterable[Shot], now: Iterable[Shot]) -> tuple[Drift, ...]:
    """What has changed between two records of the same reads; what was not shown before cannot."""
    found = []
    for old, new in zip(before, now, strict=True):
        if isinstance(old.shown, Image) and isinstance(new.shown, Image):
            changed = changes(old.shown, new.shown, old.read.counted)
            found += [Drift(read=old.read, changes=changed)] if changed else []
    return tuple(found)


def precondition(method: str, fields: Fields, place: Place, now: Iterable[Shot]) -> Fields:
    """`If-Match` for a call to `place`, on what its last read has shown.

    Nothing where the upstream gave no strong tag (RFC 9110 section 13.1.1 compares strongly), or where the
    agent has conditions of its own.
    """
    if method not in _CONDITIONAL or any(first(fields, name) is not None for name in _CONDITIONS):
        return ()
    for shot in now:
        if shot.read.place == place and isinstance(shot.shown, Image) and shot.shown.strong:
            return ((IF_MATCH, shot.shown.etag.encode("latin-1")),)
    return ()


def named(found: Iterable[Drift]) -> str:
    """The names of what has changed, without any value of it: for the agent and the log of the store."""
    names = [_named(drift, change) for drift in found for change in drift.changes]
    more = len(names) - _MAX_NAMED
    return ", ".join([*names[:_MAX_NAMED], *([f"{more} more"] if more > 0 else [])])


def as_json(shots: Iterable[Shot]) -> list[dict[str, Any]]:
    """Shots as JSON values."""
    return [asdict(shot) for shot in shots]


def from_json(values: Iterable[dict[str, Any]]) -> tuple[Shot, ...]:
    """The shots that `as_json` wrote."""
    return tuple(Shot(read=_read(value["read"]), shown=_shown(value["shown"])) for value in values)


def _named(drift: Drift, change: Change) -> str:
    if change.path:
        plain = "".join(char if char.isprintable() and char != "`" else "?" for char in change.path)
        return f"`{plain[:_MAX_NAME]}`"
    if change.after is None:
        return f"the {drift.read.subject} is gone"
    return f"the {drift.read.subject} is there now" if change.before is None else f"the {drift.read.subject}"


def _read(value: dict[str, Any]) -> Read:
    return Read(
        subject=Subject(value["subject"]),
        place=Place(**value["place"]),
        counted=tuple(tuple(steps) for steps in value["counted"]),
        obstacle=value["obstacle"],
    )


def _shown(value: dict[str, Any] | str) -> Image | str:
    return value if isinstance(value, str) else Image(**value)
