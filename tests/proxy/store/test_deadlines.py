"""Time passes for holds: each deadline has its meaning, for exactly the holds whose clock ran out."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from proxy.metrics import Metrics
from proxy.store import deadlines as module
from proxy.store.connection import connect
from proxy.store.deadlines import Deadlines
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store
from rules.hold import Event, Hold, State
from tests.proxy.drafts import PATHS, brought, clocks, content, draft, stores
from tests.proxy.redis_child import eventually, redis_child

DOMAIN = "tests"
SHORT = timedelta(milliseconds=30)
MEANINGS = [
    (State.PENDING, State.EXPIRED, "nobody decided"),
    (State.APPROVED, State.EXPIRED, "could not be run"),
    (State.CLAIMED, State.APPROVED, "nothing was sent"),
    (State.SENDING, State.OUTCOME_UNKNOWN, "may have been executed"),
]


async def overdue(redis: Redis, state: State) -> Hold:
    """A hold in `state` whose clock has run out."""
    patient, lapsed = stores(redis, domain=DOMAIN)
    path = PATHS[state]
    hold, _ = await (patient if path else lapsed).open(draft())
    for event in path[:-1]:
        hold = await patient.step(hold, event)
    return await lapsed.step(hold, path[-1]) if path else hold


async def state_of(store: Store, hold: Hold) -> State:
    """How `hold` stands now."""
    found = await store.find(hold.hold_id)
    assert found is not None
    return found.state


@pytest.mark.parametrize(("state", "expected", "note"), MEANINGS, ids=[m[0].value for m in MEANINGS])
async def test_what_a_passed_deadline_means(redis: Redis, state: State, expected: State, note: str) -> None:
    """Each open state ends or goes back as it must, says why, and is counted once."""
    hold = await overdue(redis, state)
    store, metrics = stores(redis, domain=DOMAIN)[0], Metrics()
    for _ in range(2):
        await Deadlines(store=store, metrics=metrics).sweep()
    found = await store.find(hold.hold_id)
    assert found is not None
    assert found.state is expected
    assert note in found.note
    assert found.fence == hold.fence
    counted = [s for m in metrics.transitions.collect() for s in m.samples if s.name.endswith("_total")]
    assert [sample.value for sample in counted if sample.value] == [1]


@pytest.mark.parametrize("state", list(State), ids=str)
async def test_nothing_is_due(redis: Redis, state: State) -> None:
    """A hold whose clock runs, or has none, is left as it is."""
    store = stores(redis, domain=DOMAIN)[0]
    await brought(store, state)
    before = await content(redis, domain=DOMAIN)
    await Deadlines(store=store, metrics=Metrics()).sweep()
    assert await content(redis, domain=DOMAIN) == before


async def test_released_after_its_validity(redis: Redis) -> None:
    """A claim that lapses after the approval did gives it back, and then it expires."""
    patient, lapsed = stores(redis, domain=DOMAIN)
    own = Store(redis, domain=DOMAIN, clocks=clocks(validity=SHORT, lease=timedelta(0)))
    hold = await own.step((await patient.open(draft()))[0], Event.APPROVE)
    hold = await own.step(hold, Event.CLAIM)
    sweeper = Deadlines(store=lapsed, metrics=Metrics())

    async def expired() -> bool:
        await sweeper.sweep()
        return await state_of(patient, hold) is State.EXPIRED

    await eventually(expired, what="the approval to lapse")


async def test_short_clocks(redis: Redis) -> None:
    """By the store's own clock: a window that closes, and a lease that is not renewed."""
    for own, path, expected in (
        (clocks(window=SHORT), (), State.EXPIRED),
        (clocks(validity=SHORT), (Event.APPROVE,), State.EXPIRED),
        (clocks(lease=SHORT), (Event.APPROVE, Event.CLAIM), State.APPROVED),
        (clocks(lease=SHORT), (Event.APPROVE, Event.CLAIM, Event.SEND), State.OUTCOME_UNKNOWN),
    ):
        store = Store(redis, domain=DOMAIN, clocks=own)
        hold, _ = await store.open(draft())
        for event in path:
            hold = await store.step(hold, event)
        sweeper = Deadlines(store=store, metrics=Metrics())

        async def over(hold: Hold = hold, sweeper: Deadlines = sweeper, expected: State = expected) -> bool:
            await sweeper.sweep()
            return await state_of(sweeper.store, hold) is expected

        await eventually(over, what=f"the hold to be {expected}")


