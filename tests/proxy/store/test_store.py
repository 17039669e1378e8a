"""The store against a real server: every step of the table, every guard, joining, listing, forgetting."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from proxy.store.connection import connect
from proxy.store.store import Refused, Store
from rules.hold import OPEN, REMEMBERED, TRANSITIONS, Event, Hold, State, origins
from rules.verdict import Tier
from tests.proxy.drafts import HOUR, PATIENT, brought, content, draft, refusal, stores

DOMAIN = "tests"
STEPS = [(state, event) for state in State for event in Event]


@pytest.fixture
def store(redis: Redis) -> Store:
    """Give a store whose clocks run long."""
    return stores(redis, domain=DOMAIN)[0]


@pytest.fixture
def lapsed(redis: Redis) -> Store:
    """Give the same domain through clocks that have run out."""
    return stores(redis, domain=DOMAIN)[1]


async def test_a_new_hold_is_what_its_draft_says(store: Store) -> None:
    """Every field comes back, texts of any alphabet and sealed bytes of any value included."""
    made = draft(rule=None, reason="Überweisung 💸\n", sealed=bytes(range(256)))
    hold, new = await store.open(made)
    assert new
    for name in (
        "hold_id",
        "digest",
        "fingerprint",
        "idempotency_key",
        "tier",
        "reason_id",
        "reason",
        "policy",
    ):
        assert getattr(hold, name) == getattr(made, name)
    assert (hold.state, hold.fence, hold.attempts, hold.rule) == (State.PENDING, 0, 1, None)
    assert hold.decide_by - hold.created_at == HOUR
    assert abs(hold.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert (hold.run_by, hold.decided_by, hold.decision_reason, hold.note) == (None, "", "", "")
    assert await store.find(hold.hold_id) == hold
    assert await store.sealed(hold.hold_id, part="sealed") == bytes(range(256))
    assert await store.sealed(hold.hold_id, part="answer") is None


@pytest.mark.parametrize("hold_id", ["", "nothing", "../holds", "{}", "a\r\nb", "ü" * 3000, "*"])
async def test_an_id_that_no_hold_has(store: Store, hold_id: str) -> None:
    """Whatever is asked for, there is no such hold and nothing is stored under it."""
    await store.open(draft())
    assert await store.find(hold_id) is None
    assert await store.sealed(hold_id, part="sealed") is None


@pytest.mark.parametrize(("state", "event"), STEPS, ids=lambda each: str(each))
async def test_every_step_of_every_state(store: Store, redis: Redis, state: State, event: Event) -> None:
    """A step is taken exactly if the table has it; a refused one changes nothing at all."""
    hold = await brought(store, state)
    if (state, event) == (State.APPROVED, Event.UNDO):
        hold = await in_grace(store, redis)
    before = await content(redis, domain=DOMAIN)
    if event in TRANSITIONS[state]:
        stepped = await store.step(hold, event, fence=hold.fence, fields={"note": b"why"})
        assert (stepped.state, stepped.note) == (TRANSITIONS[state][event], "why")
        assert await store.find(hold.hold_id) == stepped
        assert await store.approved() == [hold.hold_id] * (stepped.state is State.APPROVED)
        timed = await redis.zrange(f"{{sidegate:{DOMAIN}}}:deadlines", 0, -1)
        assert timed == [hold.hold_id.encode()]
    else:
        refused = await refusal(store, hold, event, fields={"note": b"why"})
        assert (refused.why, refused.hold) == ("state", hold)
        assert await content(redis, domain=DOMAIN) == before


async def in_grace(store: Store, redis: Redis) -> Hold:
    """The one hold of the domain, approved, with time to take that back."""
    (only,) = await store.list()
    await redis.delete(f"{{sidegate:{DOMAIN}}}:hold:{only.hold_id}", f"{{sidegate:{DOMAIN}}}:approved")
    await redis.delete(f"{{sidegate:{DOMAIN}}}:deadlines")
    graceful = replace(PATIENT, grace=dict.fromkeys(Tier, HOUR))
    return await brought(Store(redis, domain=DOMAIN, clocks=graceful), State.APPROVED)


async def test_grace(store: Store, redis: Redis) -> None:
    """Until it is over, an approval is not claimed and can be taken back; after that, the other way round."""
    graceful = Store(redis, domain=DOMAIN, clocks=replace(PATIENT, grace=dict.fromkeys(Tier, HOUR)))
    hold = await brought(graceful, State.APPROVED)
    assert hold.grace_until is not None
    assert (await refusal(graceful, hold, Event.CLAIM)).why == "grace"
    assert (await graceful.step(hold, Event.UNDO)).state is State.PENDING
    assert (await graceful.step(hold, Event.APPROVE)).state is State.APPROVED
    over = {"grace_until": -1}
    hold = await graceful.step(hold, Event.UNDO)
    await graceful.step(hold, Event.APPROVE, times=over)
    assert (await refusal(graceful, hold, Event.UNDO)).why == "late"
    assert (await store.step(hold, Event.CLAIM)).state is State.CLAIMED


async def test_without_grace_there_is_nothing_to_take_back(store: Store) -> None:
    """An approval is claimed at once."""
    hold = await brought(store, State.APPROVED)
    assert hold.grace_until is None
    assert (await refusal(store, hold, Event.UNDO)).why == "late"


async def test_what_was_read_has_to_be_there_still(store: Store) -> None:
    """A step that replaces what others may replace as well is refused where they were quicker."""
    hold = await brought(store, State.PENDING)
    first = await store.step(hold, Event.VOTE, same={"votes": ""}, fields={"votes": b"a\nb"})
    assert first.votes == ("a", "b")
    assert (await refusal(store, hold, Event.VOTE, same={"votes": ""}, fields={"votes": b"c"})).why == "moved"
    again = await store.step(hold, Event.RECANT, same={"votes": "a\nb"}, fields={"votes": b""})
    assert (again.votes, again.state) == ((), State.PENDING)


@pytest.mark.parametrize("event", list(Event), ids=str)
def test_an_event_leads_to_one_state(event: Event) -> None:
    """The script is given one target, so no event may lead to two."""
    assert len({TRANSITIONS[state][event] for state in origins(event)}) == 1


FENCED = [
    (State.CLAIMED, Event.SEND),
    (State.CLAIMED, Event.RELEASE),
    (State.CLAIMED, Event.DRIFT),
    (State.SENDING, Event.ANSWER),
    (State.SENDING, Event.ERROR),
    (State.SENDING, Event.LOSE),
    (State.OUTCOME_UNKNOWN, Event.ANSWER),
]


@pytest.mark.parametrize(("state", "event"), FENCED, ids=lambda each: str(each))
@pytest.mark.parametrize("off", [-1, 1, 7])
async def test_another_fence_can_change_nothing(
    store: Store, redis: Redis, state: State, event: Event, off: int
) -> None:
    """Only the newest claim may go on, whatever state the hold is in."""
    hold = await brought(store, state)
    before = await content(redis, domain=DOMAIN)
    refused = await refusal(store, hold, event, fence=hold.fence + off)
    assert (refused.why, refused.hold) == ("fence", hold)
    with pytest.raises(Refused, match="fence"):
        await store.renew(replace(hold, fence=hold.fence + off))
    assert await content(redis, domain=DOMAIN) == before


async def test_a_worker_that_was_away(store: Store, redis: Redis) -> None:
    """A worker whose claim was given to another one can neither send nor give back nor answer."""
    first = await brought(store, State.CLAIMED)
    second = await store.step(await store.step(first, Event.RELEASE), Event.CLAIM)
    assert (first.fence, second.fence) == (1, 2)
    before = await content(redis, domain=DOMAIN)
    for event in (Event.SEND, Event.RELEASE, Event.DRIFT, Event.ANSWER, Event.ERROR, Event.LOSE):
        assert (await refusal(store, first, event, fence=first.fence)).why == "fence"
    assert await content(redis, domain=DOMAIN) == before
    assert (await store.step(second, Event.SEND, fence=second.fence)).state is State.SENDING


@pytest.mark.parametrize(("state", "event"), FENCED[1:6], ids=lambda each: str(each))
async def test_the_same_step_again(store: Store, redis: Redis, state: State, event: Event) -> None:
    """A worker that lost the reply repeats its step: it is told that it is done, and nothing changes."""
    hold = await brought(store, state)
    once = await store.step(hold, event, fence=hold.fence, fields={"note": b"first"})
    before = await content(redis, domain=DOMAIN)
    again = await store.step(hold, event, fence=hold.fence, fields={"note": b"second"})
    assert again == once
    assert await content(redis, domain=DOMAIN) == before


@pytest.mark.parametrize(
    ("event", "state"), [(Event.CLAIM, State.CLAIMED), (Event.SEND, State.SENDING)], ids=str
)
async def test_a_lease_is_taken_once(store: Store, event: Event, state: State) -> None:
    """Whoever finds it taken under its own fence has met another claim of that number: it may not send."""
    hold = await brought(store, state)
    assert (await refusal(store, hold, event, fence=hold.fence)).why == "state"


@pytest.mark.parametrize("workers", [2, 20, 150])
async def test_one_of_many_claims_wins(store: Store, redis_url: str, workers: int) -> None:
    """However many claim at once, over two connections' worth of processes, one gets the hold."""
    hold = await brought(store, State.APPROVED)
    other = connect(redis_url)
    sides = (store, stores(other, domain=DOMAIN)[0])
    claims = [sides[n % 2].step(hold, Event.CLAIM) for n in range(workers)]
    outcomes = await asyncio.gather(*claims, return_exceptions=True)
    await other.aclose()
    won = [outcome for outcome in outcomes if isinstance(outcome, Hold)]
    lost = [outcome.why for outcome in outcomes if isinstance(outcome, Refused)]
    assert [hold.fence for hold in won] == [1]
    assert lost == ["state"] * (workers - 1)


