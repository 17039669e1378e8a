"""What all holds have in common, whatever carried the call."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from proxy.agent import Agent
from proxy.keeping import Keeping
from proxy.signals import Signals
from proxy.store.record import StoreUnavailable
from proxy.store.store import Refused
from rules.action import Principal
from rules.call import ToolCall
from rules.hold import Event, Hold, State
from rules.mcp.action import ToolAction
from rules.reply import Reply
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.proxy.console.world import World

CALL = ToolCall(server="bank", tool="pay", arguments={"amount": 5})
JUDGED = Judgement(
    tier=Tier.HIGH_RISK, verdict=Verdict.HOLD, reason_id=ReasonId.RULE, reason="money", rule="pay"
)
ANSWER = Reply(status=200, body=b"paid")
NOTHING: Reply | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A keeping and the store behind it."""

    keeping: Keeping
    world: World

    @property
    def action(self) -> ToolAction:
        """The call as it would be bound."""
        return self.keeping.agent.tool_action(CALL, place="p")

    async def hold(self) -> Hold:
        """The call, held, with what its agent said."""
        fingerprint = self.keeping.agent.tool_fingerprint(self.action)
        draft = self.keeping.draft(self.action, JUDGED, fingerprint=fingerprint, policy="p")
        hold, _ = await self.keeping.open(self.keeping.close(draft, self.action, reasoning="why"), CALL)
        return hold

    async def executed(self) -> Hold:
        """The call, approved and run, with its answer stored."""
        hold = await self.world.approve(await self.hold())
        hold = await self.world.store.step(hold, Event.CLAIM, claim=True)
        hold = await self.world.store.step(hold, Event.SEND, fence=hold.fence)
        sealed = self.world.sealed.close_answer(hold, ANSWER)
        return await self.world.store.step(hold, Event.ANSWER, fence=hold.fence, fields={"answer": sealed})


@pytest.fixture
async def room(redis_url: str) -> AsyncIterator[Room]:
    """Give one over a store of its own."""
    world = World.build(redis_url)
    agent = Agent(principal=Principal(agent="a"), secret_headers=frozenset(), key=b"k" * 32)
    yield Room(
        Keeping(
            agent=agent,
            store=world.store,
            sealed=world.sealed,
            signals=Signals(world.store, world.metrics),
            metrics=world.metrics,
            history=world.history,
        ),
        world,
    )
    await world.redis.aclose()


async def test_the_same_call_joins_its_hold(room: Room) -> None:
    """It is counted as a retry, and remembered once."""
    first, second = await room.hold(), await room.hold()
    assert (second.hold_id, second.attempts) == (first.hold_id, 2)
    assert room.world.metrics.retries_joined._value.get() == 1
    assert len(await room.world.history.newest(room.keeping.agent)) == 1


async def test_a_hold_is_its_own_agents_alone(room: Room) -> None:
    """To another one it does not exist, and neither does one whose contents were changed."""
    hold = await room.hold()
    found = await room.keeping.own(hold.hold_id)
    assert found is not None
    assert found[1] == room.action
    other = replace(room.keeping, agent=replace(room.keeping.agent, principal=Principal(agent="b")))
    assert await other.own(hold.hold_id) is None
    assert await room.keeping.own("01ARZ3NDEKTSV4RRFFQ69G5FAV") is None
    await room.world.spoil(hold, "sealed", b"x")
    assert await room.keeping.own(hold.hold_id) is None
    assert room.world.metrics.integrity_failures._value.get() == 1


async def test_an_outcome_is_told_once_and_a_denial_every_time(room: Room) -> None:
    """Once told, the same call is free to be asked again; what was denied never is."""
    ran = await room.executed()
    assert await room.keeping.answer(ran) == ANSWER
    assert await room.keeping.hand_out(ran, ANSWER) == ANSWER
    assert (await room.hold()).hold_id != ran.hold_id
    denied = await room.world.store.step(await room.hold(), Event.REJECT)
    assert await room.keeping.hand_out(denied, NOTHING) is None
    assert (await room.hold()).hold_id == denied.hold_id


async def test_an_answer_that_does_not_open_keeps_the_call_from_running_again(room: Room) -> None:
    """That it ran is told as often as it is asked."""
    ran = await room.executed()
    await room.world.spoil(ran, "answer", b"x")
    assert await room.keeping.answer(ran) is None
    assert await room.keeping.hand_out(ran, NOTHING) is None
    assert (await room.hold()).hold_id == ran.hold_id


async def test_destroyed_contents_are_no_breach(room: Room) -> None:
    """Their time was over; nobody has to look into it."""
    ran = await room.executed()
    await room.world.redis.hdel(f"{{sidegate:{room.world.domain}}}:hold:{ran.hold_id}", "answer", "key")
    await room.world.spoil(ran, "shredded", b"1")
    found = await room.world.store.find(ran.hold_id)
    assert found is not None
    assert await room.keeping.answer(found) is None
    assert room.world.metrics.integrity_failures._value.get() == 0


async def test_what_is_approved_while_its_agent_waits_is_run_with_its_help(room: Room) -> None:
    """Given back unsent, it is not tried again at once."""
    hold, runs = await room.world.approve(await room.hold()), list[str]()

    async def run(one: Hold) -> Hold:
        runs.append(one.hold_id)
        return one

    waited = await room.keeping.wait(hold, run, gone=lambda: False, seconds=0.2)
    assert (waited.state, runs) == (State.APPROVED, [hold.hold_id])


async def test_an_agent_that_has_gone_is_not_waited_for(room: Room) -> None:
    """Nor while the process shuts down."""
    hold = await room.hold()
    assert await room.keeping.wait(hold, None, gone=lambda: True, seconds=60) is hold
    room.keeping.signals.draining = True
    assert await room.keeping.wait(hold, None, gone=lambda: False, seconds=60) == hold


async def test_taking_back_frees_the_call_while_it_is_not_too_late(room: Room) -> None:
    """What ran stays what it is."""
    first = await room.hold()
    assert (await room.keeping.take_back(first)).state is State.CANCELLED
    assert (await room.hold()).hold_id != first.hold_id
    ran = await room.executed()
    with pytest.raises(Refused):
        await room.keeping.take_back(ran)


@pytest.mark.parametrize(
    ("raised", "reason_id"),
    [
        (StoreUnavailable("gone"), ReasonId.STORE_UNAVAILABLE),
        (RuntimeError("unforeseen"), ReasonId.GATE_FAILED),
    ],
    ids=["store away", "unforeseen"],
)
async def test_a_failure_after_the_recording_is_counted_and_denies_nothing(
    room: Room, raised: Exception, reason_id: ReasonId
) -> None:
    """The hold stands; only what becomes of it cannot be told."""

    async def failing() -> str:
        raise raised

    assert await room.keeping.follow(failing()) is reason_id
    assert room.world.metrics.failed_closed.labels(reason_id)._value.get() == 1
