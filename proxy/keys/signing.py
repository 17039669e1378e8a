"""Decisions signed by a console and verified by whoever runs them: writing to the store approves nothing."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rules.approval import Needed, shortfall
from rules.decision import SIGNATURE, Decision, objection, stated, vote_objection
from rules.granting.grant import CallGrant
from rules.granting.grant import stated as stated_grant
from rules.hold import Hold


def _now() -> datetime:
    return datetime.now(UTC)


def verify(key: bytes, said: bytes, signature: bytes) -> bool:
    """Whether `key` has signed `said`."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, said)
    except (InvalidSignature, ValueError):
        return False
    return True


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
        return self._signed(decision.statement(), "decision")

    def signed_grant(self, grant: CallGrant) -> bytes:
        """`grant` in the same way; no decision can be taken for one."""
        return self._signed(grant.statement(), "grant")

    def _signed(self, statement: bytes, what: str) -> bytes:
        hand = Ed25519PrivateKey.from_private_bytes(self.key)
        return hand.sign(_covered(statement, self.domain, what)).hex().encode() + statement


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
        return stated(self._said(stored, "decision"))

    def read_grant(self, stored: str) -> CallGrant:
        """The grant in what the store keeps of it. Raises ValueError unless a known console signed it."""
        return stated_grant(self._said(stored, "grant"))

    def _said(self, stored: str, what: str) -> Any:
        statement = stored[SIGNATURE:].encode()
        if not self._signed(stored[:SIGNATURE], _covered(statement, self.domain, what)):
            about = "approval" if what == "decision" else what
            raise ValueError(f"no console whose key is known here has signed the {about}")
        return json.loads(statement)

    def _signed(self, signature: str, covered: bytes) -> bool:
        try:
            raw = bytes.fromhex(signature)
        except ValueError:
            return False
        # One spelling of it only, or a byte could be changed without anybody noticing.
        return raw.hex() == signature and any(verify(key, covered, raw) for key in self.consoles)


def _covered(statement: bytes, domain: str, what: str) -> bytes:
    return f"sidegate {what}\n{domain}\n".encode() + statement
