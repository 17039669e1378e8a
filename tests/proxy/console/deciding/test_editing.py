"""A reviewer changes what a held call asks for."""

import asyncio
import json
from decimal import Decimal

import pytest

from proxy.console.deciding.deciding import Deciding
from proxy.console.deciding.editing import Editing
from proxy.console.problem import Problem
from proxy.console.reading.seen import Named
from rules.hold import Hold, State
from rules.request.strict_json import Json
from rules.reviewer import Reviewer
from rules.verdict import Tier
from tests.proxy.console.pages.browser import READ, posting
from tests.proxy.console.world import World

ADA, BOB, EVE = (Reviewer(name=name) for name in ("ada", "bob", "eve"))
LESS: Json = {"amount": 1, "to": "Zo\u00eb"}


async def changed(world: World, hold: Hold, value: Json = LESS, *, who: Reviewer = ADA) -> Hold:
    """What a change makes of it."""
    return await Editing(world.reviewing()).apply(hold.hold_id, value, who=who, digest=hold.digest)


async def refused(world: World, hold: Hold, value: Json = LESS, *, who: Reviewer = ADA) -> Problem:
    """Why there is no change."""
    with pytest.raises(Problem) as raised:
        await changed(world, hold, value, who=who)
    return raised.value


async def found(world: World, hold: Hold) -> Hold:
    """It as it stands."""
    one = await world.store.find(hold.hold_id)
    assert one is not None
    return one


async def test_a_changed_call_takes_its_place(world: World) -> None:
    """In one step: the old one has ended, the new one waits, and each knows the other."""
    hold = await world.hold(READ)
    made = await changed(world, hold)
    old = await found(world, hold)
    assert (old.state, old.superseded_by) == (State.SUPERSEDED, made.hold_id)
    assert (made.state, made.supersedes, made.generation) == (State.PENDING, hold.hold_id, 2)
    assert (made.edited_by, made.fingerprint, made.tier) == ("ada", hold.fingerprint, hold.tier)
    assert made.idempotency_key != hold.idempotency_key
    action = await world.reviewing().action(made)
    assert json.loads(action.body) == LESS
    assert await world.store.latest(hold.hold_id) == made


async def test_it_needs_an_approval_of_its_own(world: World) -> None:
    """Also by who changed it: what was approved before was another call."""
    hold = await world.hold(READ)
    deciding, unnamed = Deciding(world.reviewing()), Named(preview=None, viewed=frozenset())
    made = await changed(world, hold)
    with pytest.raises(Problem) as raised:
        await deciding.approve(hold.hold_id, who=ADA, digest=hold.digest, named=unnamed)
    assert raised.value.members["why"] == "state"
    with pytest.raises(Problem) as raised:
        await deciding.approve(made.hold_id, who=ADA, digest=hold.digest, named=unnamed)
    assert raised.value.members["why"] == "digest"
    approved = await deciding.approve(made.hold_id, who=ADA, digest=made.digest, named=unnamed)
    assert approved.state is State.APPROVED


async def test_a_second_change_follows_the_first(world: World) -> None:
    """The agent's request and the old ids lead to the last one."""
    hold = await world.hold(READ)
    second = await changed(world, hold)
    third = await changed(world, second, {"amount": 2}, who=BOB)
    assert (third.generation, third.edited_by) == (3, "bob")
    for one in (hold, second, third):
        assert await world.store.latest(one.hold_id) == third


async def test_a_double_click_changes_once(world: World) -> None:
    """The same change of the same person is answered with what it made; another one is refused."""
    hold = await world.hold(READ)
    made = await asyncio.gather(*(changed(world, hold) for _ in range(5)))
    assert len({one.hold_id for one in made}) == 1
    assert (await refused(world, hold, {"amount": 2})).members["why"] == "state"
    assert (await refused(world, hold, who=BOB)).members["why"] == "state"


async def test_of_two_changes_at_once_one_is_made(world: World) -> None:
    """Nothing is held twice."""
    hold = await world.hold(READ)
    tries = [changed(world, hold, {"amount": number}, who=who) for number, who in enumerate([ADA, BOB] * 3)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    made = [one for one in outcomes if isinstance(one, Hold)]
    assert len(made) == 1
    waiting = [one for one in await world.store.list() if one.state is State.PENDING]
    assert [one.hold_id for one in waiting] == [made[0].hold_id]


async def test_a_change_and_an_approval_at_once(world: World) -> None:
    """Either it runs as it was, or it waits as it was changed, and never both."""
    unnamed = Named(preview=None, viewed=frozenset())
    for _ in range(6):
        hold = await world.hold(READ)
        deciding = Deciding(world.reviewing())
        approving = deciding.approve(hold.hold_id, who=BOB, digest=hold.digest, named=unnamed)
        await asyncio.gather(changed(world, hold), approving, return_exceptions=True)
        assert (await found(world, hold)).state in (State.APPROVED, State.SUPERSEDED)
        newest = await world.store.latest(hold.hold_id)
        assert newest is not None
        assert newest.state in (State.APPROVED, State.PENDING)


REFUSED: dict[str, tuple[bytes, Json, str]] = {
    "nothing different": (READ.body, {"to": "Zo\u00eb", "amount": Decimal("12.50")}, "uneditable"),
    "no json": (b"amount=1", LESS, "uneditable"),
    "a list": (READ.body, [1], "uneditable"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_change(world: World, name: str) -> None:
    """It says why, and the hold waits on."""
    body, value, why = REFUSED[name]
    hold = await world.hold(posting(body))
    problem = await refused(world, hold, value)
    assert problem.members["type"] == f"urn:sidegate:api:{why}"
    assert await world.state(hold) is State.PENDING


async def test_whoever_asks_does_not_change_it(world: World) -> None:
    """Nor does anybody change what they have not read."""
    hold = await world.hold(READ)
    assert (await refused(world, hold, who=EVE)).status == 403
    with pytest.raises(Problem) as raised:
        await Editing(world.reviewing()).apply(hold.hold_id, LESS, who=ADA, digest="0" * 64)
    assert raised.value.members["why"] == "digest"


async def test_what_is_damaged_is_not_changed(world: World) -> None:
    """Nobody has read it."""
    hold = await world.hold(READ)
    await world.spoil(hold, "sealed", b"x" * 100)
    assert (await refused(world, hold)).members["why"] == "integrity"


async def test_a_change_is_seen_before_it_is_made(world: World) -> None:
    """What differs, and the tier that it would have: nothing has happened then."""
    hold = await world.hold(READ, tier=Tier.EXTERNAL)
    editing = Editing(world.reviewing())
    seen = await editing.preview(hold.hold_id, LESS, who=ADA, digest=hold.digest)
    assert (seen["tier_before"], seen["tier"]) == (3, 4)
    assert seen["changes"] == [{"path": "amount", "before": "12.5", "after": "1"}]
    assert await world.state(hold) is State.PENDING
    made = await changed(world, hold)
    assert (made.digest, made.tier) == (seen["digest"], Tier.HIGH_RISK)


async def test_who_changed_it_is_sealed_in_it(world: World) -> None:
    """Whoever writes another name, or that nobody did, makes it worthless."""
    hold = await world.hold(READ)
    made = await changed(world, hold)
    for field, value in (("edited_by", b"bob"), ("generation", b"1"), ("supersedes", b"")):
        before = await found(world, made)
        await world.spoil(made, field, value)
        assert (await refused(world, made, {"amount": 3})).members["why"] == "integrity"
        await world.spoil(made, field, str(getattr(before, field)).encode())
