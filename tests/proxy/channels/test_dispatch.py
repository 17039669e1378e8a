"""Tests of the one who tells: whatever a channel does, the others, holds and decisions go on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from proxy.channels import dispatch as module
from proxy.channels.outgoing import Untold
from proxy.channels.queue import Delivery
from proxy.channels.settings import Channels
from proxy.credentials.sources.secret import CredentialError
from proxy.store.events import Change
from rules.hold import Event, Hold, State
from tests.proxy.channels.stage import counted, eventually, reviewing_of, telling
from tests.proxy.console.deciding.test_drilled import a_drill
from tests.proxy.console.world import World


def nothing() -> None:
    """Take it."""


@dataclass
class Told:
    """A channel that keeps what it was told, after `does` had its say."""

    name: str = "told"
    kind: str = "webhook"
    people: bool = False
    does: Callable[[], None] = nothing
    heard: list[tuple[str, State]] = field(default_factory=list)

    def wants(self, change: Change) -> bool:
        """Everything that is new."""
        return change.was is not change.state

    async def tell(self, delivery: Delivery, hold: Hold) -> bool:
        """Keep it."""
        self.does()
        self.heard.append((hold.hold_id, delivery.state))
        return True


def raising(error: BaseException) -> Callable[[], None]:
    """What a channel does that is broken."""

    def raise_it() -> None:
        raise error

    return raise_it


async def test_what_was_before_is_not_told(world: World) -> None:
    """Who begins to listen hears of what comes."""
    await world.hold()
    channel = Told()
    async with telling(reviewing_of(world, Channels()), [channel]):
        hold = await world.hold()
        await eventually(lambda: _heard(channel, 1))
    assert channel.heard == [(hold.hold_id, State.PENDING)]


async def test_a_new_start_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happened while nobody told is told, once."""
    monkeypatch.setattr(module, "LEADS", timedelta(milliseconds=300))
    reviewing, channel = reviewing_of(world, Channels()), Told()
    async with telling(reviewing, [channel]):
        first = await world.hold()
        await eventually(lambda: _heard(channel, 1))
    second = await world.hold()
    await world.store.step(second, Event.CANCEL)
    async with telling(reviewing, [channel]):
        await eventually(lambda: _heard(channel, 3))
    assert channel.heard == [
        (first.hold_id, State.PENDING),
        (second.hold_id, State.PENDING),
        (second.hold_id, State.CANCELLED),
    ]


@pytest.mark.parametrize(
    "error",
    [
        Untold("away"),
        CredentialError("no secret"),
        TimeoutError(),
        RuntimeError("a fault of ours"),
        KeyError("x"),
    ],
    ids=["untold", "secret", "slow", "fault", "another"],
)
async def test_a_broken_channel_holds_up_nobody(world: World, error: Exception) -> None:
    """Others are told, and holds are made and decided."""
    reviewing = reviewing_of(world, Channels())
    broken, whole = Told(name="broken", kind="slack", does=raising(error)), Told()
    async with telling(reviewing, [broken, whole]):
        hold = await world.hold()
        await world.store.step(hold, Event.REJECT)
        await eventually(lambda: _heard(whole, 2))
        await eventually(lambda: _dead(reviewing, 2))
        assert counted(reviewing, "slack", "failed") == 6
    assert whole.heard == [(hold.hold_id, State.PENDING), (hold.hold_id, State.REJECTED)]
    assert broken.heard == []


async def test_a_slow_channel_holds_up_nobody(world: World) -> None:
    """One that never answers does not delay the other."""
    reviewing = reviewing_of(world, Channels())
    whole = Told()

    class Slow(Told):
        async def tell(self, delivery: Delivery, hold: Hold) -> bool:
            await asyncio.Event().wait()
            return True

    async with telling(reviewing, [Slow(name="slow"), whole]):
        await world.hold()
        await eventually(lambda: _heard(whole, 1))


async def test_fifty_holds_a_second(world: World) -> None:
    """Two hundred holds made as fast as the store takes them are all told, each in its order."""
    channel, reviewing = Told(), reviewing_of(world, Channels())
    async with telling(reviewing, [channel]):
        for _ in range(100):
            hold = await world.hold()
            await world.store.step(hold, Event.REJECT)
        await eventually(lambda: _heard(channel, 200))
    for hold_id in {hold_id for hold_id, _ in channel.heard}:
        states = [state for told, state in channel.heard if told == hold_id]
        assert states == [State.PENDING, State.REJECTED]


async def test_changes_that_were_lost_are_counted(world: World) -> None:
    """The log was cut while nobody read it: the rest is told."""
    channel, reviewing = Told(), reviewing_of(world, Channels())
    await world.store.evaluate("redis.call('SET', KEYS[1], '1-1')", ["channels:cursor"], [])
    hold = await world.hold()
    async with telling(reviewing, [channel]):
        await eventually(lambda: _heard(channel, 1))
    assert channel.heard == [(hold.hold_id, State.PENDING)]
    assert counted(reviewing, "webhook", "lost") == 1


async def test_a_hold_that_is_gone_is_passed_over(world: World) -> None:
    """Nothing can be said of it."""
    channel, reviewing = Told(), reviewing_of(world, Channels())
    await world.store.evaluate("redis.call('SET', KEYS[1], '0-0')", ["channels:cursor"], [])
    hold = await world.hold()
    await world.redis.delete(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}")
    async with telling(reviewing, [channel]):
        await eventually(lambda: _skipped(reviewing))
    assert channel.heard == []


async def test_without_channels_nothing_is_kept(world: World) -> None:
    """There is nothing to tell, and no lane grows."""
    await module.Dispatch(reviewing_of(world, Channels()), []).watch()
    keys = await world.redis.keys(f"{{sidegate:{world.domain}}}:channels*")
    assert keys == []


async def _heard(channel: Told, count: int) -> bool:
    return len(channel.heard) >= count


async def _dead(reviewing: object, count: int) -> bool:
    return counted(reviewing, "slack", "dead") >= count  # type: ignore[arg-type]


async def _skipped(reviewing: object, count: int = 1) -> bool:
    return counted(reviewing, "webhook", "skipped") == count  # type: ignore[arg-type]


async def test_people_are_told_of_a_drill(world: World) -> None:
    """Before and after it is answered, as of a hold, and its deliveries are counted: they were made."""
    people, reviewing = Told(kind="slack", people=True), reviewing_of(world, Channels())
    async with telling(reviewing, [people]):
        drill = await a_drill(world)
        await world.store.step(drill, Event.DRILL)
        await eventually(lambda: _told_of(people, drill, State.DRILLED))

        async def counted_all() -> bool:
            return counted(reviewing, "slack", "delivered") == len(people.heard)

        await eventually(counted_all)
    told = [state for hold_id, state in people.heard if hold_id == drill.hold_id]
    assert told == [State.PENDING, State.DRILLED]


async def test_programs_are_told_of_no_drill(world: World) -> None:
    """Neither before nor after it is answered: it is of no agent's call."""
    program, reviewing = Told(), reviewing_of(world, Channels())
    async with telling(reviewing, [program]):
        drill = await a_drill(world)
        await world.store.step(drill, Event.DRILL)
        await eventually(lambda: _skipped(reviewing, 2))
        hold = await world.hold()
        await eventually(lambda: _told_of(program, hold, State.PENDING))
    assert drill.hold_id not in {hold_id for hold_id, _ in program.heard}


async def _told_of(channel: Told, hold: Hold, state: State) -> bool:
    return (hold.hold_id, state) in channel.heard
