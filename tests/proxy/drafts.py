"""Holds in every state, clocks that run long or have run out already, and a look at all that is stored."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from ulid import ULID

from proxy.store.record import Draft
from proxy.store.store import Refused, Store
from proxy.store.timing import Clocks
from rules.hold import Event, Hold, State
from rules.verdict import ReasonId, Tier

HOUR = timedelta(hours=1)
NOTHING = timedelta(0)


def clocks(
    *, window: timedelta = HOUR, validity: timedelta = HOUR, lease: timedelta = HOUR, **further: Any
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
        agent=secrets.token_hex(8),
        digest=secrets.token_hex(32),
        fingerprint=secrets.token_hex(32),
        idempotency_key=secrets.token_hex(16),
        tier=Tier.HIGH_RISK,
        rule="pay",
        reason_id=ReasonId.RULE,
        reason="moves money",
        policy="f" * 64,
        credential="bank 1",
        sealed=b"\x00\xffsealed",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names and types are the caller's


PATHS: dict[State, tuple[Event, ...]] = {
    State.PENDING: (),
    State.APPROVED: (Event.APPROVE,),
    State.CLAIMED: (Event.APPROVE, Event.CLAIM),
    State.SENDING: (Event.APPROVE, Event.CLAIM, Event.SEND),
    State.EXECUTED: (Event.APPROVE, Event.CLAIM, Event.SEND, Event.ANSWER),
    State.EXECUTION_ERROR: (Event.APPROVE, Event.CLAIM, Event.SEND, Event.ERROR),
    State.OUTCOME_UNKNOWN: (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE),
    State.NOT_EXECUTED: (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE, Event.REFUTE),
    State.REJECTED: (Event.REJECT,),
    State.EXPIRED: (Event.EXPIRE,),
    State.DRIFT_REFUSED: (Event.APPROVE, Event.CLAIM, Event.DRIFT),
    State.CANCELLED: (Event.CANCEL,),
    State.KILLED: (Event.KILL,),
    State.SUPERSEDED: (Event.SUPERSEDE,),
    State.DRILLED: (Event.DRILL,),
}


_TIMES = {Event.SEND: {"resend_by": 3_600_000}}


async def brought(store: Store, state: State, **changes: object) -> Hold:
    """A new hold in `state`."""
    hold, _ = await store.open(draft(**changes))
    for event in PATHS[state]:
        # As if the upstream had promised to know its key.
        times = _TIMES.get(event, {})
        hold = await store.step(hold, event, times=times)
    assert hold.state is state
    return hold


async def content(redis: Redis, *, domain: str) -> dict[str, bytes | None]:
    """Everything that a domain has in the store, without when it expires."""
    names = [text(key) for key in await redis.keys(f"{{sidegate:{domain}}}:*")]
    return {name: await redis.dump(name) for name in names}


def text(value: object) -> str:
    """What a client that decodes nothing returned, as text."""
    assert isinstance(value, bytes)
    return value.decode()


async def refusal(store: Store, hold: Hold, event: Event, **change: Any) -> Refused:
    """How the store refuses a step that has to be refused."""
    with pytest.raises(Refused) as caught:
        await store.step(hold, event, **change)
    return caught.value
