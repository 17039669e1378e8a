"""What the store tells without changing anything: lists, announcements, and when all of it is forgotten."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from proxy.store import store as module
from proxy.store.connection import CONNECTIONS
from proxy.store.record import Unreadable
from proxy.store.store import Store
from rules.hold import UNENDED, Event, State
from tests.proxy.drafts import brought, clocks, draft, refusal, stores, text

DOMAIN = "tests"
REDIS_CALL = re.compile(r"redis\.call\('(\w+)'(?:, (\w+)(?:\[(\d+)\])?)?")


@pytest.fixture
def store(redis: Redis) -> Store:
    """Give a store whose clocks run long."""
    return stores(redis, domain=DOMAIN)[0]


@pytest.fixture
def lapsed(redis: Redis) -> Store:
    """Give the same domain through clocks that have run out."""
    return stores(redis, domain=DOMAIN)[1]


async def test_listing(store: Store, lapsed: Store) -> None:
    """The newest first, no more than asked for; approved ones in the order of their approval."""
    holds = []
    for _ in range(5):
        holds.append((await store.open(draft()))[0])
        await _tick(store)
    assert [hold.hold_id for hold in await store.list(limit=3)] == [h.hold_id for h in reversed(holds[2:])]
    for hold in (holds[3], holds[1]):
        await store.step(hold, Event.APPROVE)
        await _tick(store)
    assert await store.approved() == [holds[3].hold_id, holds[1].hold_id]
    late, _ = await lapsed.open(draft())
    assert await store.overdue() == [late.hold_id]


async def test_what_may_still_change(store: Store, redis: Redis) -> None:
    """From the beginning to the end; a doubt is none."""
    holds = [await brought(store, state) for state in State]
    unended = [hold.hold_id for hold in holds if hold.state in UNENDED]
    assert sorted(await store.unended()) == sorted(unended)
    await redis.delete(f"{{sidegate:{DOMAIN}}}:unended")
    await store.note_unended(holds)
    assert sorted(await store.unended()) == sorted(unended)


async def test_a_note_of_something_that_has_ended_meanwhile(store: Store) -> None:
    """It is put right by whoever reads it next."""
    read = await brought(store, State.PENDING)
    ended = await store.step(read, Event.REJECT)
    await store.note_unended([read])
    assert await store.unended() == [read.hold_id]
    await store.note_unended([ended])
    assert await store.unended() == []


async def _tick(store: Store) -> None:
    """Let the store's clock go on by the millisecond that orders holds."""
    start = await store._now()
    while await store._now() == start:
        pass


async def test_several(store: Store, redis: Redis) -> None:
    """In the order of the ids; those that are gone or cannot be read are left out."""
    one, gone, spoilt, other = [(await store.open(draft()))[0] for _ in range(4)]
    await redis.delete(f"{{sidegate:{DOMAIN}}}:hold:{gone.hold_id}")
    await redis.hset(f"{{sidegate:{DOMAIN}}}:hold:{spoilt.hold_id}", "tier", "nine")
    ids = [hold.hold_id for hold in (other, gone, spoilt, one)]
    assert [hold.hold_id for hold in await store.several(ids)] == [other.hold_id, one.hold_id]
    assert await store.several([]) == []


async def test_forgotten_holds_leave_every_index(redis: Redis, store: Store) -> None:
    """Listing drops the ids of holds that are gone, the oldest too, and no others."""
    kept = await brought(store, State.APPROVED)
    gone = [await brought(store, state) for state in (State.PENDING, State.APPROVED)]
    prefix = f"{{sidegate:{DOMAIN}}}"
    for hold in gone:
        await redis.delete(f"{prefix}:hold:{hold.hold_id}")
    assert [hold.hold_id for hold in await store.list()] == [kept.hold_id]
    await redis.zadd(f"{prefix}:holds", dict.fromkeys((h.hold_id for h in [*gone, kept]), 1000))
    assert [hold.hold_id for hold in await store.list(limit=1)] == [kept.hold_id]
    for name in ("holds", "unended", "approved", "deadlines"):
        assert await redis.zrange(f"{prefix}:{name}", 0, -1) == [kept.hold_id.encode()]


@pytest.mark.parametrize(
    ("window", "validity", "retention"),
    [(1, 1, 1), (90, 1, 1), (1, 90, 1), (1, 1, 90)],
    ids=["all short", "long window", "long validity", "long retention"],
)
async def test_nothing_is_forgotten_while_it_is_needed(
    redis: Redis, window: int, validity: int, retention: int
) -> None:
    """A hold and its fingerprint outlive the longest clock that may still run, and then expire."""
    days = {name: timedelta(days=n) for name, n in (("window", window), ("validity", validity))}
    own = Store(redis, domain=DOMAIN, clocks=clocks(**days, retention=timedelta(days=retention)))
    hold = await brought(own, State.PENDING)
    needed = timedelta(days=max(window, validity) + retention)
    for key in (f"hold:{hold.hold_id}", f"fingerprint:{hold.fingerprint}"):
        left = timedelta(milliseconds=await redis.pttl(f"{{sidegate:{DOMAIN}}}:{key}"))
        assert needed < left <= needed + timedelta(days=1)


