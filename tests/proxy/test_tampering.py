"""Somebody writes into the store: whatever they change, nothing runs but what a person has approved.

Every field of a stored hold is changed by one byte, deleted, and exchanged with another hold's, in a real
store, before the real console decides and before the real worker runs it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from proxy.replay.worker import Worker
from proxy.signals import Signals
from proxy.store.record import Unreadable
from rules.action import Action
from rules.hold import Event, Hold, State
from rules.reviewer import Reviewer
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.console.world import TOKENS
from tests.proxy.drafts import draft, text
from tests.proxy.replays import Replays, action_to, replaying

HARMLESS: dict[str, str] = {
    "attempts": "a counter that people see",
    "created_at": "people see it, and waiting times are measured from it",
    "decide_by": "a person decides on the exact digest, early or late",
    "run_by": "an approval lapses when its signature says so, whatever stands here",
    "fence": "the claim raises it and sends under the one that it has then",
    "state": "where a hold stands and not whether it may run: that is signed",
}
"""Fields after whose change the approved action may still run, once and unchanged; else it never does."""

ALWAYS = (
    *(name for name in HARMLESS if name != "run_by"),
    "sealed",
    "digest",
    "fingerprint",
    "idempotency_key",
    "tier",
)
ALWAYS += ("rule", "reason_id", "reason", "policy", "key", "credential")
DECIDED = (*ALWAYS, "run_by", "decided_by", "decision_reason", "decision")
_SAMPLES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One domain with its worker, and an upstream that counts."""

    replays: Replays
    worker: Worker
    upstream: Upstream

    @property
    def action(self) -> Action:
        """What is asked for."""
        return action_to(self.upstream.port)

    def key(self, name: str) -> str:
        """A key of the domain."""
        return f"{{sidegate:{self.replays.world.domain}}}:{name}"

    async def fields(self, hold: Hold) -> dict[str, bytes]:
        """All that is stored of a hold."""
        found: dict[Any, Any] = await self.replays.world.redis.hgetall(self.key(f"hold:{hold.hold_id}"))
        return {text(name): value for name, value in found.items()}

    async def write(self, hold: Hold, fields: dict[str, bytes | None]) -> None:
        """Write into a hold, past everything that guards it, and offer it to the workers."""
        world = self.replays.world
        for name, value in fields.items():
            if value is None:
                await world.redis.hdel(self.key(f"hold:{hold.hold_id}"), name)
            else:
                await world.redis.hset(self.key(f"hold:{hold.hold_id}"), name, value)
        await world.redis.zadd(self.key("approved"), {hold.hold_id: 1})

    async def approve(self, hold: Hold) -> None:
        """Approve it over the console, as far as the console does."""
        async with self.replays.world.client(token=TOKENS["ada"]) as client:
            await client.post(f"/api/holds/{hold.hold_id}/approve", json={"digest": self.action.digest})

    async def run(self, hold: Hold) -> int:
        """Let the worker have it; how often it ran."""
        await self.worker._run(hold.hold_id)
        ran = self.upstream.executed
        assert all(r.head.startswith(b"POST /pay HTTP/1.1\r\n") for r in ran)
        assert all(r.body == self.action.body for r in ran)
        return len(ran)


@asynccontextmanager
async def a_scene(url: str, authority: Authority) -> AsyncIterator[Scene]:
    """A new domain on a new upstream."""
    with Upstream(authority.issue()) as upstream:
        async with replaying(url, authority) as replays:
            signals = Signals(replays.store, replays.world.metrics)
            replayer, sealed = replays.replayer, replays.world.sealed
            worker = Worker(
                store=replays.store, sealed=sealed, signals=signals, replayer=replayer, tasks=replayer.tasks
            )
            yield Scene(replays=replays, worker=worker, upstream=upstream)


@pytest.fixture
async def scene(redis_url: str, authority: Authority) -> AsyncIterator[Scene]:
    """Give a new scene."""
    async with a_scene(redis_url, authority) as scene:
        yield scene


async def held(scene: Scene) -> Hold:
    return await scene.replays.world.hold(scene.action)