async def test_joining(store: Store) -> None:
    """The same request again is the same hold with one attempt more, whatever its second draft says."""
    first = draft()
    hold, _ = await store.open(first)
    joined, new = await store.open(draft(fingerprint=first.fingerprint, reason="another"))
    assert (new, joined) == (False, replace(hold, attempts=2))


@pytest.mark.parametrize("together", [2, 30])
async def test_opened_by_many_at_once(store: Store, together: int) -> None:
    """Exactly one of many identical requests makes the hold, the others join it."""
    drafts = [draft(fingerprint="f" * 64) for _ in range(together)]
    opened = await asyncio.gather(*(store.open(each) for each in drafts))
    assert sum(new for _, new in opened) == 1
    assert len({hold.hold_id for hold, _ in opened}) == 1
    assert max(hold.attempts for hold, _ in opened) == together
    assert len(await store.list()) == 1


async def test_opened_by_many_when_the_hold_is_gone(store: Store, redis: Redis) -> None:
    """A fingerprint that outlived its hold is freed once, and never taken from the next hold."""
    for _ in range(20):
        gone, _ = await store.open(draft(fingerprint="f" * 64))
        await redis.delete(f"{{sidegate:{DOMAIN}}}:hold:{gone.hold_id}")
        opened = await asyncio.gather(*(store.open(draft(fingerprint="f" * 64)) for _ in range(8)))
        assert sum(new for _, new in opened) == 1
        await redis.flushdb()


