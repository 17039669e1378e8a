"""Several people about one hold: what they say is signed, counted once, and can be taken back for a while."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from proxy.console.deciding.deciding import Deciding
from proxy.console.deciding.votes import cast
from proxy.console.problem import Problem
from proxy.console.reading.seen import Named
from proxy.store.store import Store
from rules.decision import unsigned
from rules.hold import Event, Hold, State
from rules.reviewer import Reviewer
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World
from tests.proxy.drafts import PATIENT
from tests.rules.calls import compiled

ADA, BOB = Reviewer(name="ada"), Reviewer(name="bob", groups=frozenset({"finance"}))
CLEO = Reviewer(name="cleo", groups=frozenset({"finance", "ops"}))
EVE = Reviewer(name="eve")
TWO = "quorum: 2"
BOTH_GROUPS = "quorum: {count: 2, groups: [finance, ops]}"
UNNAMED = Named(preview=None, viewed=frozenset())


def asking_for(world: World, quorum: str, *, grace: float = 0) -> World:
    """The world under a rule that asks for that quorum."""
    rules = f"rules: [{{id: pay, match: {{host: bank.example}}, tier: 4, {quorum}}}]"
    graces = dict.fromkeys(PATIENT.approval_validity, timedelta(seconds=grace))
    store = Store(world.redis, domain=world.domain, clocks=replace(PATIENT, grace=graces))
    return replace(world, ruleset=compiled(rules), store=store)


async def yes(world: World, hold: Hold, who: Reviewer, *, digest: str = READ.digest) -> Hold:
    """Say yes."""
    return await Deciding(world.reviewing()).approve(hold.hold_id, who=who, digest=digest, named=UNNAMED)


async def refused(world: World, hold: Hold, who: Reviewer) -> Problem:
    """Why a yes is not heard."""
    with pytest.raises(Problem) as raised:
        await yes(world, hold, who)
    return raised.value


async def test_the_second_person_approves_it(world: World) -> None:
    """Until then it waits, whoever of the two comes first; each statement is signed."""
    two = asking_for(world, TWO)
    hold = await two.hold(READ)
    waiting = await yes(two, hold, ADA)
    assert (waiting.state, waiting.decided_by, len(waiting.votes)) == (State.PENDING, "", 1)
    approved = await yes(two, hold, BOB)
    assert (approved.state, approved.decided_by) == (State.APPROVED, "bob")
    votes = cast(two.reviewing(), approved)
    assert [(vote.said.who, vote.said.event, vote.said.groups) for vote in votes] == [
        ("ada", Event.APPROVE, ()),
        ("bob", Event.APPROVE, ("finance",)),
    ]


async def test_a_person_counts_once(world: World) -> None:
    """However often, at once, and under any spelling of the name."""
    two = asking_for(world, TWO)
    hold = await two.hold(READ)
    same = [ADA, ADA, Reviewer(name="ADA"), Reviewer(name="ada\u200b")]
    for answer in await asyncio.gather(*(yes(two, hold, who) for who in same * 3)):
        assert (answer.state, len(answer.votes)) == (State.PENDING, 1)


async def test_many_people_at_once(world: World) -> None:
    """No vote is lost, and the last one that is needed approves it once."""
    many = asking_for(world, "quorum: 5")
    hold = await many.hold(READ)
    people = [Reviewer(name=f"reviewer-{number}") for number in range(5)]
    answers = await asyncio.gather(*(yes(many, hold, who) for who in people))
    assert sorted(answer.state for answer in answers) == [State.APPROVED] + [State.PENDING] * 4
    found = await many.store.find(hold.hold_id)
    assert found is not None
    assert len({unsigned(one).who for one in (*found.votes, found.decision)}) == 5


@pytest.mark.parametrize(
    ("people", "approved"),
    [
        ([ADA, BOB], False),
        ([BOB, CLEO], True),
        ([CLEO, BOB], True),
        ([ADA, CLEO], False),
        ([ADA, CLEO, BOB], True),
    ],
    ids=["ada bob", "bob cleo", "cleo bob", "ada cleo", "ada cleo bob"],
)
async def test_a_person_of_each_group(world: World, people: list[Reviewer], *, approved: bool) -> None:
    """Nobody speaks for two groups, and it does not matter who came first."""
    grouped = asking_for(world, BOTH_GROUPS)
    hold = await grouped.hold(READ)
    for who in people:
        answer = await yes(grouped, hold, who)
    assert (answer.state is State.APPROVED) is approved


async def test_who_asks_does_not_approve(world: World) -> None:
    """The person for whom the agent acts: 403 with the cure, and nothing is counted."""
    hold = await world.hold(READ)
    problem = await refused(world, hold, EVE)
    assert (problem.status, problem.members["type"]) == (403, "urn:sidegate:api:own_request")
    assert "somebody else" in str(problem)
    assert await world.state(hold) is State.PENDING


async def test_one_no_ends_it(world: World) -> None:
    """Whatever others have said."""
    two = asking_for(world, TWO)
    hold = await two.hold(READ)
    await yes(two, hold, ADA)
    ended = await Deciding(two.reviewing()).reject(hold.hold_id, who=BOB, reason="no")
    assert (ended.state, ended.decided_by) == (State.REJECTED, "bob")
    assert (await refused(two, hold, CLEO)).members["why"] == "state"


async def test_a_vote_is_taken_back(world: World) -> None:
    """Then it does not count any more; what is not there is taken back already."""
    two = asking_for(world, TWO)
    hold, deciding = await two.hold(READ), Deciding(two.reviewing())
    await yes(two, hold, ADA)
    for _ in range(2):
        assert (await deciding.undo(hold.hold_id, who=ADA)).votes == ()
    assert (await yes(two, hold, BOB)).state is State.PENDING
    assert (await yes(two, hold, ADA)).state is State.APPROVED


@pytest.mark.parametrize("who", [ADA, BOB], ids=["the first", "the last"])
async def test_an_approval_is_taken_back_by_either(world: World, who: Reviewer) -> None:
    """The other's stands, so that one yes is missing again."""
    two = asking_for(world, TWO, grace=60)
    hold, deciding = await two.hold(READ), Deciding(two.reviewing())
    await yes(two, hold, ADA)
    assert (await yes(two, hold, BOB)).grace_until is not None
    back = await deciding.undo(hold.hold_id, who=who)
    assert (back.state, back.decided_by, back.decision, len(back.votes)) == (State.PENDING, "", "", 1)
    with pytest.raises(Problem) as raised:
        await Deciding(two.reviewing()).approve(hold.hold_id, who=CLEO, digest="0" * 64, named=UNNAMED)
    assert raised.value.members["why"] == "digest"
    assert (await yes(two, hold, CLEO)).state is State.APPROVED