async def approved(scene: Scene) -> Hold:
    return await scene.replays.world.approve(await held(scene), reason="it was ordered")


async def decided(scene: Scene, hold: Hold, state: State) -> None:
    if state is State.PENDING:
        await scene.approve(hold)


MAKE: dict[State, Callable[[Scene], Awaitable[Hold]]] = {State.PENDING: held, State.APPROVED: approved}
CASES = [(State.PENDING, field) for field in ALWAYS] + [(State.APPROVED, field) for field in DECIDED]


def mutations(value: bytes) -> list[bytes]:
    """`value` with one byte changed, at places from its first to its last."""
    last = len(value) - 1
    places = sorted({round(n * last / (_SAMPLES - 1)) for n in range(_SAMPLES)}) if value else []
    changed = [value[:at] + bytes([value[at] ^ (1, 0x80)[at % 2]]) + value[at + 1 :] for at in places]
    return changed or [b"x"]


@pytest.mark.parametrize("state", MAKE)
async def test_every_field_is_in_the_table(scene: Scene, state: State) -> None:
    """A field that is added to holds has to be tampered with here."""
    hold = await MAKE[state](scene)
    assert set(await scene.fields(hold)) == set(ALWAYS if state is State.PENDING else DECIDED)


async def test_untouched_it_runs(scene: Scene) -> None:
    """So what does not run below does not run because of what was changed."""
    hold = await held(scene)
    await scene.approve(hold)
    assert await scene.run(hold) == 1


@pytest.mark.parametrize(("state", "field"), CASES)
async def test_one_byte(scene: Scene, state: State, field: str) -> None:
    """One byte of one field, before the decision or after it."""
    value = (await scene.fields(await MAKE[state](scene)))[field]
    ran = 0
    for at in range(len(mutations(value))):
        hold = await MAKE[state](scene)
        await scene.write(hold, {field: mutations((await scene.fields(hold))[field])[at]})
        await decided(scene, hold, state)
        now = await scene.run(hold)
        assert now - ran <= (field in HARMLESS)
        ran = now


@pytest.mark.parametrize(("state", "field"), CASES)
async def test_a_field_deleted(scene: Scene, state: State, field: str) -> None:
    """A field that is not there."""
    hold = await MAKE[state](scene)
    await scene.write(hold, {field: None})
    await decided(scene, hold, state)
    assert await scene.run(hold) <= (field in HARMLESS)


@pytest.mark.parametrize(("state", "field"), CASES)
async def test_a_field_of_another_hold(scene: Scene, state: State, field: str) -> None:
    """Two holds of the same action, one field exchanged between them."""
    one, other = await MAKE[state](scene), await MAKE[state](scene)
    mine, yours = await scene.fields(one), await scene.fields(other)
    await scene.write(one, {field: yours[field]})
    await scene.write(other, {field: mine[field]})
    for hold in (one, other):
        await decided(scene, hold, state)
        ran = await scene.run(hold)
    assert ran <= (2 if field in HARMLESS or mine[field] == yours[field] else 0)


LATER = str(9_999_999_999_999).encode()


async def by_hand(scene: Scene) -> Hold:
    """A pending hold is written to be approved."""
    hold = await held(scene)
    await scene.write(hold, {"state": b"approved", "run_by": LATER, "decided_by": b"ada"})
    return hold


async def with_a_copied_approval(scene: Scene) -> Hold:
    """The approval of another hold of the same action, with everything that belongs to it."""
    hold, other = await held(scene), await approved(scene)
    copied = await scene.fields(other)
    names = ("state", "run_by", "decided_by", "decision_reason", "decision", "fence")
    await scene.write(hold, {name: copied[name] for name in names})
    return hold


async def of_another_person(scene: Scene) -> Hold:
    """The approval is given to somebody else."""
    hold = await approved(scene)
    await scene.write(hold, {"decided_by": b"bob"})
    return hold


async def with_another_reason(scene: Scene) -> Hold:
    """Words are put into the reviewer's mouth."""
    hold = await approved(scene)
    await scene.write(hold, {"decision_reason": b"the board agreed"})
    return hold


