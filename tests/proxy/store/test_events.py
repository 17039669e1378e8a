"""Tests of the log of changes: whole, in order, bounded, and honest about what it has lost."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis
from ulid import ULID

from proxy.store import store as module
from proxy.store.events import START, Events, is_mark
from rules.hold import Event, State
from tests.proxy.drafts import draft, stores


async def test_every_change_is_logged_in_order(redis: Redis) -> None:
    """A new hold, one attempt more, each step; a renewed lease is no change."""
    store, _ = stores(redis)
    made = draft()
    hold, _ = await store.open(made)
    await store.open(replace(made, hold_id=str(ULID())))
    for event in (Event.APPROVE, Event.CLAIM):
        hold = await store.step(hold, event)
    await store.renew(hold)
    await store.step(hold, Event.RELEASE)
    changes = await Events(store).after(START)
    assert [(c.hold_id, c.was, c.state, c.attempts) for c in changes.found] == [
        (hold.hold_id, None, State.PENDING, 1),
        (hold.hold_id, State.PENDING, State.PENDING, 2),
        (hold.hold_id, State.PENDING, State.APPROVED, 2),
        (hold.hold_id, State.APPROVED, State.CLAIMED, 2),
        (hold.hold_id, State.CLAIMED, State.APPROVED, 2),
    ]
    assert not changes.lost


async def test_a_reader_goes_on_where_it_was(redis: Redis) -> None:
    """What was read is not read again, and what came meanwhile is."""
    store, _ = stores(redis)
    events = Events(store)
    assert await events.newest() == START
    await store.open(draft())
    mark = await events.newest()
    assert is_mark(mark)
    assert (await events.after(mark)).found == []
    hold, _ = await store.open(draft())
    later = await events.after(mark)
    assert [change.hold_id for change in later.found] == [hold.hold_id]
    assert later.found[-1].mark == await events.newest()


async def test_some_at_once(redis: Redis) -> None:
    """A reader that is far behind reads in steps."""
    store, _ = stores(redis)
    ids = [(await store.open(draft()))[0].hold_id for _ in range(3)]
    events = Events(store)
    first = await events.after(START, most=2)
    rest = await events.after(first.found[-1].mark, most=2)
    assert [c.hold_id for c in (*first.found, *rest.found)] == ids


async def test_what_may_be_lost_is_said(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that the log has no more may have had others after it."""
    monkeypatch.setattr(module, "LOGGED", 1)
    store, _ = stores(redis)
    events = Events(store)
    await store.open(draft())
    mark = await events.newest()
    for _ in range(300):
        await store.open(draft())
    assert (await events.after(mark)).lost
    assert (await events.after("1-1")).lost


async def test_what_cannot_be_read_says_nothing(redis: Redis) -> None:
    """An entry of another version is passed over."""
    store, _ = stores(redis, domain="odd")
    key = "{sidegate:odd}:events"
    await redis.xadd(key, {"x": "y"})
    await redis.xadd(key, {"hold": "h", "state": "new", "was": "", "attempts": "1"})
    hold, _ = await store.open(draft())
    found = (await Events(store).after(START)).found
    assert [change.hold_id for change in found] == [hold.hold_id]


@pytest.mark.parametrize("value", ["", "1", "1-", "-1", "$", "1-1\n", "1-1 2", "(1-1", "9" * 19 + "-1"])
def test_what_is_no_mark(value: str) -> None:
    """Nothing but two numbers reaches the store."""
    assert not is_mark(value)
