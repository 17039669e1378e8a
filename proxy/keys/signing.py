"""Decisions signed by a console and verified by whoever runs them: writing to the store approves nothing."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rules.approval import Needed, shortfall
from rules.decision import SIGNATURE, Decision, objection, stated, vote_objection
from rules.hold import Hold


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A console's hand, with its 32-byte Ed25519 `key`."""

    key: bytes = field(repr=False)
    domain: str

    @property
    def public(self) -> bytes:
        """The 32 bytes by which others know this console."""
        return Ed25519PrivateKey.from_private_bytes(self.key).public_key().public_bytes_raw()

    def fields(self, decision: Decision) -> dict[str, bytes]:
        """What a hold keeps of `decision`: readable, and signed."""
        return {
            "decided_by": decision.who.encode(),
            "decision_reason": decision.reason.encode(),
            "decision": self.signed(decision),
        }

    def signed(self, decision: Decision) -> bytes:
        """`decision` as one statement after its signature."""
        statement = decision.statement()
        hand = Ed25519PrivateKey.from_private_bytes(self.key)
        return hand.sign(_covered(statement, self.domain)).hex().encode() + statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Knows the hands of the consoles whose decisions count here."""

    consoles: Collection[bytes] = field(kw_only=False)
    """Their public keys."""
    domain: str
    now: Callable[[], datetime] = _now

    def fault(self, hold: Hold, needed: Needed) -> str | None:
        """Why the claimed `hold` may not run, as far as its approvals go, or None."""
        now = self.now()
        try:
            decision, votes = self.read(hold.decision), [self.read(vote) for vote in hold.votes]
        except ValueError as error:
            return str(error)
        wrong = (vote_objection(vote, hold, decision=decision, now=now) for vote in votes)
        objected = objection(decision, hold, now=now) or next(filter(None, wrong), None)
        return objected or shortfall([*votes, decision], needed)

    def answered_for(self, hold: Hold) -> tuple[str, ...]:
        """The attempts that the person knew of who decided; none if no known console signed it."""
        try:
            return self.read(hold.decision).sends
        except ValueError:
            return ()

    def read(self, stored: str) -> Decision:
        """The decision in what a hold keeps of it. Raises ValueError unless a known console signed it."""
        signature, statement = stored[:SIGNATURE], stored[SIGNATURE:].encode()
        if not self._signed(signature, statement):
            raise ValueError("no console whose key is known here has signed the approval")
        return stated(json.loads(statement))

    def _signed(self, signature: str, statement: bytes) -> bool:
        try:
            raw = bytes.fromhex(signature)
        except ValueError:
            return False
        # One spelling of it only, or a byte could be changed without anybody noticing.
        return raw.hex() == signature and any(self._by(key, raw, statement) for key in self.consoles)

    def _by(self, console: bytes, signature: bytes, statement: bytes) -> bool:
        try:
            public = Ed25519PublicKey.from_public_bytes(console)
            public.verify(signature, _covered(statement, self.domain))
        except (InvalidSignature, ValueError):
            return False
        return True


def _covered(statement: bytes, domain: str) -> bytes:
    return b"sidegate decision\n" + domain.encode() + b"\n" + statement
