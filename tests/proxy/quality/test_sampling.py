"""Which passing calls are kept, and that no call waits for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from proxy.quality import sampling as module
from proxy.quality.sampling import Sampling
from rules.call import HttpCall, ToolCall
from rules.normalize import normalize
from rules.verdict import Judgement, Tier, Verdict
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import AGENT, World
from tests.proxy.quality.samples import PASSING
from tests.proxy.redis_child import eventually


def numbers() -> Callable[[], bytes]:
    """The same ones in every test."""
    found = count()
    return lambda: next(found).to_bytes(8)


def sampling_of(
    world: World, *, rate: float = 1.0, most: int = 100, drawn: Callable[[], bytes] | None = None
) -> Sampling:
    """What chooses."""
    return Sampling(
        agent=AGENT,
        passes=world.reviewing().passes,
        metrics=world.metrics,
        rate=rate,
        ttl=timedelta(hours=1),
        most=most,
        drawn=drawn or numbers(),
    )


@asynccontextmanager
async def watched(sampling: Sampling) -> AsyncIterator[None]:
    """It keeps what it is offered."""
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(sampling.watch())
        yield
        watching.cancel()


def call(secret: bytes = b"Bearer s3cret") -> HttpCall:
    """A call with a credential."""
    read = normalize(replace(READ, fields=(*READ.fields, (b"Authorization", secret))).message())
    assert isinstance(read, HttpCall)
    return read


def value(world: World, name: str, **labels: str) -> float | None:
    """A series of the world's metrics."""
    return world.metrics.registry.get_sample_value(f"sidegate_pass_audit_{name}", labels)


async def test_it_is_kept_without_its_credentials(world: World) -> None:
    """And counted by its tier."""
    sampling = sampling_of(world)
    sampling.offer(call(), PASSING)
    async with watched(sampling):
        found = await eventually(lambda: sampling.passes.newest(unlabelled=True, most=5), what="a sample")
    assert "s3cret" not in str(found)
    assert "bank.example" in found[0].url
    assert value(world, "sampled_total", tier="2") == 1


async def test_a_tool_call(world: World) -> None:
    """By its server and its arguments."""
    sampling = sampling_of(world)
    sampling.offer(ToolCall(server="files", tool="read", arguments={"path": "/x"}), PASSING)
    async with watched(sampling):
        found = await eventually(lambda: sampling.passes.newest(unlabelled=True, most=5), what="a sample")
    assert (found[0].place, found[0].method, found[0].body) == ("files", "tools/call", b'{"path":"/x"}')


@pytest.mark.parametrize(
    "judgement",
    [
        replace(PASSING, tier=Tier.EXTERNAL),
        replace(PASSING, tier=Tier.EXTERNAL, observed=True),
        replace(PASSING, verdict=Verdict.BLOCK),
    ],
    ids=["tier 3", "observed", "blocked"],
)
async def test_what_is_no_pass_of_the_lower_tiers(world: World, judgement: Judgement) -> None:
    """Somebody else looks at it."""
    sampling = sampling_of(world)
    sampling.offer(call(), judgement)
    assert sampling._due.empty()


async def test_the_share(world: World) -> None:
    """About the fraction that was asked for; none where it is 0; the call itself does not matter."""
    chosen, one = [], call()
    for rate in (0.0, 0.05, 1.0):
        chooser, taken = sampling_of(world, rate=rate), 0
        for _ in range(4000):
            chooser.offer(one, PASSING)
            while not chooser._due.empty():
                chooser._due.get_nowait()
                taken += 1
        chosen.append(taken)
    assert chosen[0] == 0
    assert 140 < chosen[1] < 260
    assert chosen[2] == 4000


async def test_two_processes_choose_differently(world: World) -> None:
    """What is hashed has a secret of the process in it."""
    assert len({sampling_of(world, drawn=module._fresh()).drawn() for _ in range(5)}) == 5


async def test_what_does_not_fit_is_dropped(world: World) -> None:
    """At once, without waiting, and counted."""
    sampling = sampling_of(world, most=3)
    for _ in range(40):
        sampling.offer(call(), PASSING)
    assert value(world, "dropped_total") == 8
    async with watched(sampling):
        await eventually(lambda: _is(world, "dropped_total", 37), what="the rest to be dropped")
    assert value(world, "sampled_total", tier="2") == 3


async def test_without_a_store(world: World, away: World) -> None:
    """It is dropped, and the next one is tried anew."""
    sampling = sampling_of(away)
    sampling.offer(call(), PASSING)
    async with watched(sampling):
        await eventually(lambda: _is(away, "dropped_total", 1), what="it to be dropped")
        sampling.offer(call(), PASSING)
        await eventually(lambda: _is(away, "dropped_total", 2), what="the next one to be dropped")


async def _is(world: World, name: str, number: float) -> bool:
    return value(world, name) == number
