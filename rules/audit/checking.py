"""Checks chains of audit records: that each is as it was written, that none is missing, and who signed them.

Given are lines in their order, of any number of chains; asked is at the end. What is found names its record.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from rules.audit.record import FIRST, Kind, Record, canonical, read

CHECKPOINT = b"sidegate audit checkpoint\n"
"""What stands before a checkpoint's record when it is signed."""
MOST_UNSIGNED = 5_000
"""Records after the last checkpoint that a living chain may have."""

_MOST_MISSING = 1_000_000
_HASH_BYTES = 32
_ABSENT = bytes(_HASH_BYTES)

type Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether an Ed25519 key, given first, has signed a statement with a signature."""


class Flaw(StrEnum):
    """What can be wrong with a chain."""

    UNREADABLE = "unreadable"
    """A line is no record."""
    CHANGED = "changed"
    """A record is not the one that the next one was written after."""
    MISSING = "missing"
    """A record is not there."""
    MOVED = "moved"
    """A record stands in another place than its own."""
    DOUBLE = "double"
    """Two different records have the same number: one was put in, or the chain was forked."""
    FORGED = "forged"
    """A checkpoint is not signed, or not over what stands before it."""
    STRANGER = "stranger"
    """A checkpoint is signed by a key that is not known."""
    UNSIGNED = "unsigned"
    """More records than a living chain has are signed by nobody."""
    CUT = "cut"
    """The chain ends before a record that it is known to have had."""
    BEHEADED = "beheaded"
    """The chain does not begin at its beginning, and no record says that older ones were deleted."""
    EPOCH = "epoch"
    """A record names another start of its process than the one before, and is no start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One flaw, and the record that has it. `seq` is 0 where that cannot be told."""

    flaw: Flaw
    chain: str
    seq: int
    where: str
    why: str

    def __str__(self) -> str:
        named = f"record {self.seq} of `{self.chain}`" if self.seq else f"chain `{self.chain}`"
        return f"{self.where}: {named}: {self.flaw}: {self.why}"


@dataclass(frozen=True, slots=True)
class Head:
    """A record that a chain is known to have had: by its number and its hash."""

    chain: str
    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.chain}:{self.seq}:{self.hash}"


@dataclass(slots=True, kw_only=True)
class Chain:
    """What is known of one chain so far."""

    name: str
    first: int
    epoch: int
    start_prev: str
    signed: int = 0
    """The last record that a checkpoint covers, itself included."""
    stopped: bool = False
    """Whether its process ended in order."""
    count: int = 0
    where: str = ""
    pruned: set[tuple[int, str]] = field(default_factory=set)
    missing: dict[int, str] = field(default_factory=dict)
    _digests: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def last(self) -> int:
        """The number of the last record."""
        return self.first + len(self._digests) // _HASH_BYTES - 1

    @property
    def head(self) -> Head:
        """The last record."""
        return Head(self.name, self.last, self.at(self.last).hex())

    def at(self, seq: int) -> bytes:
        """The hash of a record; zeros for one that is not there."""
        offset = (seq - self.first) * _HASH_BYTES
        return bytes(self._digests[offset : offset + _HASH_BYTES]) if offset >= 0 else b""

    def put(self, seq: int, digest: bytes) -> None:
        """Keep the hash of a record that is the next one, or of one that was missing."""
        offset = (seq - self.first) * _HASH_BYTES
        self._digests[offset : offset + _HASH_BYTES] = digest


class Checker:
    """Takes in lines. `keys`: whose checkpoints count, in hexadecimal digits; None: anybody's.

    `partial`: a chain may begin anywhere, as one does that was exported from a moment on.
    """

    def __init__(self, verify: Verify, *, keys: Collection[str] | None, partial: bool = False) -> None:
        self._verify = verify
        self._keys = keys
        self._partial = partial
        self.chains = dict[str, Chain]()
        self.findings = list[Finding]()

    def feed(self, text: bytes, *, where: str) -> None:
        """Take in one line, without its line break; `where` names it for people."""
        try:
            record = read(text)
        except ValueError as error:
            self._find(Flaw.UNREADABLE, "?", 0, where, str(error))
            return
        digest = hashlib.sha256(text).digest()
        chain = self.chains.get(record.chain)
        if chain is None:
            chain = self.chains[record.chain] = Chain(
                name=record.chain, first=record.seq, epoch=record.epoch, start_prev=record.prev
            )
        elif record.seq <= chain.last:
            self._late(chain, record, digest, where)
            return
        elif not self._follows(chain, record, where):
            return
        chain.put(record.seq, digest)
        chain.count += 1
        chain.where = where
        self._look(chain, record, where)

    def end(self, heads: Collection[Head] = ()) -> list[Finding]:
        """All that is wrong, with what can only be told now."""
        for chain in self.chains.values():
            for seq, where in chain.missing.items():
                self._find(Flaw.MISSING, chain.name, seq, where, "it is not there")
            self.findings += _of_ends(chain, partial=self._partial)
        self.findings += _of_heads(self.chains, heads)
        return self.findings

    def _late(self, chain: Chain, record: Record, digest: bytes, where: str) -> None:
        """A record whose number has passed: the same one again, its own place, or another one."""
        known = chain.at(record.seq)
        if known == digest:
            return  # files may overlap
        if known == _ABSENT and record.seq in chain.missing:
            del chain.missing[record.seq]
            chain.put(record.seq, digest)
            why = f"it stands after record {chain.last}"
            self._find(Flaw.MOVED, chain.name, record.seq, where, why)
            return
        why = f"it differs from the one before at {chain.where}, or from one in another file"
        self._find(Flaw.DOUBLE, chain.name, record.seq, where, why)

    def _follows(self, chain: Chain, record: Record, where: str) -> bool:
        """Whether a record may be the next one, after what is wrong with that was noted."""
        gap = record.seq - chain.last - 1
        if gap > _MOST_MISSING:
            why = f"its number is {gap} beyond the last one's"
            self._find(Flaw.MOVED, chain.name, record.seq, where, why)
            return False
        for seq in range(chain.last + 1, record.seq):
            chain.missing[seq] = where
            chain.put(seq, _ABSENT)
        if not gap and record.prev != chain.at(chain.last).hex():
            why = f"record {record.seq} was written after another one than this"
            self._find(Flaw.CHANGED, chain.name, chain.last, chain.where, why)
        begins = record.kind == Kind.STARTED and record.epoch > chain.epoch
        if record.epoch != chain.epoch and not begins:
            why = f"it names start {record.epoch} after start {chain.epoch}"
            self._find(Flaw.EPOCH, chain.name, record.seq, where, why)
        chain.epoch = record.epoch
        return True

    def _look(self, chain: Chain, record: Record, where: str) -> None:
        match record.kind:
            case Kind.CHECKPOINT:
                self._check_signed(chain, record, where)
            case Kind.STARTED | Kind.STOPPED:
                chain.stopped = record.kind == Kind.STOPPED
            case Kind.PRUNED:
                through, hash_ = record.facts.get("through"), record.facts.get("hash")
                if isinstance(through, int) and isinstance(hash_, str):
                    chain.pruned.add((through, hash_))
            case _:
                chain.stopped = False

    def _check_signed(self, chain: Chain, record: Record, where: str) -> None:
        key, signature = record.facts.get("key"), record.facts.get("signature")
        if self._keys is not None and key not in self._keys:
            self._find(Flaw.STRANGER, chain.name, record.seq, where, f"no known key is `{key}`")
        elif not _signed(record, key, signature, verify=self._verify):
            why = f"the signature is not over it and records {chain.signed + 1} to {record.seq - 1}"
            self._find(Flaw.FORGED, chain.name, record.seq, where, why)
        else:
            chain.signed = record.seq

    def _find(self, flaw: Flaw, chain: str, seq: int, where: str, why: str) -> None:
        self.findings.append(Finding(flaw=flaw, chain=chain, seq=seq, where=where, why=why))


def statement(record: Record) -> bytes:
    """What the signature of a checkpoint is over: its record but for the signature."""
    facts = {name: value for name, value in record.facts.items() if name != "signature"}
    members = {"at": record.at, "chain": record.chain, "epoch": record.epoch, "facts": facts}
    members |= {"kind": record.kind, "prev": record.prev, "seq": record.seq, "v": 1}
    return CHECKPOINT + canonical(members)


def _signed(record: Record, key: object, signature: object, *, verify: Verify) -> bool:
    if not isinstance(key, str) or not isinstance(signature, str):
        return False
    try:
        return verify(bytes.fromhex(key), statement(record), bytes.fromhex(signature))
    except ValueError:
        return False


def _of_ends(chain: Chain, *, partial: bool) -> Iterator[Finding]:
    """What is wrong with where a chain begins, and with how much of it is signed."""

    def found(flaw: Flaw, seq: int, why: str) -> Finding:
        return Finding(flaw=flaw, chain=chain.name, seq=seq, where=chain.where, why=why)

    unsigned = chain.last - max(chain.signed, chain.first - 1)
    if not chain.signed and not partial:
        yield found(Flaw.UNSIGNED, chain.last, "no checkpoint covers any record of it")
    elif unsigned > MOST_UNSIGNED:
        yield found(Flaw.UNSIGNED, chain.last, f"the last {unsigned} records are covered by no checkpoint")
    if chain.first == 1 and chain.start_prev != FIRST:
        yield found(Flaw.BEHEADED, 1, "the first record names one before it")
    if chain.first > 1 and not partial and (chain.first - 1, chain.start_prev) not in chain.pruned:
        why = "it is the first one there is, and no record says that older ones were deleted"
        yield found(Flaw.BEHEADED, chain.first, why)


def _of_heads(chains: dict[str, Chain], heads: Collection[Head]) -> Iterator[Finding]:
    for head in heads:
        chain = chains.get(head.chain)
        if chain is None or head.seq > chain.last:
            last = 0 if chain is None else chain.last
            why = f"the chain ends at record {last}, and is known to have had this one"
            yield Finding(flaw=Flaw.CUT, chain=head.chain, seq=head.seq, where="head", why=why)
        elif head.seq >= chain.first and chain.at(head.seq).hex() != head.hash:
            why = "it is not the one that the chain is known to have had"
            yield Finding(flaw=Flaw.CHANGED, chain=head.chain, seq=head.seq, where="head", why=why)
