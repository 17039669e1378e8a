"""A changed call in a held one's place: what it keeps of that, and what is its own."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from proxy.store.store import Refused
from rules.edit import Edited, edit
from rules.hold import Event, Hold, State
from rules.review.reasoning import PART as REASONING
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World
from tests.proxy.drafts import content


@pytest.fixture
async def world(redis_url: str) -> AsyncIterator[World]:
    """Give an approval domain of its own."""
    made = World.build(redis_url)
    yield made
    await made.redis.aclose()


async def an_edit(world: World, hold: Hold, amount: int = 1) -> Edited:
    """A change of its amount."""
    found = edit(hold, READ, {"amount": amount}, world.ruleset)
    assert isinstance(found, Edited)
    return found


async def test_what_the_agent_said_goes_with_it(world: World) -> None:
    """Sealed anew, for the new hold."""
    hold = await world.hold(READ)
    await world.spoil(hold, REASONING, world.sealed.close_part(hold, REASONING, "rent is due"))
    made = await world.editing.apply(hold, await an_edit(world, hold), who="ada")
    said = await world.store.sealed(made.hold_id, part=REASONING)
    assert said is not None
    assert world.sealed.open_part(made, REASONING, said) == "rent is due"


@pytest.mark.parametrize("event", [Event.APPROVE, Event.REJECT, Event.CANCEL, Event.EXPIRE, Event.KILL])
async def test_what_does_not_wait_any_more_is_not_replaced(world: World, event: Event) -> None:
    """Somebody was quicker: nothing at all has changed."""
    hold = await world.hold(READ)
    moved = await world.store.step(hold, event)
    before = await content(world.redis, domain=world.domain)
    with pytest.raises(Refused) as raised:
        await world.editing.apply(hold, await an_edit(world, hold), who="ada")
    assert (raised.value.why, raised.value.hold) == ("state", moved)
    assert await content(world.redis, domain=world.domain) == before


async def test_the_same_request_joins_it(world: World) -> None:
    """The agent knows nothing of the change, and its retry finds the new hold."""
    hold = await world.hold(READ)
    made = await world.editing.apply(hold, await an_edit(world, hold), who="ada")
    key = f"{{sidegate:{world.domain}}}:fingerprint:{hold.fingerprint}"
    assert await world.redis.get(key) == made.hold_id.encode()


async def test_sets_name_the_new_one_alone(world: World) -> None:
    """What may still change, and when each of them ends."""
    hold = await world.hold(READ)
    made = await world.editing.apply(hold, await an_edit(world, hold), who="ada")
    assert await world.store.unended() == [made.hold_id]
    deadlines = await world.redis.zrange(f"{{sidegate:{world.domain}}}:deadlines", 0, -1)
    assert set(deadlines) == {hold.hold_id.encode(), made.hold_id.encode()}
    assert await world.redis.pttl(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}") > 0


async def test_a_chain_that_was_written_by_hand(world: World) -> None:
    """It leads to no other agent's hold, and to no end without one."""
    hold, other = await world.hold(READ), await world.hold(READ)
    await world.spoil(hold, "superseded_by", other.hold_id.encode())
    found = await world.store.latest(hold.hold_id)
    assert found == replace(hold, superseded_by=other.hold_id)
    await world.spoil(hold, "superseded_by", hold.hold_id.encode())
    circle = await world.store.latest(hold.hold_id)
    assert circle is not None
    assert circle.state is State.PENDING
