"""The contents of an ended hold are destroyed when their time is over; what is known of it stays."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from proxy.keys.seal import Shredded
from proxy.store.deadlines import Deadlines
from proxy.store.record import CONTENTS
from proxy.store.store import Store
from rules.hold import Event, Hold, State
from rules.reply import Reply
from tests.proxy.console.world import World
from tests.proxy.drafts import clocks, text

REPLY = Reply(status=201, phrase="Created", fields=(), body=b"ok")


@pytest.fixture
async def world(redis_url: str) -> AsyncIterator[World]:
    """Give a domain in which the contents of ended holds are due at once."""
    made = World.build(redis_url)
    store = Store(made.redis, domain=made.domain, clocks=clocks(contents=timedelta(0)))
    yield replace(made, store=store)
    await made.redis.aclose()


async def fields(world: World, hold: Hold) -> set[str]:
    found = await world.redis.hkeys(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}")
    return {text(name) for name in found}


async def test_ended_holds_lose_their_contents(world: World) -> None:
    """Key, action and answer go; who decided and how it ended stay, and so does its time of keeping."""
    hold = await world.settled(REPLY)
    key = f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}"
    assert {"key", "sealed", "answer"} <= await fields(world, hold)
    left = await world.redis.pttl(key)
    deadlines = Deadlines(store=world.store, metrics=world.metrics)
    await deadlines.sweep()
    assert deadlines.shredded.is_set()
    assert not await fields(world, hold) & set(CONTENTS)
    assert 0 < await world.redis.pttl(key) <= left
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert (found.state, found.decided_by, found.shredded) == (State.EXECUTED, "ada", True)
    assert await world.store.overdue() == []
    with pytest.raises(Shredded):
        await world.reviewing().action(found)


async def test_it_is_no_alarm(world: World) -> None:
    """Reviewers see that its time was over, in the list and by itself."""
    hold = await world.settled(REPLY)
    await Deadlines(store=world.store, metrics=world.metrics).sweep()
    async with world.client() as api:
        [line] = (await api.get("/api/holds")).json()["holds"]
        shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    assert line["integrity"] == shown["integrity"] == "shredded"
    assert "time of keeping was over" in shown["integrity_reason"]
    assert world.metrics.registry.get_sample_value("sidegate_integrity_failures_total") == 0


async def test_open_holds_keep_theirs(world: World) -> None:
    """Whatever is written into the store, only what has ended says that it was shredded."""
    pending, approved = await world.hold(), await world.approve(await world.hold())
    await Deadlines(store=world.store, metrics=world.metrics).sweep()
    for hold in (pending, approved):
        assert {"key", "sealed"} <= await fields(world, hold)
    await world.spoil(pending, "shredded", b"1")
    await world.redis.hdel(f"{{sidegate:{world.domain}}}:hold:{pending.hold_id}", "sealed")
    async with world.client() as api:
        shown = (await api.get(f"/api/holds/{pending.hold_id}")).json()["hold"]
    assert shown["integrity"] == "failed"


async def test_what_is_decided_anew_keeps_its_contents(redis_url: str) -> None:
    """An unknown outcome that a person has sent again is open, and nothing of it is due."""
    world = World.build(redis_url)
    hold = await world.approve(await world.hold())
    for event in (Event.CLAIM, Event.SEND, Event.LOSE, Event.RETRY):
        hold = await world.store.step(hold, event)
    await Deadlines(store=world.store, metrics=world.metrics).sweep()
    assert {"key", "sealed"} <= await fields(world, hold)
    assert not await world.store.shred(hold)
    await world.redis.aclose()