async def test_every_key_has_an_end_and_the_tag(store: Store, redis: Redis) -> None:
    """All keys share one hash tag; only the indexes and the kill switch have no end of their own."""
    for state in State:
        await brought(store, state)
    await store.kill("stop")
    endless = set()
    for name in map(text, await redis.keys()):
        assert name.startswith(f"{{sidegate:{DOMAIN}}}:")
        endless |= {name.partition("}:")[2]} if await redis.pttl(name) == -1 else set()
    assert endless == {"holds", "unended", "deadlines", "approved", "unknown", "kill"}


async def test_domains_do_not_meet(redis: Redis) -> None:
    """Two approval domains of one server know nothing of one another."""
    one, other = (stores(redis, domain=name)[0] for name in ("one", "other"))
    hold = await brought(one, State.APPROVED, fingerprint="f" * 64)
    await one.kill("stop")
    assert await other.find(hold.hold_id) is None
    assert (await other.list(), await other.approved(), await other.killed()) == ([], [], None)
    assert (await other.open(draft(fingerprint="f" * 64)))[1]
    assert (await refusal(other, hold, Event.CLAIM)).why == "missing"
    assert (await refusal(other, hold, Event.CLAIM)).hold is None


SPOILT = [
    ("state", b"dancing"),
    ("state", b"\xff"),
    ("fence", b"many"),
    ("tier", b"5"),
    ("tier", b"9" * 5000),
    ("reason_id", b"because"),
    ("created_at", b"9" * 30),
    ("decide_by", b"1e400"),
    ("attempts", b""),
]


@pytest.mark.parametrize(("field", "value"), SPOILT, ids=[f"{f}={v[:8]!r}" for f, v in SPOILT])
async def test_a_hold_of_another_version(
    store: Store, redis: Redis, field: str, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A hold that cannot be read fails for itself alone: the other ones are listed."""
    spoilt, good = await brought(store, State.PENDING), await brought(store, State.PENDING)
    await redis.hset(f"{{sidegate:{DOMAIN}}}:hold:{spoilt.hold_id}", field, value)
    with pytest.raises(Unreadable, match=f"`{spoilt.hold_id}`"):
        await store.find(spoilt.hold_id)
    assert await store.list() == [good]
    assert caplog.messages == [f"store.unreadable hold={spoilt.hold_id}"]


async def test_text_that_is_none(store: Store, redis: Redis) -> None:
    """Bytes that are no text are read as something that no seal fits, instead of failing."""
    hold = await brought(store, State.PENDING)
    await redis.hset(f"{{sidegate:{DOMAIN}}}:hold:{hold.hold_id}", "reason", b"\xff\xfe")
    found = await store.find(hold.hold_id)
    assert found is not None
    assert found.reason == "\ufffd\ufffd"


async def test_more_callers_than_connections(store: Store) -> None:
    """Hundreds of waiting requests may look at once: they queue and none of them fails."""
    hold = await brought(store, State.PENDING)
    found = await asyncio.gather(*(store.find(hold.hold_id) for _ in range(5 * CONNECTIONS)))
    assert set(found) == {hold}


async def test_changes(store: Store) -> None:
    """Every change is announced with the hold's id; while nothing happens there is a pulse."""
    heard = store.changes()
    assert await anext(heard) == ""
    hold, _ = await store.open(draft())
    assert await _next_id(heard) == hold.hold_id
    await store.step(hold, Event.APPROVE)
    assert await _next_id(heard) == hold.hold_id
    assert await anext(heard) == ""
    await heard.aclose()  # type: ignore[attr-defined]  # it is a generator


async def _next_id(heard: AsyncIterator[str]) -> str:
    async with asyncio.timeout(10):
        while not (hold_id := await anext(heard)):
            pass
    return hold_id


async def test_refused_steps_are_not_announced(store: Store) -> None:
    """Nobody is woken for what did not happen."""
    hold = await brought(store, State.REJECTED)
    heard = store.changes()
    await anext(heard)
    await refusal(store, hold, Event.APPROVE)
    assert not await store.collect(hold)
    opened, _ = await store.open(draft())
    assert await _next_id(heard) == opened.hold_id
    await heard.aclose()  # type: ignore[attr-defined]  # it is a generator


@pytest.mark.parametrize(
    ("script", "numbers", "least"), [("transition.lua", {*range(1, 14)}, 20), ("spend.lua", {1}, 5)]
)
def test_scripts_touch_declared_keys_only(script: str, numbers: set[int], least: int) -> None:
    """Every command names one of the declared keys, so it runs on a cluster as well."""
    source = Path(module.__file__).with_name(script).read_text()
    calls = REDIS_CALL.findall(source)
    assert len(calls) > least
    for command, keys, number in calls:
        assert command == "TIME" or (keys == "KEYS" and int(number) in numbers), (
            f"redis.call('{command}', ...)"
        )


async def test_an_empty_domain(store: Store) -> None:
    """An empty store answers every question with nothing."""
    assert (await store.list(), await store.approved(), await store.overdue()) == ([], [], [])
    assert await store.killed() is None
    await store.check()
