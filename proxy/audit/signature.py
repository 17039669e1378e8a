"""By whom audit chains and receipts are signed: the console's key, over what no decision can be taken for."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proxy.keys.signing import Signer
from rules.audit.checking import statement
from rules.audit.record import Entry, Kind, Place, line, read


def sign(signer: Signer, said: bytes) -> str:
    """The signature over `said`, in hexadecimal digits."""
    return Ed25519PrivateKey.from_private_bytes(signer.key).sign(said).hex()


def checkpoint(signer: Signer, entry: Entry, place: Place) -> bytes:
    """The signed checkpoint at `place`; `entry` says when."""
    facts = {**entry.facts, "key": signer.public.hex()}
    unsigned = Entry(kind=Kind.CHECKPOINT, at=entry.at, facts=facts)
    said = statement(read(line(unsigned, place)))
    signed = Entry(kind=Kind.CHECKPOINT, at=entry.at, facts={**facts, "signature": sign(signer, said)})
    return line(signed, place)
