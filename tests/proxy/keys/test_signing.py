"""Signed decisions: only a known console's hand counts, in one spelling."""

import secrets
from dataclasses import replace

import pytest

from proxy.keys.signing import Signer, Verifier
from rules.approval import Needed
from rules.handling import Quorum
from tests.rules.test_decision import DECISION, HOLD, NOW

KEY = bytes(range(32))
SIGNER = Signer(key=KEY, domain="books")
VERIFIER = Verifier(consoles=(SIGNER.public,), domain="books", now=lambda: NOW)
ANYBODY = Needed(quorum=Quorum())
STORED = SIGNER.fields(DECISION)["decision"].decode()


def test_what_was_signed_counts() -> None:
    """It is read back whole, and the hold with it may run."""
    assert VERIFIER.read(STORED) == DECISION
    assert VERIFIER.fault(replace(HOLD, decision=STORED), ANYBODY) is None


def test_the_fields_of_a_hold_say_the_same() -> None:
    """Who and why stand in clear as well, for people."""
    fields = SIGNER.fields(DECISION)
    assert fields["decided_by"].decode() == DECISION.who
    assert fields["decision_reason"].decode() == DECISION.reason


def test_any_changed_byte() -> None:
    """One bit anywhere, in the signature or in the statement."""
    for at in range(len(STORED)):
        changed = STORED[:at] + chr(ord(STORED[at]) ^ 1) + STORED[at + 1 :]
        with pytest.raises(ValueError, match="no console"):
            VERIFIER.read(changed)


@pytest.mark.parametrize(
    "stored",
    ["", "0" * 128, STORED[:128], STORED[128:], STORED[:-1], STORED + " ", STORED.upper(), " " + STORED, "ü"],
    ids=lambda text: f"{len(text)} {text[:4]}",
)
def test_what_is_not_signed(stored: str) -> None:
    """Nothing, half of it, or the same in another spelling."""
    with pytest.raises(ValueError, match="no console whose key is known here"):
        VERIFIER.read(stored)
    assert VERIFIER.fault(replace(HOLD, decision=stored), ANYBODY) is not None


def test_who_counts() -> None:
    """One of several known consoles; no unknown one; none at all where none is known."""
    other = Signer(key=secrets.token_bytes(32), domain="books").public
    assert replace(VERIFIER, consoles=(other, SIGNER.public)).read(STORED) == DECISION
    for known in ((), (other,), (b"",), (b"\0" * 32,)):
        with pytest.raises(ValueError, match="no console"):
            replace(VERIFIER, consoles=known).read(STORED)


def test_another_domain() -> None:
    """What a console signed in one domain means nothing in another one."""
    with pytest.raises(ValueError, match="no console"):
        replace(VERIFIER, domain="mail").read(STORED)


def test_the_key_does_not_show() -> None:
    """Neither in what is stored nor in what the signer says of itself."""
    assert KEY.hex() not in STORED
    assert str(KEY) not in repr(SIGNER)