async def of_a_rejection(scene: Scene) -> Hold:
    """A signed rejection is written to be an approval."""
    hold = await held(scene)
    fields = scene.replays.world.reviewing().decision(
        hold, Event.REJECT, who=Reviewer(name="ada"), reason="no"
    )
    hold = await scene.replays.store.step(hold, Event.REJECT, fields=fields)
    await scene.write(hold, {"state": b"approved", "run_by": LATER})
    return hold


async def of_another_domain(scene: Scene) -> Hold:
    """The same key signs for another approval domain."""
    hold = await held(scene)
    world = scene.replays.world
    fields = world.reviewing().decision(hold, Event.APPROVE, who=Reviewer(name="ada"), reason="")
    foreign = world.build(world.url, domain="elsewhere", key=world.key)
    other = foreign.reviewing().decision(hold, Event.APPROVE, who=Reviewer(name="ada"), reason="")
    await foreign.redis.aclose()
    hold = await scene.replays.store.step(hold, Event.APPROVE, fields=fields)
    await scene.write(hold, {"decision": other["decision"]})
    return hold


FORGERIES = (
    by_hand,
    with_a_copied_approval,
    of_another_person,
    with_another_reason,
    of_a_rejection,
    of_another_domain,
)


@pytest.mark.parametrize("forge", FORGERIES, ids=[forge.__name__ for forge in FORGERIES])
async def test_an_approval_that_nobody_gave(scene: Scene, forge: Callable[[Scene], Awaitable[Hold]]) -> None:
    """It ends the hold, with an alarm, and nothing runs."""
    hold = await forge(scene)
    assert await scene.run(hold) == 0
    found = await scene.replays.found(hold)
    assert found.state is State.DRIFT_REFUSED
    assert found.note.startswith("integrity: ")
    assert scene.replays.count("sidegate_integrity_failures_total") == 1


async def test_an_approval_prolonged(scene: Scene) -> None:
    """The validity in the store says more than the signature does."""
    world = scene.replays.world
    hold = await held(scene)
    valid = scene.replays.store.validity(hold.tier)
    world.clock.moment -= valid * 2
    hold = await world.approve(hold)
    await scene.write(hold, {"run_by": LATER})
    assert await scene.run(hold) == 0
    assert "has lapsed" in (await scene.replays.found(hold)).note


_PUT_BACK: dict[str, dict[str, bytes | None]] = {
    "its state alone": {},
    "its attempts as well": {"sends": None},
    "everything as it was": {"sends": None, "fence": b"0", "answer": None, "lease_until": None},
}


@pytest.mark.parametrize("written", _PUT_BACK.values(), ids=_PUT_BACK)
async def test_an_executed_hold_put_back(scene: Scene, written: dict[str, bytes | None]) -> None:
    """Its approval is a real one and still holds, and this sidecar has it in writing that it was sent."""
    hold = await approved(scene)
    assert await scene.run(hold) == 1
    await scene.write(hold, {"state": b"approved", **written})
    assert await scene.run(hold) == 1
    assert (await scene.replays.found(hold)).state is State.OUTCOME_UNKNOWN


async def test_the_sets_altered(scene: Scene) -> None:
    """An id among the approved or the overdue that is neither, and one that is and is missing there."""
    redis = scene.replays.world.redis
    pending, lost = await held(scene), await approved(scene)
    await redis.zadd(scene.key("approved"), {pending.hold_id: 1, "01J0000000000000000000000A": 1})
    await redis.zrem(scene.key("approved"), lost.hold_id)
    for name in await scene.replays.store.approved():
        await scene.worker._run(name)
    assert scene.upstream.executed == []
    assert (await scene.replays.found(pending)).state is State.PENDING
    assert (await scene.replays.found(lost)).state is State.APPROVED


async def test_the_index_of_fingerprints_points_elsewhere(scene: Scene) -> None:
    """A request is not joined to another one's hold, whose answer it would be given."""
    other = await approved(scene)
    mine = draft()
    await scene.replays.world.redis.set(scene.key(f"fingerprint:{mine.fingerprint}"), other.hold_id)
    with pytest.raises(Unreadable, match="another one's"):
        await scene.replays.store.open(mine)
