"""The store over servers that are gone, hung, full, read-only or clustered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from redis.asyncio import Redis

from proxy.store import connection
from proxy.store import records as module
from proxy.store.connection import CONNECTIONS, connect
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store
from rules.hold import Event, Hold, State
from tests.proxy.drafts import PATHS, PATIENT, brought, draft
from tests.proxy.redis_child import RedisChild, eventually, redis_child, redis_with

TIMEOUT = 0.4
type Use = Callable[[Store, Hold], Awaitable[object]]

READS: dict[str, Use] = {
    "find": lambda store, hold: store.find(hold.hold_id),
    "sealed": lambda store, hold: store.sealed(hold.hold_id, part="sealed"),
    "list": lambda store, hold: store.list(),
    "approved": lambda store, hold: store.approved(),
    "overdue": lambda store, hold: store.overdue(),
    "killed": lambda store, hold: store.killed(),
    "check": lambda store, hold: store.check(),
    "changes": lambda store, hold: anext(store.changes()),
}
WRITES: dict[str, Use] = {
    "open": lambda store, hold: store.open(draft()),
    "join": lambda store, hold: store.open(draft(fingerprint=hold.fingerprint)),
    "step": lambda store, hold: store.step(hold, Event.SEND, fence=hold.fence),
    "renew": lambda store, hold: store.renew(hold),
    "collect": lambda store, hold: store.collect(hold),
    "kill": lambda store, hold: store.kill("stop"),
}
LIFTED: dict[str, Use] = {"unkill": lambda store, hold: store.kill(None)}
ALL = READS | WRITES | LIFTED


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a hung server as bad as a gone one sooner."""
    monkeypatch.setattr(module, "TIMEOUT", TIMEOUT)
    monkeypatch.setattr(connection, "TIMEOUT", TIMEOUT)


@pytest.fixture
async def child(quick: None) -> AsyncIterator[RedisChild]:
    """Give a server that the test may treat badly."""
    async with redis_child() as child:
        yield child


@asynccontextmanager
async def store_at(url: str) -> AsyncIterator[Store]:
    """A store of the tests' domain there."""
    redis = connect(url)
    try:
        yield Store(redis, domain="tests", clocks=PATIENT)
    finally:
        await redis.aclose()


async def test_gone(child: RedisChild) -> None:
    """Whatever is asked of a store that was killed, there is one answer, and it comes at once."""
    async with store_at(child.url) as store:
        hold = await brought(store, State.CLAIMED)
        child.kill9()
        for name, use in ALL.items():
            start = monotonic()
            with pytest.raises(StoreUnavailable, match="the store does not answer"):
                await use(store, hold)
            assert monotonic() - start < TIMEOUT, name
        await child.revive()
        assert await store.find(hold.hold_id) == hold
        assert (await store.step(hold, Event.SEND, fence=hold.fence)).state is State.SENDING


@pytest.mark.parametrize("name", ALL)
async def test_hung(child: RedisChild, name: str) -> None:
    """A store that keeps its answer back counts as away after the timeout."""
    async with store_at(child.url) as store:
        hold = await brought(store, State.CLAIMED)
        child.freeze()
        start = monotonic()
        with pytest.raises(StoreUnavailable):
            await ALL[name](store, hold)
        assert TIMEOUT * 0.9 < monotonic() - start < 5 * TIMEOUT


async def test_hung_after_the_subscription(child: RedisChild) -> None:
    """Whoever listens is told that the store no longer answers, though its connection stands."""
    async with store_at(child.url) as store:
        heard = store.changes()
        assert await anext(heard) == ""
        child.freeze()
        with pytest.raises(StoreUnavailable):
            await anext(heard)


async def test_a_change_is_never_repeated(child: RedisChild) -> None:
    """A command whose reply did not come in time may still be executed, once and not again."""
    async with store_at(child.url) as store:
        hold = await brought(store, State.APPROVED)
        before = await child.calls("evalsha")
        child.freeze()
        with pytest.raises(StoreUnavailable):
            await store.step(hold, Event.CLAIM)
        child.thaw()
        await eventually(lambda: _is(store, hold, State.CLAIMED), what="the claim that was on its way")
        assert await child.calls("evalsha") == before + 1
        found = await store.find(hold.hold_id)
        assert found is not None
        assert found.fence == 1