async def test_a_fingerprint_that_has_passed_on(store: Store, redis: Redis) -> None:
    """Neither whoever missed the gone hold too late nor its late collector takes it from the next hold."""
    key = f"{{sidegate:{DOMAIN}}}:fingerprint:{'f' * 64}"
    gone, _ = await store.open(draft(fingerprint="f" * 64))
    await redis.delete(f"{{sidegate:{DOMAIN}}}:hold:{gone.hold_id}")
    ended = await brought(store, State.EXECUTED, fingerprint="f" * 64)
    await redis.delete(key)
    following, new = await store.open(draft(fingerprint="f" * 64))
    assert new
    assert await store._join(gone.hold_id, "f" * 64) is None
    assert await store.collect(ended)
    assert await redis.get(key) == following.hold_id.encode()


async def test_an_id_twice(store: Store, redis: Redis) -> None:
    """A draft with the id of another hold is refused and changes nothing."""
    made = draft()
    await store.open(made)
    before = await content(redis, domain=DOMAIN)
    with pytest.raises(ValueError, match=f"`{made.hold_id}`"):
        await store.open(draft(hold_id=made.hold_id))
    assert await content(redis, domain=DOMAIN) == before


@pytest.mark.parametrize("state", [s for s in State if s not in OPEN | REMEMBERED], ids=str)
async def test_collected_once(store: Store, state: State) -> None:
    """The outcome is given to one of those who ask; afterwards the same request is a new hold."""
    hold = await brought(store, state)
    taken = await asyncio.gather(*(store.collect(hold) for _ in range(5)))
    assert sum(taken) == 1
    found = await store.find(hold.hold_id)
    assert found == replace(hold, collected=True)
    _, new = await store.open(draft(fingerprint=hold.fingerprint))
    assert new
    assert not await store.collect(hold)
    joined, new = await store.open(draft(fingerprint=hold.fingerprint))
    assert (new, joined.attempts) == (False, 2)


@pytest.mark.parametrize("state", sorted(OPEN | REMEMBERED), ids=str)
async def test_never_collected(store: Store, redis: Redis, state: State) -> None:
    """What is open has no outcome, and a denial or a doubt answers every later request."""
    hold = await brought(store, state)
    before = await content(redis, domain=DOMAIN)
    assert not await store.collect(hold)
    assert await content(redis, domain=DOMAIN) == before
    joined, new = await store.open(draft(fingerprint=hold.fingerprint))
    assert (new, joined.hold_id, joined.state) == (False, hold.hold_id, state)


