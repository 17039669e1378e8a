"""Holds to be made, and clocks that run long or have run out already."""

import secrets
from dataclasses import replace
from datetime import timedelta

from redis.asyncio import Redis
from ulid import ULID

from proxy.store import Clocks, Draft, Store
from rules.verdict import ReasonId, Tier

HOUR = timedelta(hours=1)
NOTHING = timedelta(0)


def clocks(
    *, window: timedelta = HOUR, validity: timedelta = HOUR, lease: timedelta = HOUR, **further: timedelta
) -> Clocks:
    """Clocks of which each runs an hour unless it is given."""
    validities = dict.fromkeys((Tier.EXTERNAL, Tier.HIGH_RISK), validity)
    return Clocks(decision_window=window, approval_validity=validities, lease=lease, **further)


PATIENT = clocks()
LAPSED = clocks(window=NOTHING, validity=NOTHING, lease=NOTHING)
"""Every deadline that a step sets has passed when the next step is tried."""


def stores(redis: Redis, *, domain: str | None = None) -> tuple[Store, Store]:
    """Two views of one approval domain: one is patient, and what the other one does is overdue."""
    domain = domain or secrets.token_hex(8)
    patient, lapsed = (Store(redis, domain=domain, clocks=each) for each in (PATIENT, LAPSED))
    return patient, lapsed


def draft(**changes: object) -> Draft:
    """A draft that no other hold is joined by, unless `changes` say so."""
    made = Draft(
        hold_id=str(ULID()),
        digest=secrets.token_hex(32),
        fingerprint=secrets.token_hex(32),
        idempotency_key=secrets.token_hex(16),
        tier=Tier.HIGH_RISK,
        rule="pay",
        reason_id=ReasonId.RULE,
        reason="moves money",
        policy="f" * 64,
        sealed=b"\x00\xffsealed",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names and types are the caller's