async def _is(store: Store, hold: Hold, state: State) -> bool:
    found = await store.find(hold.hold_id)
    return found is not None and found.state is state


async def test_many_callers_of_a_hung_store(child: RedisChild) -> None:
    """Callers that queue for a connection wait no longer than the others."""
    async with store_at(child.url) as store:
        hold = await brought(store, State.APPROVED)
        child.freeze()
        start = monotonic()
        calls = (store.find(hold.hold_id) for _ in range(3 * CONNECTIONS))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert monotonic() - start < 5 * TIMEOUT
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}


async def test_a_caller_that_gives_up(child: RedisChild) -> None:
    """A cancelled call leaves no reply behind that the next caller could take for its own."""
    async with store_at(child.url) as store:
        first, second = [await brought(store, State.CLAIMED) for _ in range(2)]
        child.freeze()
        calls = [store.find(first.hold_id) for _ in range(5)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(TIMEOUT / 4):
                await asyncio.gather(*calls)
        child.thaw()
        for _ in range(20):
            assert await store.find(second.hold_id) == second


async def test_the_script_is_lost_with_a_restart(child: RedisChild) -> None:
    """A server that forgot the script is given it again; the step happens once."""
    async with store_at(child.url) as store:
        hold = await brought(store, State.APPROVED)
        child.kill9()
        await child.revive()
        assert (await store.step(hold, Event.CLAIM)).fence == 1


async def test_acknowledged_means_durable(child: RedisChild) -> None:
    """Whatever the store said it did is there after kill -9."""
    async with store_at(child.url) as store:
        holds = [await brought(store, state) for state in PATHS]
        await store.kill("stop")
        child.kill9()
        await child.revive()
        assert [await store.find(hold.hold_id) for hold in holds] == holds
        assert await store.killed() == "stop"


FULL = ("--maxmemory", "1", "--maxmemory-policy", "noeviction")
READ_ONLY = ("--replicaof", "127.0.0.1", "1")


@pytest.mark.parametrize("settings", [FULL, READ_ONLY], ids=["full", "read-only"])
async def test_a_server_that_takes_nothing(settings: tuple[str, ...]) -> None:
    """What cannot be written is not held: nothing is stored, not even a part of it."""
    async with redis_with(*settings) as url, store_at(url) as store, Redis.from_url(url) as redis:
        made = draft()
        uses: list[Awaitable[object]] = [store.open(made), store.kill("stop")]
        for use in uses:
            with pytest.raises(StoreUnavailable):
                await use
        assert await redis.keys() == []
        assert await store.find(made.hold_id) is None


async def test_full_in_the_middle() -> None:
    """A server that fills up refuses a step as a whole; what is there can still be read."""
    async with redis_with() as url, store_at(url) as store, Redis.from_url(url) as redis:
        hold = await brought(store, State.APPROVED)
        before = {key: await redis.dump(key) for key in await redis.keys()}
        await redis.config_set("maxmemory", 1)
        for event in (Event.CLAIM, Event.REJECT):
            with pytest.raises(StoreUnavailable):
                await store.step(hold, event)
        assert {key: await redis.dump(key) for key in await redis.keys()} == before
        assert await store.find(hold.hold_id) == hold


async def test_a_cluster() -> None:
    """On a cluster, where a script may use declared keys of one slot only, a whole life goes through."""
    async with redis_with("--cluster-enabled", "yes") as url, store_at(url) as store:
        async with Redis.from_url(url) as redis:
            await redis.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            await eventually(lambda: _whole(redis), what="the cluster")
        for state in PATHS:
            hold = await brought(store, state)
            assert await store.find(hold.hold_id) == hold
        hold = await brought(store, State.EXECUTED)
        assert await store.collect(hold)
        assert len(await store.list()) == len(PATHS) + 1
        assert len(await store.approved()) == 1
        assert await store.overdue() == []


async def _whole(redis: Redis) -> bool:
    found: dict[str, str] = await redis.execute_command("CLUSTER INFO")
    return found["cluster_state"] == "ok"