async def test_many_sweepers(redis: Redis) -> None:
    """Any number of processes may sweep at once: each deadline is applied, and counted, once."""
    holds = [await overdue(redis, state) for state, _, _ in MEANINGS for _ in range(5)]
    store, metrics = stores(redis, domain=DOMAIN)[0], Metrics()
    sweepers = [Deadlines(store=store, metrics=metrics) for _ in range(8)]
    await asyncio.gather(*(each.sweep() for each in sweepers))
    assert await store.overdue() == []
    counted = [s for m in metrics.transitions.collect() for s in m.samples if s.name.endswith("_total")]
    assert sum(sample.value for sample in counted) == len(holds)


async def test_a_worker_that_renews_in_time(redis: Redis) -> None:
    """Between finding a hold overdue and applying that, its worker may have said that it lives."""
    hold = await overdue(redis, State.SENDING)
    patient = stores(redis, domain=DOMAIN)[0]

    class Late(Store):
        """Its reader is so slow that the worker comes first."""

        async def find(self, hold_id: str) -> Hold | None:
            found = await super().find(hold_id)
            assert found is not None
            await patient.renew(found)
            return found

    late = Late(redis, domain=DOMAIN, clocks=clocks())
    await Deadlines(store=late, metrics=Metrics()).sweep()
    assert await state_of(patient, hold) is State.SENDING


@pytest.mark.parametrize("spoil", ["state", "fence", "gone"])
async def test_one_bad_hold_does_not_stop_the_others(redis: Redis, spoil: str) -> None:
    """What cannot be read, or is not there, is passed over."""
    bad, good = [await overdue(redis, State.PENDING) for _ in range(2)]
    key = f"{{sidegate:{DOMAIN}}}:hold:{bad.hold_id}"
    await (redis.delete(key) if spoil == "gone" else redis.hset(key, spoil, "?"))
    store = stores(redis, domain=DOMAIN)[0]
    await Deadlines(store=store, metrics=Metrics()).sweep()
    assert await state_of(store, good) is State.EXPIRED


async def test_watching(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch sweeps again and again until it is cancelled."""
    monkeypatch.setattr(module, "_EVERY", 0.01)
    store = stores(redis, domain=DOMAIN)[0]
    async with asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(Deadlines(store=store, metrics=Metrics()).watch())
        for _ in range(2):
            hold = await overdue(redis, State.PENDING)

            async def expired(hold: Hold = hold) -> bool:
                return await state_of(store, hold) is State.EXPIRED

            await eventually(expired, what="the sweep")
        watch.cancel()


async def test_watching_while_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch lives through a store that goes and comes back, and does then what is due."""
    monkeypatch.setattr(module, "_EVERY", 0.01)
    async with redis_child() as child, asyncio.TaskGroup() as tasks:
        redis = connect(child.url)
        hold = await overdue(redis, State.SENDING)
        child.kill9()
        store = stores(redis, domain=DOMAIN)[0]
        sweeper = Deadlines(store=store, metrics=Metrics())
        with pytest.raises(StoreUnavailable):
            await sweeper.sweep()
        watch = tasks.create_task(sweeper.watch())
        await asyncio.sleep(0)
        await child.revive()

        async def lost() -> bool:
            return await state_of(store, hold) is State.OUTCOME_UNKNOWN

        await eventually(lost, what="the sweep after the restart")
        watch.cancel()
        await redis.aclose()


def test_every_open_state_has_a_meaning() -> None:
    """No hold can stay for ever in a state that has a deadline."""
    assert set(module._MEANING) == {state for state, _, _ in MEANINGS}
