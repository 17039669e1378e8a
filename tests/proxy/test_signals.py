"""Wake-ups: quick by announcement, never lost for longer than a pulse, and the gauge tells the truth."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from proxy import signals as module
from proxy.metrics import Metrics
from proxy.signals import Signals
from proxy.store import connection
from proxy.store import records as store_module
from proxy.store.connection import connect
from proxy.store.store import Store
from rules.hold import Event
from tests.proxy.drafts import PATIENT, draft
from tests.proxy.redis_child import eventually, redis_child

LONG = 30.0
type Listening = tuple[Store, Signals, Metrics]


@pytest.fixture
def no_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only announcements wake anybody."""
    monkeypatch.setattr(module, "_PULSE", LONG)
    for timed in (connection, store_module):
        monkeypatch.setattr(timed, "TIMEOUT", LONG)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Listening]:
    """A store, signals that listen to it, and their metrics."""
    redis, metrics = connect(url), Metrics()
    store = Store(redis, domain="tests", clocks=PATIENT)
    signals = Signals(store, metrics)
    async with asyncio.TaskGroup() as tasks:
        listener = tasks.create_task(signals.listen())
        try:
            yield store, signals, metrics
        finally:
            listener.cancel()
    await redis.aclose()


def up(metrics: Metrics) -> float | None:
    """What the gauge says."""
    return metrics.registry.get_sample_value("sidegate_store_up")


async def gauge(metrics: Metrics, value: float) -> None:
    """Wait until the gauge says `value`."""

    async def says() -> bool:
        return up(metrics) == value

    await eventually(says, what=f"store_up to be {value:g}")


async def test_a_change_wakes_everybody(redis_url: str, no_pulse: None) -> None:
    """A step by any process wakes all who wait, long before the pulse."""
    async with listening(redis_url) as (store, signals, metrics):
        await gauge(metrics, 1)
        start = monotonic()
        for _ in range(3):
            waiting = asyncio.gather(*(signals.anything(within=LONG) for _ in range(10)))
            await asyncio.sleep(0)
            hold, _ = await store.open(draft())
            await waiting
            waiting = asyncio.gather(*(signals.anything(within=LONG) for _ in range(10)))
            await asyncio.sleep(0)
            await store.step(hold, Event.REJECT)
            await waiting
        assert monotonic() - start < LONG / 2


async def test_waiting_ends(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a change, after `within`, or after one pulse where that is sooner."""
    monkeypatch.setattr(module, "_PULSE", 0.05)
    signals = Signals(Store(connect(redis_url), domain="tests", clocks=PATIENT), Metrics())
    for within, expected in ((-1.0, 0.0), (0.0, 0.0), (0.01, 0.01), (LONG, 0.05)):
        start = monotonic()
        await signals.anything(within=within)
        assert expected * 0.9 <= monotonic() - start < expected + 5


async def test_woken_by_hand() -> None:
    """`wake` wakes those who wait now, not those who come later."""
    signals = Signals(Store(connect("unix:///nowhere"), domain="tests", clocks=PATIENT), Metrics())
    waiting = asyncio.gather(*(signals.anything() for _ in range(3)))
    await asyncio.sleep(0)
    signals.wake()
    await asyncio.wait_for(waiting, 0.5)
    later = asyncio.gather(signals.anything())
    done, _ = await asyncio.wait([later], timeout=0.1)
    assert not done
    signals.wake()
    await later


async def test_the_store_goes_and_comes_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gauge follows, and each way is logged once however often the connection is tried."""
    monkeypatch.setattr(module, "_PULSE", 0.04)
    attempts = count_attempts(monkeypatch)
    async with redis_child() as child, listening(child.url) as (_, _, metrics):
        for _ in range(2):
            await gauge(metrics, 1)
            caplog.clear()
            child.kill9()
            await gauge(metrics, 0)
            enough = len(attempts) + 5

            async def tried(enough: int = enough) -> bool:
                return len(attempts) >= enough

            await eventually(tried, what="more attempts")
            await child.revive()
            await gauge(metrics, 1)
            said = [r.getMessage() for r in caplog.records if r.name == module.__name__]
            assert said == ["store.unavailable", "store.available"]


def count_attempts(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """A list that grows with every subscription that is tried."""
    attempts: list[None] = []
    real = Store.changes

    def counted(store: Store) -> AsyncIterator[str]:
        attempts.append(None)
        return real(store)

    monkeypatch.setattr(Store, "changes", counted)
    return attempts


async def test_the_return_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody could hear meanwhile is looked for as soon as the store is back; then all is as before."""
    async with redis_child() as child, listening(child.url) as (store, signals, metrics):
        await gauge(metrics, 1)
        child.kill9()
        await gauge(metrics, 0)
        for timed in (connection, store_module):
            monkeypatch.setattr(timed, "TIMEOUT", LONG)
        await _woken(signals, child.revive(), monkeypatch)
        await gauge(metrics, 1)
        await _woken(signals, store.open(draft()), monkeypatch)


async def _woken(signals: Signals, cause: Awaitable[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who would wait long is woken by `cause`."""
    with monkeypatch.context() as patience:
        patience.setattr(module, "_PULSE", LONG)
        waiting = asyncio.gather(signals.anything(within=LONG))
        await asyncio.sleep(0)
    await cause
    await asyncio.wait_for(waiting, LONG / 2)


async def test_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open connection on which nothing answers is not taken for a store that is up."""
    for timed in (connection, store_module):
        monkeypatch.setattr(timed, "TIMEOUT", 0.2)
    async with redis_child() as child, listening(child.url) as (_, _, metrics):
        await gauge(metrics, 1)
        child.freeze()
        await gauge(metrics, 0)
        child.thaw()
        await gauge(metrics, 1)


async def test_no_store_from_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """Signals without a store say so, and keep trying."""
    async with listening("unix:///tmp/sidegate-no-such-socket") as (_, signals, metrics):
        await signals.anything(within=0.3)
        assert up(metrics) == 0
        assert [r.getMessage() for r in caplog.records] == ["store.unavailable"]


async def test_what_has_changed_is_named_while_it_is_announced(redis_url: str) -> None:
    """The first question, and the first after a line was lost, has no sure answer."""
    async with listening(redis_url) as (store, signals, metrics):
        await gauge(metrics, 1)
        changed = signals.follow()
        assert changed.take() is None
        assert changed.take() == frozenset()
        hold, _ = await store.open(draft())

        async def told() -> bool:
            return changed.take() == frozenset({hold.hold_id})

        await eventually(told, what="the new hold's id")
        assert changed.take() == frozenset()
        signals._listening(heard=False)
        assert (changed.take(), changed.take()) == (None, None)


async def test_of_too_many_changes_none_is_named() -> None:
    """Nobody who stays away fills the memory."""
    changed = module.Changed()
    changed.know(known=True)
    changed.take()
    for number in range(20_000):
        changed.note(str(number))
    assert changed.take() is None
    assert changed.take() == frozenset()
