"""Giving grants, and every reason why none is given."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from proxy.console.granting.granting import Granting
from proxy.console.people.entry import ConsoleEntry, PersonEntry, ScopeEntry, StepUp
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.seen import Named
from rules.action import Principal
from rules.hold import Event
from rules.reviewer import Role
from rules.verdict import ReasonId, Tier
from tests.proxy.granted import Office


async def test_what_is_given(desk: Office) -> None:
    """For calls like the hold, by whoever it is, from now."""
    hold = await desk.hold()
    known = await desk.grant(hold, count=3, time=timedelta(minutes=7), reason="the campaign")
    grant = known.grant
    assert (grant.who, grant.reason, grant.hold_id) == ("ada", "the campaign", hold.hold_id)
    assert (grant.count, grant.until - grant.at) == (3, timedelta(minutes=7))
    assert grant.likeness.rule == "note"
    [listed] = await Granting(desk.reviewing).all(who=desk.person("bob"))
    assert listed == known


type Case = Callable[[Office], Awaitable[Any]]


async def tier_4(desk: Office) -> Any:
    """Which is decided one by one."""
    return await desk.grant(await desk.hold(tier=Tier.HIGH_RISK))


async def no_rule(desk: Office) -> Any:
    """Nothing surely names it."""
    return await desk.grant(await desk.hold(reason_id=ReasonId.RULE_UNKNOWN))


async def too_long(desk: Office) -> Any:
    """The configuration says how long one may last."""
    return await desk.grant(time=timedelta(hours=2))


async def unsure_money(desk: Office) -> Any:
    """It moves some, and no rule says surely how much."""
    return await desk.grant(await desk.hold(desk.action({"amount": 5, "currency": "EUR"})))


async def another_digest(desk: Office) -> Any:
    """Something else was looked at."""
    return await desk.grant(digest="0" * 64)


async def another_preview(desk: Office) -> Any:
    """Something else was shown."""
    return await desk.grant(named=Named(preview="0" * 64, viewed=frozenset()))


async def rejected(desk: Office) -> Any:
    """A person has said no."""
    hold = await desk.hold()
    return await desk.grant(await desk.world.store.step(hold, Event.REJECT))


async def killed(desk: Office) -> Any:
    """The switch is on."""
    await desk.world.store.kill("stop")
    return await desk.grant()


async def a_reviewer(desk: Office) -> Any:
    """Only leads and admins give any."""
    return await desk.grant(who="bob")


async def for_their_own_agent(desk: Office) -> Any:
    """Somebody else has to."""
    return await desk.grant(await desk.hold(desk.action(principal=Principal(human="ada"))))


CASES: dict[Case, tuple[int, Obstacle]] = {
    tier_4: (409, Obstacle.UNGRANTABLE),
    no_rule: (409, Obstacle.UNGRANTABLE),
    too_long: (409, Obstacle.UNGRANTABLE),
    unsure_money: (409, Obstacle.UNGRANTABLE),
    another_digest: (409, Obstacle.DIGEST),
    another_preview: (409, Obstacle.PREVIEW),
    rejected: (409, Obstacle.STATE),
    killed: (409, Obstacle.KILLED),
    a_reviewer: (403, Obstacle.ROLE),
    for_their_own_agent: (403, Obstacle.OWN_REQUEST),
}


@pytest.mark.parametrize("case", CASES, ids=[case.__name__ for case in CASES])
async def test_none_is_given(desk: Office, case: Case) -> None:
    """With a reason that a person understands, and nothing kept."""
    with pytest.raises(Problem) as caught:
        await case(desk)
    status, obstacle = CASES[case]
    assert (caught.value.status, caught.value.members["type"]) == (status, f"urn:sidegate:api:{obstacle}")
    assert await desk.reviewing.grants.all(now=desk.world.clock()) == []


def _lead(**scope: Any) -> PersonEntry:
    return PersonEntry(name="ada", role=Role.LEAD, scope=ScopeEntry(**scope), token_file="ada.token")


ENTRIES = {
    "second factors": (ConsoleEntry(people=(_lead(),), step_up=StepUp(tiers=(3,))), 409),
    "another host": (ConsoleEntry(people=(_lead(hosts=("other.example",)),)), 404),
    "another tier": (ConsoleEntry(people=(_lead(tiers=(4,)),)), 403),
}


@pytest.mark.parametrize(("entry", "status"), ENTRIES.values(), ids=ENTRIES)
async def test_within_ones_scope(desk: Office, entry: ConsoleEntry, status: int) -> None:
    """A grant is no way round it."""
    desk.reviewing = replace(desk.reviewing, people=replace(desk.world, entry=entry).people)
    with pytest.raises(Problem) as caught:
        await desk.grant()
    assert caught.value.status == status


async def test_nobody_gives_any(desk: Office) -> None:
    """Where the configuration says so."""
    desk.reviewing = replace(desk.reviewing, longest_grant=timedelta(0))
    with pytest.raises(Problem, match="nobody gives grants here"):
        await desk.grant()


async def test_taking_it_back(desk: Office) -> None:
    """Once; by a lead; and of those that the lead may see."""
    known = await desk.grant()
    name, granting = known.grant.grant_id, Granting(desk.reviewing)
    with pytest.raises(Problem, match="`grant` is not for the role"):
        await granting.take_back(name, who=desk.person("bob"))
    with pytest.raises(Problem, match="there is no grant"):
        await granting.take_back("01JZZZZZZZZZZZZZZZZZZZZZZZ", who=desk.person("ada"))
    elsewhere = replace(desk.world, entry=ENTRIES["another host"][0]).people.named("ada")
    assert elsewhere is not None
    with pytest.raises(Problem, match="there is no grant"):
        await granting.take_back(name, who=elsewhere)
    assert await granting.all(who=elsewhere) == []
    for _ in range(2):
        assert (await granting.take_back(name, who=desk.person("ada"))).revoked == "ada"
