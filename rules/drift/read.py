"""Which reads show what a call would change: each a GET that the gate judges like any other one."""

from dataclasses import dataclass, replace
from enum import StrEnum

from rules.call import HttpCall
from rules.drift.reference import Origin, Place, references
from rules.handling import Snapshot
from rules.headers import Fields
from rules.matching.reading import Steps
from rules.message import Message

MAX_READS = 8
"""More of one call are not read; that they are not is recorded."""

_REPLACED = frozenset({"PUT", "PATCH", "DELETE"})

# What is said of the call's own body, of the answer that it expects, or of what it copies.
_OF_THE_CALL = frozenset(
    {
        b"accept-encoding",
        b"digest",
        b"expect",
        b"idempotency-key",
        b"prefer",
        b"range",
        b"repr-digest",
        b"signature",
        b"signature-input",
    }
)
_KINDS_OF_THE_CALL = (b"content-", b"if-", b"x-amz-", b"x-goog-")


class Subject(StrEnum):
    """What a read shows."""

    RESOURCE = "resource"
    """What the call replaces, changes or deletes."""
    SNAPSHOT = "snapshot"
    """What its rule names."""
    PAYLOAD = "payload"
    """What the call names instead of carrying it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One GET. `obstacle`: why it cannot be sent, where that is certain already."""

    subject: Subject
    place: Place
    counted: tuple[Steps, ...] = ()
    """What of its JSON answer counts; nothing: all of it but what is volatile."""
    obstacle: str = ""

    def message(self, fields: Fields) -> Message:
        """The read as a request with `fields`."""
        place = self.place
        return Message(
            scheme=place.scheme,
            host=place.host,
            port=place.port,
            sni=place.host if place.scheme == "https" else None,
            method=b"GET",
            target=place.target.encode("latin-1"),
            fields=fields,
            body=b"",
        )


def reads(call: HttpCall, snapshot: Snapshot | None = None, *, filled: str | None = None) -> tuple[Read, ...]:
    """What has to be read before and after a human decides about `call`; nothing for most calls.

    The rule's own `snapshot` stands in for the general read of the same URL. `filled`: its path and
    query for this call, None where they cannot be made.
    """
    states = _general(call) if snapshot is None else (_named(call, snapshot, filled),)
    shown = (Read(subject=Subject.PAYLOAD, place=place) for place in references(call))
    found = tuple(dict.fromkeys((*states, *shown)))
    many = f"a call's first {MAX_READS} reads are sent, and this is a further one"
    return (*found[:MAX_READS], *(replace(read, obstacle=many) for read in found[MAX_READS:]))


def carried(fields: Fields, read: Read, *, origin: Origin) -> Fields:
    """The fields that a read takes over from the call to `origin`; none to anywhere else."""
    if read.place.origin != origin:
        return ((b"Host", read.place.authority.encode()), (b"Accept", b"*/*"))
    kept = tuple((n, v) for n, v in fields if not _is_of_the_call(n.lower().replace(b"_", b"-")))
    return (*kept, (b"Accept-Encoding", b"identity"))


def _general(call: HttpCall) -> tuple[Read, ...]:
    # With its query, which is part of what a URL names (RFC 3986 section 3.4).
    return (Read(subject=Subject.RESOURCE, place=Place.of(call)),) if call.method in _REPLACED else ()


def _named(call: HttpCall, snapshot: Snapshot, target: str | None) -> Read:
    here, counted = Place.of(call), snapshot.fields
    if target is None:
        obstacle = "its path cannot be made of this call"
        return Read(subject=Subject.SNAPSHOT, place=here, counted=counted, obstacle=obstacle)
    return Read(subject=Subject.SNAPSHOT, place=replace(here, target=target), counted=counted)


def _is_of_the_call(name: bytes) -> bool:
    return name in _OF_THE_CALL or name.startswith(_KINDS_OF_THE_CALL)
