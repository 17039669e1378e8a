"""What the store counts: budgets that calls spend together, and new holds of one agent."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from proxy.store.connection import connect
from proxy.store.record import StoreUnavailable
from proxy.store.store import Flooded, Store
from proxy.store.timing import Cap
from rules.verdict import Spend, Tier
from tests.proxy.drafts import PATIENT, draft
from tests.proxy.redis_child import eventually

DOMAIN = "limits"
SPEND = Spend(
    rule="pay", shares=("=a",), amount=Decimal(90), limit=Decimal(100), window=3600, over=Tier.HIGH_RISK
)


def capped(redis: Redis, most: int, **seconds: float) -> Store:
    """A store with a cap on new holds."""
    spans = {"within": timedelta(minutes=1), "quarantine": timedelta(minutes=5)}
    spans |= {name: timedelta(seconds=value) for name, value in seconds.items()}
    return Store(redis, domain=DOMAIN, clocks=PATIENT, cap=Cap(most=most, **spans))


@pytest.fixture(name="store")
def fixture_store(redis: Redis) -> Store:
    """A store of its own."""
    return Store(redis, domain=DOMAIN, clocks=PATIENT)


async def test_what_does_not_fit_spends_nothing(store: Store) -> None:
    """90 of 100 fit once; 10 more do, and then nothing."""
    assert await store.spend(SPEND, budget="one")
    assert not await store.spend(SPEND, budget="one")
    assert await store.spend(replace(SPEND, amount=Decimal(10)), budget="one")
    assert not await store.spend(replace(SPEND, amount=Decimal("0.000001")), budget="one")
    assert await store.spend(replace(SPEND, amount=Decimal(0)), budget="one")


async def test_budgets_are_apart(store: Store) -> None:
    """Each key has its own."""
    assert await store.spend(SPEND, budget="one")
    assert await store.spend(SPEND, budget="other")


async def test_less_than_a_millionth_counts_as_one(store: Store) -> None:
    """Amounts are rounded up, the limit down: never the other way."""
    tiny = replace(SPEND, amount=Decimal("1e-9"), limit=Decimal("0.0000025"))
    assert [await store.spend(tiny, budget="tiny") for _ in range(3)] == [True, True, False]


async def test_the_largest_limit_is_exact(store: Store) -> None:
    """A billion with six decimals is still a whole number for the server."""
    large = replace(SPEND, amount=Decimal("999999999.999999"), limit=Decimal(10**9))
    assert await store.spend(large, budget="large")
    assert not await store.spend(replace(large, amount=Decimal("0.000002")), budget="large")
    assert await store.spend(replace(large, amount=Decimal("0.000001")), budget="large")


async def test_side_by_side_never_over(store: Store) -> None:
    """Of a hundred at once exactly those pass that fit."""
    small = replace(SPEND, amount=Decimal(9))
    fitted = await asyncio.gather(*(store.spend(small, budget="together") for _ in range(100)))
    assert sum(fitted) == 11


async def test_a_window_passes(store: Store, redis: Redis) -> None:
    """What was spent counts for the whole window, and no longer than a little more."""
    brief = replace(SPEND, window=1)
    assert await store.spend(brief, budget="brief")
    assert not await store.spend(brief, budget="brief")

    async def again() -> bool:
        return await store.spend(brief, budget="brief")

    await eventually(again, what="the budget")
    [key] = [key for key in await redis.keys("*") if b"spent:brief" in key]
    assert 0 < await redis.pttl(key) <= 1100


async def test_a_flood_ends_in_quarantine(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """The cap's number is held, all further are not; a retry still joins its hold."""
    store = capped(redis, 3)
    drafts = [draft(agent="a") for _ in range(4)]
    for made in drafts[:3]:
        assert (await store.open(made))[1]
    for _ in range(2):
        with pytest.raises(Flooded):
            await store.open(drafts[3])
    again = replace(drafts[0], hold_id=draft().hold_id)
    hold, new = await store.open(again)
    assert (hold.hold_id, new) == (drafts[0].hold_id, False)
    assert len(await store.list()) == 3
    assert [record.getMessage() for record in caplog.records].count("agent.quarantined seconds=300") == 1


async def test_another_agent_is_not_in_quarantine(redis: Redis) -> None:
    """A cap is of one agent."""
    store = capped(redis, 1)
    await store.open(draft(agent="a"))
    with pytest.raises(Flooded):
        await store.open(draft(agent="a"))
    assert (await store.open(draft(agent="b")))[1]


async def test_a_flood_at_once(redis: Redis) -> None:
    """Opened side by side, never more than the cap."""
    store = capped(redis, 5)
    tried = await asyncio.gather(*(store.open(draft(agent="a")) for _ in range(30)), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in tried) == 5
    assert all(isinstance(one, tuple | Flooded) for one in tried)


async def test_a_quarantine_ends(redis: Redis) -> None:
    """After it, and with the window over, holds can be opened again."""
    store = capped(redis, 1, within=0.05, quarantine=0.1)
    await store.open(draft(agent="a"))

    async def flooded() -> bool:
        try:
            await asyncio.gather(store.open(draft(agent="a")), store.open(draft(agent="a")))
        except Flooded:
            return True
        return False

    async def opens() -> bool:
        try:
            return (await store.open(draft(agent="a")))[1]
        except Flooded:
            return False

    await eventually(flooded, what="the quarantine")
    await eventually(opens, what="its end")


async def test_without_a_server() -> None:
    """Nothing fits a budget that cannot be asked."""
    store = Store(connect("unix:///nowhere"), domain=DOMAIN, clocks=PATIENT)
    with pytest.raises(StoreUnavailable):
        await store.spend(SPEND, budget="one")