async def test_another_one_cannot_take_it_back(world: World) -> None:
    """Who has not approved it can reject it: 403 says so."""
    one = asking_for(world, "quorum: 1", grace=60)
    hold = await one.hold(READ)
    await yes(one, hold, ADA)
    with pytest.raises(Problem) as raised:
        await Deciding(one.reviewing()).undo(hold.hold_id, who=BOB)
    assert (raised.value.status, raised.value.members["type"]) == (403, "urn:sidegate:api:not_yours")
    assert await one.state(hold) is State.APPROVED


async def test_after_its_time_nothing_is_taken_back(world: World) -> None:
    """Nor where there is none."""
    hold = await world.hold(READ)
    await yes(world, hold, ADA)
    with pytest.raises(Problem) as raised:
        await Deciding(world.reviewing()).undo(hold.hold_id, who=ADA)
    assert (raised.value.status, raised.value.members["why"]) == (409, "grace")


async def test_what_has_ended_is_not_taken_back(world: World) -> None:
    """The state is told."""
    hold = await world.hold(READ)
    await Deciding(world.reviewing()).reject(hold.hold_id, who=ADA, reason="no")
    with pytest.raises(Problem) as raised:
        await Deciding(world.reviewing()).undo(hold.hold_id, who=ADA)
    assert raised.value.members["why"] == "state"


async def test_a_vote_that_lapsed_does_not_count(world: World) -> None:
    """Its person has to say yes again."""
    two = asking_for(world, TWO)
    hold = await two.hold(READ)
    await yes(two, hold, ADA)
    two.clock.moment += timedelta(days=2)
    assert (await yes(two, hold, BOB)).state is State.PENDING
    assert (await yes(two, hold, ADA)).state is State.APPROVED


async def test_a_forged_vote_makes_it_impossible_to_approve(world: World) -> None:
    """Somebody writes another name into what was signed."""
    two = asking_for(world, TWO)
    hold = await two.hold(READ)
    (vote,) = (await yes(two, hold, ADA)).votes
    await two.spoil(hold, "votes", vote.replace('"ada"', '"bob"').encode())
    assert (await refused(two, hold, CLEO)).members["why"] == "integrity"
    async with two.client() as api:
        shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    assert shown["quorum"] is None
    rejected = await Deciding(two.reviewing()).reject(hold.hold_id, who=CLEO, reason="odd")
    assert rejected.state is State.REJECTED


async def test_who_has_said_yes_is_shown(world: World) -> None:
    """And who is missing, in words."""
    grouped = asking_for(world, BOTH_GROUPS)
    hold = await grouped.hold(READ)
    await yes(grouped, hold, BOB)
    async with grouped.client() as api:
        shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    assert shown["approved_by"] == ["bob"]
    quorum = shown["quorum"]
    assert [(vote["who"], vote["groups"]) for vote in quorum["votes"]] == [("bob", ["finance"])]
    assert (quorum["missing_people"], quorum["missing_groups"]) == (1, ["ops"])
    assert quorum["missing"] == "one more person has to approve it, among them one of `ops`"


async def test_sent_again_by_a_further_word(world: World) -> None:
    """Who answers for that does not stand alone: the earlier approvals go with it."""
    two = asking_for(world, TWO)
    hold = await two.hold(READ)
    await yes(two, hold, ADA)
    hold = await yes(two, hold, BOB)
    for event in (Event.CLAIM, Event.SEND, Event.LOSE):
        hold = await two.store.step(hold, event)
    assert json.loads(hold.decision[128:])["who"] == "bob"
    async with two.client() as api:
        said = {"outcome": "try-again", "reason": "looked", "digest": READ.digest}
        assert (await api.post(f"/api/holds/{hold.hold_id}/resolve", json=said)).status_code == 200
    found = await two.store.find(hold.hold_id)
    assert found is not None
    assert [unsigned(vote).who for vote in (*found.votes, found.decision)] == ["ada", "bob", "ada"]
