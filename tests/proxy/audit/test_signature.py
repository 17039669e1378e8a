"""Whose signatures count."""

import pytest

from proxy.audit.signature import checkpoint, sign
from proxy.keys.signing import verify
from rules.audit.checking import statement
from rules.audit.record import Entry, Kind, Place, read
from tests.rules.audit.chains import BEGAN, SIGNER, STRANGER


def test_a_checkpoint_is_signed_by_its_key() -> None:
    """Over its record but for the signature."""
    text = checkpoint(SIGNER, Entry(kind=Kind.CHECKPOINT, at=BEGAN, facts={}), Place(chain="c"))
    record = read(text)
    assert record.facts["key"] == SIGNER.public.hex()
    assert verify(SIGNER.public, statement(record), bytes.fromhex(record.facts["signature"]))
    assert not verify(STRANGER.public, statement(record), bytes.fromhex(record.facts["signature"]))


@pytest.mark.parametrize("key", [b"", b"x", b"\xff" * 32, STRANGER.public])
def test_odd_keys_verify_nothing(key: bytes) -> None:
    """And raise nothing."""
    assert not verify(key, b"said", bytes.fromhex(sign(SIGNER, b"said")))
    assert not verify(SIGNER.public, b"said", b"short")
