"""One audit record: canonical JSON (RFC 8785) on a line of its own, chained to the line before by SHA-256.

A record's hash is that of its line without the line break, so whoever checks a chain needs no JSON writer.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

VERSION = 1
FIRST = "0" * 64
"""What the first record of a chain names in place of a hash."""
LONGEST = 64 * 1024
"""Bytes of a line."""

_MOST_CHARACTERS = 300
_MOST_VALUES = 20
_LARGEST = 2**53 - 1
_MEMBERS = frozenset({"at", "chain", "epoch", "facts", "kind", "prev", "seq", "v"})
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)

type Fact = str | int | bool | tuple[str, ...] | None
type Facts = Mapping[str, Fact]


class Kind(StrEnum):
    """What a record is about."""

    STARTED = "started"
    """A process began to write: who acts through it, by which configuration and rules, and what it mended."""
    CHECKPOINT = "checkpoint"
    """All records before this one, signed."""
    STOPPED = "stopped"
    """The process ended in order; its last checkpoint follows."""
    PRUNED = "pruned"
    """Older records were deleted because their time of keeping was over."""
    GAP = "gap"
    """So many records could not be written, and what they were about went on, as configured."""
    VERDICT = "verdict"
    """A call was judged, and passes, is held or blocked."""
    HOLD = "hold"
    """A hold was opened."""
    JOINED = "joined"
    """The same call again joined its hold."""
    TRANSITION = "transition"
    """A hold took a step."""
    DECISION = "decision"
    """A person's decision took a hold a step further."""
    TALK = "talk"
    """A reviewer asked a hold's agent or told other people something, or the agent answered."""
    ATTEMPT = "attempt"
    """A request is about to be sent: this is on disk before its first byte leaves."""
    RULES = "rules"
    """Other rules are in force."""
    LOGIN = "login"
    """A person came in, or tried to."""
    LOGOUT = "logout"
    """A person went."""
    KILL = "kill"
    """Somebody switched the kill switch."""
    KEYS = "keys"
    """Somebody made or changed the keys of what is held."""
    PINS = "pins"
    """Somebody accepted the tools of a server."""
    GRANT = "grant"
    """Somebody let calls of a kind run without being asked about each, or took that back."""
    NOTE = "note"
    """Something else that a person did, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be recorded."""

    kind: Kind
    at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a chain stands: what its next record is and names. `epoch`: how often it was begun to write."""

    chain: str
    epoch: int = 1
    seq: int = 1
    prev: str = FIRST

    def after(self, line: bytes) -> "Place":
        """The place after the record in `line`."""
        return Place(chain=self.chain, epoch=self.epoch, seq=self.seq + 1, prev=digest(line))


@dataclass(slots=True, kw_only=True)
class Record:
    """A record as it was read."""

    at: str
    chain: str
    epoch: int
    facts: dict[str, Any]
    kind: str
    prev: str
    seq: int

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(chain=self.chain, epoch=self.epoch, seq=self.seq, prev=self.prev)


def line(entry: Entry, place: Place) -> bytes:
    """The record of `entry` at `place`, without its line break."""
    return canonical(
        {
            "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "chain": place.chain,
            "epoch": place.epoch,
            "facts": {
                name: _bounded(value) for name, value in entry.facts.items() if value not in (None, "")
            },
            "kind": entry.kind,
            "prev": place.prev,
            "seq": place.seq,
            "v": VERSION,
        }
    )


def digest(line: bytes) -> str:
    """The hash of a record."""
    return hashlib.sha256(line).hexdigest()


def canonical(value: object) -> bytes:
    """RFC 8785 of values that have no fractions and whose names are ASCII."""
    return _ENCODER.encode(value).encode()


def read(text: bytes) -> Record:
    """The record in a line. Raises ValueError unless it is one, in the one way in which it is written."""
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    try:
        said = text.decode()
        members = json.loads(said)
        if members.keys() != _MEMBERS or members["v"] != VERSION:
            raise ValueError("it has other members than a record of this version")
        same = _ENCODER.encode(members) == said
        del members["v"]
        found = Record(**members)
    except (AttributeError, TypeError, RecursionError, UnicodeError) as error:
        raise ValueError("it is no record") from error
    if not same or not _sound(found):
        raise ValueError("it is not written as records are")
    return found


def _sound(record: Record) -> bool:
    """Whether each member is of its kind."""
    # Spelled out: this is done for every record of years.
    numbers = type(record.seq) is type(record.epoch) is int
    texts = type(record.at) is type(record.chain) is type(record.kind) is type(record.prev) is str
    return (
        numbers
        and texts
        and type(record.facts) is dict
        and 0 < record.seq <= _LARGEST
        and 0 < record.epoch <= _LARGEST
        and len(record.prev) == len(FIRST)
    )


def _bounded(value: Fact) -> str | int | bool | list[str] | None:
    """A value that has a place in a record, whoever it came from."""
    match value:
        case str():
            return _plain(value)
        case tuple():
            return [_plain(each) for each in value[:_MOST_VALUES]]
        case int() if not isinstance(value, bool) and abs(value) > _LARGEST:
            return str(value)[:_MOST_CHARACTERS]
        case _:
            return value


def _plain(text: str) -> str:
    return text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode()
