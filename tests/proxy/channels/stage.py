"""A world with channels: what they share, and the one who tells, running."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from proxy.channels.dispatch import Channel, Dispatch
from proxy.channels.making import outgoing, place
from proxy.channels.place import Place
from proxy.channels.settings import Channels
from proxy.console.reviewing import Reviewing
from proxy.destinations import Allowed, Destinations
from rules.action import Action
from rules.hold import Hold
from tests.proxy.console.world import World
from tests.rules.calls import compiled

_FORMS = {
    "SEAL": r"(?<=/)[A-Za-z0-9_-]{100,}",
    "ID": r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b",
    "HASH": r"\b[0-9a-f]{64}\b",
    "TIME": r"\b20\d\d-\d\d-\d\dT[0-9:.]+\+00:00",
}

type Probe = Callable[[], Awaitable[bool]]

LINK = "https://review.example"
SOON = (timedelta(milliseconds=20),) * 3
DEADLINE = 20.0


def placed(settings: Channels) -> Place:
    """What channels of these settings share; loopback is open to them."""
    nowhere = Destinations(allowed=Allowed(), named=lambda _host: False)
    settings = settings.model_copy(update={"allow": (*settings.allow, "127.0.0.1", "localhost")})
    carrier = outgoing(settings, beside=nowhere, trust=ssl.create_default_context())
    return place(settings, carrier, link=LINK)


def reviewing_of(world: World, settings: Channels) -> Reviewing:
    """What the console of `world` works on, with these channels."""
    return replace(world.reviewing(), channels=placed(settings))


@asynccontextmanager
async def telling(
    reviewing: Reviewing, channels: Sequence[Channel], *, delays: Sequence[timedelta] = SOON
) -> AsyncIterator[Dispatch]:
    """The one who tells these channels, once it has begun."""
    dispatch = Dispatch(reviewing, channels, delays=delays)
    async with asyncio.TaskGroup() as tasks:
        work = [tasks.create_task(part) for part in (reviewing.signals.listen(), dispatch.watch())]
        try:
            await eventually(lambda: begun(reviewing))
            yield dispatch
        finally:
            for task in work:
                task.cancel()


async def begun(reviewing: Reviewing) -> bool:
    """Whether changes are told from now on."""
    script = "return redis.call('EXISTS', KEYS[1])"
    return bool(await reviewing.store.evaluate(script, ["channels:cursor"], []))


async def eventually(probe: Probe) -> None:
    """Wait until `probe` gives true."""
    async with asyncio.timeout(DEADLINE):
        while not await probe():  # noqa: ASYNC110 (what is waited for is in another process)
            await asyncio.sleep(0.01)


def in_tier_3(world: World) -> World:
    """The same by rules that leave what its calls do to channels as well."""
    rules = "rules: [{id: pay, match: {host: bank.example, path: /transfers}, tier: 3}]"
    return replace(world, ruleset=compiled(rules))


async def twin_of(world: World, drill: Hold) -> Hold:
    """A hold of an agent that asks for what `drill` asks for: nobody should be able to tell them apart."""
    action = await world.reviewing().action(drill)
    assert isinstance(action, Action)
    return await world.hold(replace(action, drill=False), tier=drill.tier)


def masked(text: str) -> str:
    """`text` with every id, hash, seal and time in it replaced by what it is, by its form alone."""
    for what, form in _FORMS.items():
        text = re.sub(form, what, text)
    return text


async def asking(world: World, hold: Hold, group: str) -> Hold:
    """Let the time to decide be over, and a group be asked."""
    await world.spoil(hold, "decide_by", b"1000")
    await world.redis.zadd(f"{{sidegate:{world.domain}}}:deadlines", {hold.hold_id: 1000})
    return await world.store.prolong(hold, window=None, group=group)


def counted(reviewing: Reviewing, channel: str, outcome: str) -> float:
    """How often that became of a try."""
    labels = {"channel": channel, "outcome": outcome}
    found = reviewing.metrics.registry.get_sample_value("sidegate_channel_deliveries_total", labels)
    assert found is not None
    return found
