"""Tests of what is to be told: in order for each hold, spread once, and given up within bounds."""

from datetime import timedelta

import pytest

from proxy.channels import queue as module
from proxy.channels.queue import Delivery, Queue, read_delivery
from proxy.store.events import START, Events
from rules.hold import Event, State
from tests.proxy.console.world import World

NOW = timedelta(0)
LONG = timedelta(hours=1)


async def begun(world: World, who: str = "one") -> Queue:
    """A queue whose owner leads and has begun."""
    queue = Queue(world.store, who=who)
    assert await queue.lead(LONG)
    assert await queue.begin(START, since=await queue.cursor())
    return queue


async def spread(world: World, queue: Queue, *channels: str) -> None:
    """Put everything that has changed into the lanes of these channels."""
    since = await queue.cursor()
    for change in (await Events(world.store).after(since)).found:
        assert await queue.spread(change, channels, since=since)
        since = change.mark


async def test_one_leads(world: World) -> None:
    """Until its time is over; who does not lead spreads nothing."""
    one, two = Queue(world.store, who="one"), Queue(world.store, who="two")
    assert await one.lead(timedelta(milliseconds=50))
    assert not await two.lead(LONG)
    assert await one.lead(timedelta(milliseconds=1))
    while not await two.lead(LONG):
        pass
    assert not await one.begin(START, since="")
    assert await two.begin(START, since="")


async def test_a_change_is_spread_once(world: World) -> None:
    """Whoever repeats it finds that it was done."""
    queue = await begun(world)
    await world.hold()
    [change] = (await Events(world.store).after(START)).found
    assert await queue.spread(change, ["a"], since=START)
    assert not await queue.spread(change, ["a"], since=START)
    assert await queue.cursor() == change.mark


async def test_a_hold_is_told_in_order(world: World) -> None:
    """What comes after a failed try waits for it; another hold does not."""
    queue = await begun(world)
    hold, other = await world.hold(), await world.hold()
    await world.store.step(hold, Event.REJECT)
    await spread(world, queue, "a")
    assert await queue.due("a", most=8) == [hold.hold_id, other.hold_id]
    first = await queue.head("a", hold.hold_id)
    assert first
    await queue.later(first, why="it was away", after=LONG)
    assert await queue.due("a", most=8) == [other.hold_id]
    again = await queue.head("a", hold.hold_id)
    assert again
    assert (again.tries, again.why, again.delivery_id) == (1, "it was away", first.delivery_id)
    await queue.done(again)
    second = await queue.head("a", hold.hold_id)
    assert second
    assert (second.state, second.was) == (State.REJECTED, State.PENDING)
    await queue.done(second)
    await queue.done(second)
    assert await queue.head("a", hold.hold_id) is None
    assert await queue.due("a", most=8) == [other.hold_id]


async def test_who_is_late_changes_nothing(world: World) -> None:
    """A try that another process has finished meanwhile does not touch the next one."""
    queue = await begun(world)
    hold = await world.hold()
    await world.store.step(hold, Event.REJECT)
    await spread(world, queue, "a")
    first = await queue.head("a", hold.hold_id)
    assert first
    await queue.done(first)
    await queue.later(first, why="late", after=LONG)
    await queue.bury(first, why="late")
    second = await queue.head("a", hold.hold_id)
    assert second
    assert (second.state, second.tries) == (State.REJECTED, 0)
    assert await queue.dead() == []


async def test_what_is_given_up_is_listed_and_told_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of them, the newest; told anew once."""
    monkeypatch.setattr(module, "MOST_DEAD", 2)
    queue = await begun(world)
    ids = [(await world.hold()).hold_id for _ in range(3)]
    await spread(world, queue, "a")
    for hold_id in ids:
        head = await queue.head("a", hold_id)
        assert head
        await queue.bury(head, why="gone")
    dead = await queue.dead()
    assert {each.hold_id for each in dead} <= set(ids)
    assert [(each.why, each.tries) for each in dead] == [("gone", 1)] * 2
    assert await queue.again(dead[0])
    assert not await queue.again(dead[0])
    assert await queue.due("a", most=8) == [dead[0].hold_id]
    fresh = await queue.head("a", dead[0].hold_id)
    assert fresh
    assert (fresh.tries, fresh.delivery_id) == (0, dead[0].delivery_id)


async def test_what_was_written_by_nobody(world: World) -> None:
    """Does not stand in the way."""
    queue = await begun(world)
    hold = await world.hold()
    await spread(world, queue, "a")
    prefix = f"{{sidegate:{world.domain}}}:channels"
    await world.redis.lset(f"{prefix}:lane:a:{hold.hold_id}", 0, "{")
    await world.redis.zadd(f"{prefix}:dead", {b"[]": 1})
    assert await queue.head("a", hold.hold_id) is None
    assert await queue.due("a", most=8) == []
    assert await queue.dead() == []


async def test_something_is_kept_once(world: World) -> None:
    """The first value stays for its time."""
    queue = Queue(world.store, who="one")
    assert await queue.kept("link") is None
    assert await queue.keep("link", "a", lasts=LONG)
    assert not await queue.keep("link", "b", lasts=LONG)
    assert await queue.kept("link") == "a"


def test_a_delivery_is_read_as_it_was_written() -> None:
    """With everything in it; what is none is said to be none."""
    made = Delivery(
        mark="1-1", channel="a", hold_id="h", state=State.PENDING, was=None, attempts=2, tries=3, why="x"
    )
    assert read_delivery(made.written) == made
    for text in ("", "[]", "{}", '{"was": null}', made.written.replace("pending", "nothing")):
        with pytest.raises(ValueError, match=r"."):
            read_delivery(text)
