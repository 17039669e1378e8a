"""Chains of audit records, as they are written and as somebody has changed them."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proxy.audit.signature import checkpoint
from proxy.keys.signing import Signer
from rules.audit.checking import Flaw
from rules.audit.record import Entry, Kind, Place, canonical, line

SIGNER = Signer(key=b"a" * 32, domain="tests")
STRANGER = Signer(key=b"b" * 32, domain="tests")
KEY = SIGNER.public.hex()
BEGAN = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)

type Lines = list[bytes]


def chain(count: int = 20, *, name: str = "serve-1", every: int = 5, signer: Signer = SIGNER) -> Lines:
    """So many records, the first a start, every so manieth a checkpoint, the last one too."""
    place, lines = Place(chain=name), list[bytes]()
    for n in range(1, count + 1):
        kind = Kind.STARTED if n == 1 else Kind.VERDICT
        entry = Entry(kind=kind, at=BEGAN + timedelta(seconds=n), facts={"tier": 2, "number": n})
        signed = n % every == 0 or n == count
        lines.append(checkpoint(signer, entry, place) if signed else line(entry, place))
        place = place.after(lines[-1])
    return lines


def edited(lines: Lines, at: int, **facts: object) -> bytes:
    """The record at that index with other facts, written as records are."""
    record = json.loads(lines[at])
    record["facts"] |= facts
    return canonical(record)


def rehashed(lines: Lines, since: int) -> Lines:
    """All records from that index on with the hashes of what stands before them: nothing signs them."""
    made = lines[:since]
    for text in lines[since:]:
        record = json.loads(text)
        record["seq"] = len(made) + 1
        if made:
            record["prev"] = Place(chain="").after(made[-1]).prev
        made.append(canonical(record))
    return made


def _edit(lines: Lines) -> Lines:
    return [*lines[:7], edited(lines, 7, tier=1), *lines[8:]]


def _edit_and_rehash(lines: Lines) -> Lines:
    return rehashed(_edit(lines), 8)


def _flip(lines: Lines) -> Lines:
    return [*lines[:7], lines[7].replace(b'"tier":2', b'"tier": 2'), *lines[8:]]


def _swap(lines: Lines) -> Lines:
    return [*lines[:7], lines[8], lines[7], *lines[9:]]


def _insert(lines: Lines) -> Lines:
    return [*lines[:7], edited(lines, 7, tier=1), *lines[7:]]


def _insert_and_rehash(lines: Lines) -> Lines:
    return rehashed([*lines[:7], edited(lines, 7, tier=1), *lines[7:]], 8)


def _fork(lines: Lines) -> Lines:
    return [*lines[:12], *rehashed([*lines[:11], edited(lines, 11, tier=1)], 11)[11:], *lines[12:]]


def _unsign(lines: Lines) -> Lines:
    return rehashed([text for text in lines if b'"checkpoint"' not in text], 0)


def _take_over(lines: Lines) -> Lines:
    return chain(len(lines), signer=STRANGER)


# What was done to a chain of twenty records; the flaw that tells, and the record that it names.
TAMPERED: dict[str, tuple[Callable[[Lines], Lines], Flaw, int]] = {
    "edited": (_edit, Flaw.CHANGED, 8),
    "edited, and all hashes made anew": (_edit_and_rehash, Flaw.FORGED, 10),
    "edited in its spelling alone": (_flip, Flaw.UNREADABLE, 0),
    "deleted": (lambda lines: [*lines[:7], *lines[8:]], Flaw.MISSING, 8),
    "two deleted": (lambda lines: [*lines[:7], *lines[9:]], Flaw.MISSING, 9),
    "deleted, and all made anew": (lambda lines: rehashed([*lines[:7], *lines[8:]], 7), Flaw.FORGED, 9),
    "reordered": (_swap, Flaw.MOVED, 8),
    "inserted": (_insert, Flaw.DOUBLE, 8),
    "inserted, and all made anew": (_insert_and_rehash, Flaw.FORGED, 11),
    "forked": (_fork, Flaw.DOUBLE, 12),
    "its beginning cut off": (lambda lines: lines[3:], Flaw.BEHEADED, 4),
    "its checkpoints taken out": (_unsign, Flaw.UNSIGNED, 16),
    "signed by somebody else": (_take_over, Flaw.STRANGER, 5),
    "garbage in it": (lambda lines: [*lines[:7], b"\0\0", *lines[7:]], Flaw.UNREADABLE, 0),
}


def public(signer: Signer = SIGNER) -> bytes:
    """The public key, as an auditor has it."""
    return Ed25519PrivateKey.from_private_bytes(signer.key).public_key().public_bytes_raw()


def text_of(lines: Sequence[bytes]) -> bytes:
    """As a file."""
    return b"".join(each + b"\n" for each in lines)
