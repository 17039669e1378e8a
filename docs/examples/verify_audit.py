"""Checks audit records without Sidegate: python verify_audit.py PUBLIC_KEY FILE... (see docs/audit.md)."""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Chain:
    """One chain, record by record: yields what is wrong with each."""

    def __init__(self, before: int, prev: str) -> None:
        self.start = self.last = (before, prev)
        self.hashes: dict[int, str] = {}
        self.pruned: set[tuple[int, str]] = set()
        self.signed = False

    def add(self, record: dict[str, Any], own: str, key: str) -> Iterator[str]:
        """Take in the next record, whose line has the hash `own`."""
        seq, facts = record["seq"], record["facts"]
        if self.hashes.setdefault(seq, own) != own:
            yield f"record {seq}: there are two different ones"
        elif seq <= self.last[0]:
            yield f"record {seq}: stands in another place than its own"
        else:
            for missing in range(self.last[0] + 1, min(seq, self.last[0] + 1000)):
                yield f"record {missing}: is missing, or stands elsewhere"
            if seq == self.last[0] + 1 and record["prev"] != self.last[1]:
                yield f"record {seq - 1}: was changed"
            self.last = (seq, own)
        if record["kind"] == "pruned":
            self.pruned.add((facts["through"], facts["hash"]))
        if record["kind"] == "checkpoint":
            self.signed = True
            if not signed(record, key):
                yield f"record {seq}: is not signed by that key over what stands before it"


def signed(record: dict[str, Any], key: str) -> bool:
    """Whether `key` has signed this checkpoint: its line without the signature."""
    facts = {name: value for name, value in record["facts"].items() if name != "signature"}
    members = record | {"facts": facts}
    line = json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    try:
        public.verify(bytes.fromhex(record["facts"]["signature"]), b"sidegate audit checkpoint\n" + line)
    except (InvalidSignature, ValueError):
        return False
    return True


def problems(lines: Iterable[bytes], key: str) -> Iterator[str]:
    """What is wrong with these lines, each with the record that is."""
    chains: dict[str, Chain] = {}
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            chain = chains.setdefault(record["chain"], Chain(record["seq"] - 1, record["prev"]))
            for problem in chain.add(record, hashlib.sha256(line).hexdigest(), key):
                yield f"{record['chain']}: {problem}"
        except (ValueError, KeyError, TypeError):
            yield f"line {number} is no record"
    for name, chain in chains.items():
        if chain.start != (0, "0" * 64) and chain.start not in chain.pruned:
            yield f"{name}: record {chain.start[0] + 1}: older ones are missing"
        if not chain.signed:
            yield f"{name}: record {chain.last[0]}: nothing is signed"


if __name__ == "__main__":
    found = list(problems((t for n in sys.argv[2:] for t in Path(n).read_bytes().splitlines()), sys.argv[1]))
    sys.stdout.write("\n".join(found or ["every record is as it was written"]) + "\n")
    sys.exit(bool(found))
