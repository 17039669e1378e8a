"""Holds for tests, in any state."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rules.hold import Hold, State
from rules.verdict import ReasonId, Tier

NOW = datetime(2026, 11, 23, tzinfo=UTC)
_HOLD = Hold(
    hold_id="01JDAAAAAAAAAAAAAAAAAAAAAA",
    state=State.PENDING,
    fence=0,
    digest="d" * 64,
    fingerprint="f" * 64,
    idempotency_key="i" * 32,
    tier=Tier.HIGH_RISK,
    rule="pay",
    reason_id=ReasonId.RULE,
    reason="moves money",
    policy="p" * 64,
    created_at=NOW,
    decide_by=NOW,
)


def a_hold(**changes: Any) -> Hold:
    """A hold with these `changes`."""
    return replace(_HOLD, **changes)