async def test_the_late_answer_of_a_doubt(store: Store) -> None:
    """Once the answer is known after all, the outcome can be collected."""
    hold = await brought(store, State.OUTCOME_UNKNOWN)
    hold = await store.step(hold, Event.ANSWER, fence=hold.fence, fields={"answer": b"\x00sealed"})
    assert await store.sealed(hold.hold_id, part="answer") == b"\x00sealed"
    assert await store.collect(hold)


GUARDS = [
    ("approve after the window", State.PENDING, Event.APPROVE, {}, "late"),
    ("claim after the validity", State.APPROVED, Event.CLAIM, {}, "late"),
    ("expire in the window", None, Event.EXPIRE, {"due": True}, "early"),
    ("approve another digest", None, Event.APPROVE, {"digest": "0" * 64}, "digest"),
]


@pytest.mark.parametrize(
    ("lapsed_in", "event", "change", "why"), [g[1:] for g in GUARDS], ids=[g[0] for g in GUARDS]
)
async def test_guards(
    redis: Redis, lapsed_in: State | None, event: Event, change: dict[str, object], why: str
) -> None:
    """Each guard refuses by its own name and keeps everything as it is."""
    patient, lapsed = stores(redis)
    hold, _ = await (lapsed if lapsed_in is State.PENDING else patient).open(draft())
    if lapsed_in is State.APPROVED:
        hold = await lapsed.step(hold, Event.APPROVE)
    before = await content(redis, domain=DOMAIN)
    assert (await refusal(patient, hold, event, **change)).why == why
    assert await content(redis, domain=DOMAIN) == before


async def test_the_digest_that_was_seen(store: Store) -> None:
    """The right digest passes its guard."""
    hold, _ = await store.open(draft())
    assert (await store.step(hold, Event.APPROVE, digest=hold.digest)).state is State.APPROVED


@pytest.mark.parametrize(("state", "event"), [(State.APPROVED, Event.CLAIM), (State.CLAIMED, Event.SEND)])
async def test_the_kill_switch(store: Store, redis: Redis, state: State, event: Event) -> None:
    """While it is on, nothing is claimed and nothing is sent; when it is off again, both go on."""
    hold = await brought(store, state)
    await store.kill("ada: stop")
    assert await store.killed() == "ada: stop"
    before = await content(redis, domain=DOMAIN)
    assert (await refusal(store, hold, event, fence=hold.fence)).why == "killed"
    assert await content(redis, domain=DOMAIN) == before
    await store.kill(None)
    assert await store.killed() is None
    await store.step(hold, event, fence=hold.fence)


@pytest.mark.parametrize(
    ("tier", "validity"), [(Tier.EXTERNAL, timedelta(hours=24)), (Tier.HIGH_RISK, timedelta(minutes=15))]
)
async def test_the_validity_is_the_tiers(redis: Redis, tier: Tier, validity: timedelta) -> None:
    """How long an approval lasts depends on the hold's tier."""
    own = Store(
        redis,
        domain=DOMAIN,
        clocks=replace(
            PATIENT,
            approval_validity={Tier.EXTERNAL: timedelta(hours=24), Tier.HIGH_RISK: timedelta(minutes=15)},
        ),
    )
    before = datetime.now(UTC)
    hold = await brought(own, State.APPROVED, tier=tier)
    assert hold.run_by is not None
    assert abs(hold.run_by - before - validity) < timedelta(minutes=1)


async def test_a_lease_is_renewed(lapsed: Store, store: Store) -> None:
    """A claim that was overdue is not any more once its worker says that it lives."""
    hold = await store.step((await store.open(draft()))[0], Event.APPROVE)
    for event in (Event.CLAIM, Event.SEND):
        hold = await lapsed.step(hold, event)
        assert await store.overdue() == [hold.hold_id]
        await store.renew(hold)
        assert await store.overdue() == []
        assert (
            await refusal(store, hold, Event.LOSE if event is Event.SEND else Event.RELEASE, due=True)
        ).why == "early"


async def test_a_window_of_its_own(store: Store, redis: Redis) -> None:
    """A hold may give people longer than usual, or less; it is there at least until then."""
    for window in (timedelta(days=7), timedelta(minutes=1)):
        hold, _ = await store.open(draft(window=window))
        assert hold.decide_by - hold.created_at == window
        again, new = await store.open(draft(fingerprint=hold.fingerprint))
        assert (new, again.decide_by) == (False, hold.decide_by)
        lasts = await redis.pttl(f"{{sidegate:{DOMAIN}}}:hold:{hold.hold_id}")
        assert timedelta(milliseconds=lasts) > window
