"""Holds that nobody decides: the end, more time, or other people, in a real store."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from proxy.metrics import Metrics
from proxy.store.deadlines import Deadlines
from proxy.store.events import START, Events
from proxy.store.ladder import Ladder
from proxy.store.store import Refused, Store
from proxy.store.timing import Clocks
from rules.handling import Handling, OnTimeout, Unanswered
from rules.hold import Event, Hold, State
from rules.talk import Kind
from rules.verdict import Tier
from tests.proxy.drafts import draft

WAITING = Unanswered(do=OnTimeout.KEEP_WAITING, windows=3)
ASKING = Unanswered(do=OnTimeout.ESCALATE, groups=("finance", "board"))
HOUR = timedelta(hours=1)


def store_of(redis: Redis, *, window: timedelta = HOUR, remind: timedelta = timedelta(0)) -> Store:
    """The same domain, with those clocks."""
    clocks = Clocks(decision_window=window, remind=remind, approval_validity=dict.fromkeys(Tier, HOUR))
    return Store(redis, domain="ladder", clocks=clocks)


@pytest.fixture
async def store(redis: Redis) -> Store:
    """Windows that do not end by themselves."""
    return store_of(redis)


async def late(redis: Redis, store: Store, hold: Hold) -> None:
    """Let its window be over."""
    key = f"{{sidegate:ladder}}:hold:{hold.hold_id}"
    await redis.hset(key, "decide_by", "1000")
    await redis.zadd("{sidegate:ladder}:deadlines", {hold.hold_id: 1000})


async def swept(store: Store, ladder: Ladder, hold: Hold) -> Hold:
    """The hold after a sweep."""
    await Deadlines(store=store, metrics=Metrics(), ladder=ladder).sweep()
    found = await store.find(hold.hold_id)
    assert found is not None
    return found


async def climbed(redis: Redis, store: Store, ladder: Ladder) -> list[tuple[State, int, str]]:
    """How a hold stands after each window in which nobody decides, until it has ended."""
    hold, _ = await store.open(draft())
    seen = []
    while hold.state is State.PENDING:
        await late(redis, store, hold)
        hold = await swept(store, ladder, hold)
        seen.append((hold.state, hold.rung, hold.escalated_to))
    return seen


PENDING, EXPIRED = State.PENDING, State.EXPIRED
LADDERS: dict[str, tuple[Unanswered, list[tuple[State, int, str]]]] = {
    "deny": (Unanswered(), [(EXPIRED, 0, "")]),
    "keep waiting": (WAITING, [(PENDING, 1, ""), (PENDING, 2, ""), (EXPIRED, 2, "")]),
    "escalate": (ASKING, [(PENDING, 1, "finance"), (PENDING, 2, "board"), (EXPIRED, 2, "board")]),
}


@pytest.mark.parametrize(("usual", "expected"), LADDERS.values(), ids=LADDERS)
async def test_every_rung(
    redis: Redis, store: Store, usual: Unanswered, expected: list[tuple[State, int, str]]
) -> None:
    """It always ends."""
    assert await climbed(redis, store, Ladder(usual=usual)) == expected


async def test_a_rule_goes_before_the_configuration(redis: Redis, store: Store) -> None:
    """And its window is that of each rung."""
    handling = Handling(on_timeout=WAITING, window=120)
    ladder = Ladder(handling=lambda _: handling, usual=ASKING)
    hold, _ = await store.open(draft())
    await late(redis, store, hold)
    hold = await swept(store, ladder, hold)
    assert (hold.rung, hold.escalated_to) == (1, "")
    assert timedelta(0) < hold.decide_by - await store.now() <= timedelta(seconds=120)


async def test_it_can_be_decided_in_its_new_window(redis: Redis, store: Store) -> None:
    """As before, and it does not expire meanwhile."""
    hold, _ = await store.open(draft())
    await late(redis, store, hold)
    with pytest.raises(Refused, match="late"):
        await store.step(hold, Event.APPROVE)
    hold = await swept(store, Ladder(usual=WAITING), hold)
    assert await store.overdue() == []
    assert (await store.step(hold, Event.APPROVE)).state is State.APPROVED


async def test_nobody_can_prolong_what_is_not_over(redis: Redis, store: Store) -> None:
    """Nor prolong it twice: two sidecars sweep."""
    hold, _ = await store.open(draft())
    with pytest.raises(Refused):
        await store.prolong(hold, window=None, group="")
    await late(redis, store, hold)
    await store.prolong(hold, window=None, group="finance")
    await late(redis, store, hold)
    with pytest.raises(Refused, match="moved"):
        await store.prolong(hold, window=None, group="finance")


async def test_a_reminder(redis: Redis) -> None:
    """Once, before the end of each window; a vote in between takes none away."""
    patient = store_of(redis, remind=timedelta(minutes=5))
    hold, _ = await patient.open(draft())
    hold = await patient.step(hold, Event.VOTE)
    [(_, reminding)] = await _deadlines(redis)
    assert reminding == pytest.approx((hold.decide_by.timestamp() - 300) * 1000, abs=2)
    await redis.zadd("{sidegate:ladder}:deadlines", {hold.hold_id: 1000})
    noting = _Noting()
    patient.told.append(noting)
    for _ in range(2):
        assert (await swept(patient, Ladder(), hold)).state is State.PENDING
    assert noting.steps == [Event.REMIND]
    changes = await Events(patient).after(START)
    assert [change.event for change in changes.found] == ["", "vote", "remind"]
    await late(redis, patient, hold)
    hold = await swept(patient, Ladder(usual=WAITING), hold)
    [(_, next_deadline)] = await _deadlines(redis)
    assert next_deadline == pytest.approx((hold.decide_by.timestamp() - 300) * 1000, abs=2)


class _Noting:
    """Somebody who hears of steps."""

    def __init__(self) -> None:
        self.steps: list[Event] = []

    def opened(self, hold: Hold, *, new: bool) -> None:
        """Nothing to note."""

    def stepped(self, hold: Hold, event: Event, *, by: str) -> None:
        """Note which."""
        assert not by
        self.steps.append(event)

    def said(self, hold: Hold, kind: Kind, *, by: str) -> None:
        """Nothing to note."""


async def _deadlines(redis: Redis) -> list[Any]:
    return list(await redis.zrange("{sidegate:ladder}:deadlines", 0, -1, withscores=True))


@pytest.mark.parametrize("remind", [HOUR, timedelta(hours=2)], ids=["as long", "longer"])
async def test_a_window_that_is_too_short_for_one(redis: Redis, remind: timedelta) -> None:
    """It would be a second telling at once."""
    store = store_of(redis, remind=remind)
    hold, _ = await store.open(draft())
    [(_, deadline)] = await _deadlines(redis)
    assert deadline == hold.decide_by.timestamp() * 1000


def test_what_people_are_told() -> None:
    """What happens if nobody decides, at every rung."""
    hold_words = [WAITING.words(number) for number in range(3)]
    assert hold_words[0] == "it waits for as long again, 2 times more, then it expires"
    assert hold_words[1] == "it waits for as long again, once more, then it expires"
    assert hold_words[2].startswith("it expires")
    assert ASKING.words(0) == "somebody of `finance` is asked, and has as long again"
    assert replace(ASKING, groups=()).words(0).startswith("it expires")
