"""New holds that are decided by a grant, and all those that a person has to look at."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from proxy.console.granting.granting import Granting
from proxy.console.people.entry import ConsoleEntry, PersonEntry, StepUp
from proxy.console.problem import Problem
from proxy.grants.kept import Known
from proxy.quality.drills import Drills
from rules.action import Principal
from rules.decision import unsigned
from rules.drill.drill import Answer
from rules.handling import Handling, Quorum
from rules.hold import Event, Hold, State
from rules.reviewer import Role
from rules.verdict import ReasonId, Tier
from tests.proxy.granted import NOTES, Office


async def test_a_call_like_the_one_that_was_looked_at(desk: Office) -> None:
    """It runs once, in the name of whoever granted it, and the first one still waits for a person."""
    first = await desk.hold()
    known = await desk.grant(first)
    hold = await desk.came(desk.action({"text": "another", "to": "bob"}))
    assert hold.state is State.APPROVED
    said = unsigned(hold.decision)
    assert (said.who, said.grant) == ("ada", known.grant.grant_id)
    assert hold.decision_reason == f"by grant {known.grant.grant_id}"
    assert await desk.run(hold) == 1
    assert await desk.run(hold) == 1
    assert (await desk.found(hold)).state is State.EXECUTED
    assert (await desk.found(first)).state is State.PENDING
    assert desk.world.metrics.registry.get_sample_value("sidegate_grant_uses_total") == 1


async def test_it_lets_no_more_run_than_its_count(desk: Office) -> None:
    """The rest waits for people, and the list says what was used."""
    known = await desk.grant(count=2)
    holds = [await desk.came() for _ in range(3)]
    assert [hold.state for hold in holds] == [State.APPROVED, State.APPROVED, State.PENDING]
    found = await desk.reviewing.grants.find(known.grant.grant_id)
    assert found is not None
    assert (found.left, set(found.uses)) == (0, {hold.hold_id for hold in holds[:2]})


async def test_when_one_is_used_up_the_next_one_is_used(desk: Office) -> None:
    """Several may cover the same call."""
    first = await desk.hold()
    for _ in range(2):
        await desk.grant(first, count=1)
    assert [(await desk.came()).state for _ in range(3)] == [State.APPROVED, State.APPROVED, State.PENDING]


async def test_an_approval_by_it_ends_with_it(desk: Office) -> None:
    """It could not be run in time: then it is not."""
    await desk.grant(time=timedelta(minutes=5))
    hold = await desk.came()
    assert hold.run_by is not None
    assert hold.run_by - hold.created_at <= timedelta(minutes=5, seconds=1)


type Case = Callable[[Office], Awaitable[Hold]]


async def another_path(desk: Office) -> Hold:
    """A call to somewhere else."""
    return await desk.came(desk.action(target="/notes/1/shares"))


async def another_port(desk: Office) -> Hold:
    """The same host, another server."""
    return await desk.came(desk.action(port=desk.upstream.port + 1))


async def another_method(desk: Office) -> Hold:
    """The same place."""
    return await desk.came(desk.action(method="PUT"))


async def one_member_more(desk: Office) -> Hold:
    """What nobody has seen in the first one."""
    return await desk.came(desk.action({"text": "a", "to": "b", "bcc": "c"}))


async def a_list_for_a_text(desk: Office) -> Hold:
    """Many in place of one."""
    return await desk.came(desk.action({"text": "a", "to": ["b", "c"]}))


async def one_parameter_more(desk: Office) -> Hold:
    """In the query."""
    return await desk.came(desk.action(target="/notes/1?force=1"))


async def one_header_more(desk: Office) -> Hold:
    """Which may mean anything to the server."""
    action = desk.action()
    return await desk.came(replace(action, fields=(*action.fields, (b"X-Act-As", b"root"))))


async def what_nobody_sees(desk: Office) -> Hold:
    """A character that turns the text around it."""
    return await desk.came(desk.action({"text": "a\u202eb", "to": "b"}))


async def another_agent(desk: Office) -> Hold:
    """It asks for somebody else."""
    return await desk.came(desk.action(principal=Principal(agent="agent-8")))


async def tier_4(desk: Office) -> Hold:
    """The same call, held as graver."""
    return await desk.came(tier=Tier.HIGH_RISK)


async def another_rule(desk: Office) -> Hold:
    """It is held by."""
    return await desk.came(rule="other")


async def a_doubt(desk: Office) -> Hold:
    """The rule is not sure."""
    return await desk.came(reason_id=ReasonId.RULE_UNKNOWN)


async def other_rules(desk: Office) -> Hold:
    """They were loaded between."""
    return await desk.came(policy="0" * 64)


async def money(desk: Office) -> Hold:
    """It moves some, and the first one did not."""
    return await desk.came(desk.action({"text": "a", "to": "b", "amount": 5, "currency": "EUR"}))


async def at_the_kill_switch(desk: Office) -> Hold:
    """Which goes before every grant."""
    await desk.world.store.kill("ada: stop")
    return await desk.came()


async def somebody_looks(desk: Office) -> Hold:
    """A person has begun."""
    hold = await desk.hold()
    await desk.world.store.note(hold, {"watched_by": b"bob"})
    await desk.look()
    return await desk.found(hold)


async def a_probe_under_way(desk: Office) -> Hold:
    """What it would change has not been read yet."""
    return await desk.came(probed=True)


async def damaged(desk: Office) -> Hold:
    """What is stored does not open."""
    hold = await desk.hold()
    await desk.world.spoil(hold, "sealed", b"x")
    await desk.look()
    return await desk.found(hold)


NOT_COVERED: tuple[Case, ...] = (
    *(another_path, another_port, another_method, one_member_more, a_list_for_a_text, one_parameter_more),
    *(one_header_more, what_nobody_sees, another_agent, tier_4, another_rule, a_doubt, other_rules, money),
    *(at_the_kill_switch, somebody_looks, a_probe_under_way, damaged),
)


@pytest.mark.parametrize("case", NOT_COVERED, ids=[case.__name__ for case in NOT_COVERED])
async def test_what_a_person_has_to_look_at(desk: Office, case: Case) -> None:
    """It stays pending, and costs no use."""
    known = await desk.grant()
    hold = await case(desk)
    assert hold.state is State.PENDING
    assert await desk.run(hold) == 0
    found = await desk.reviewing.grants.find(known.grant.grant_id)
    assert found is not None
    assert found.uses == ()


async def taken_back(desk: Office, known: Known) -> None:
    """By somebody who may."""
    await desk.reviewing.grants.revoke(known, who="ada")


async def late(desk: Office, _known: Known) -> None:
    """Its time is over."""
    desk.world.clock.moment += timedelta(hours=1, seconds=1)


@pytest.mark.parametrize("how", [taken_back, late], ids=["taken back", "late"])
async def test_one_that_counts_no_more(desk: Office, how: Callable[[Office, Known], Awaitable[None]]) -> None:
    """Nothing is decided by it."""
    await how(desk, await desk.grant())
    assert (await desk.came()).state is State.PENDING


ENTRIES = {
    "no lead any more": ConsoleEntry(
        people=(PersonEntry(name="ada", role=Role.REVIEWER, token_file="ada.token"),)
    ),
    "second factors": ConsoleEntry(
        people=(PersonEntry(name="ada", role=Role.LEAD, token_file="ada.token"),), step_up=StepUp(tiers=(3,))
    ),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
async def test_whoever_gave_it_has_to_be_allowed_still(desk: Office, entry: ConsoleEntry) -> None:
    """A grant is that person's word, and no more than it."""
    await desk.grant()
    desk.using._reviewing = replace(desk.reviewing, people=replace(desk.world, entry=entry).people)
    assert (await desk.came()).state is State.PENDING


async def test_a_rule_that_wants_two_people_since(desk: Office) -> None:
    """Whoever granted it has looked at none of them."""
    await desk.grant()
    strict = replace(NOTES.rules[0], handling=Handling(quorum=Quorum(count=2)))
    wanting = replace(NOTES, rules=(strict,))
    desk.using._reviewing = replace(desk.reviewing, ruleset=lambda: wanting)
    assert (await desk.came()).state is State.PENDING


async def test_what_was_there_before(desk: Office) -> None:
    """Nobody has looked at it when the grant was given."""
    before, known = await desk.hold(), await desk.grant()
    await desk.world.store.note(before, {"watched_until": b"0"})
    await desk.look()
    assert await desk.stands(before, State.PENDING)
    assert known.left == known.grant.count


async def test_an_undone_one_is_for_people(desk: Office) -> None:
    """Whatever happens to it afterwards, it has had its use."""
    await desk.grant()
    hold = await desk.came()
    await desk.world.redis.hset(desk.key(f"hold:{hold.hold_id}"), "state", "pending")
    for name in ("decision", "decided_by", "decision_reason"):
        await desk.world.redis.hdel(desk.key(f"hold:{hold.hold_id}"), name)
    await desk.world.store.note(await desk.found(hold), {"note": b""})
    await desk.look()
    assert await desk.stands(hold, State.PENDING)


async def test_taken_back_before_it_was_sent(desk: Office) -> None:
    """What it has decided and nobody has sent does not run."""
    known = await desk.grant()
    hold = await desk.came()
    await desk.reviewing.grants.revoke(known, who="ada")
    assert await desk.run(hold) == 0
    found = await desk.found(hold)
    assert (found.state, found.note) == (State.DRIFT_REFUSED, "policy: its grant was taken back")


async def test_other_rules_before_it_was_sent(desk: Office) -> None:
    """It was given under those of then."""
    await desk.grant()
    hold = await desk.came()
    other = replace(NOTES, hash="0" * 64)
    desk.replayer = replace(desk.replayer, ruleset=lambda: other)
    assert await desk.run(hold) == 0
    assert "other rules" in (await desk.found(hold)).note


async def test_the_kill_switch_before_it_was_sent(desk: Office) -> None:
    """Nothing is claimed while it is on."""
    await desk.grant()
    hold = await desk.came()
    await desk.world.store.kill("ada: stop")
    assert await desk.run(hold) == 0
    await desk.world.store.kill(None)
    assert await desk.run(hold) == 1


async def drill_of(desk: Office) -> Hold:
    """A drill, made of a note that a person has rejected."""
    await desk.world.store.step(await desk.hold(), Event.REJECT)
    drills = Drills(keeping=desk.world.keeping, ruleset=lambda: desk.ruleset, rate=1.0, most=3)
    while (drill := await drills.make(secrets.token_hex(13))) is None:
        pass
    return drill


async def test_no_grant_covers_a_drill(desk: Office) -> None:
    """It is a person who has to look, and nothing of the grant is spent."""
    known = await desk.grant(count=5)
    drill = await drill_of(desk)
    await desk.look()
    assert await desk.stands(drill, State.PENDING)
    found = await desk.reviewing.grants.find(known.grant.grant_id)
    assert found is not None
    assert found.uses == ()


async def test_a_check_tells_no_drill_from_another_hold(desk: Office) -> None:
    """Nor answers it."""
    drill = await drill_of(desk)
    await Granting(desk.reviewing).check(drill.hold_id, await desk.terms(drill), who=desk.person("ada"))
    assert await desk.stands(drill, State.PENDING)
    assert (await desk.found(drill)).drill_answer is None


async def test_a_grant_by_a_drill_is_an_approval_of_it(desk: Office) -> None:
    """Whoever would let calls like it run has missed it: nothing is granted, and it is told."""
    drill = await drill_of(desk)
    with pytest.raises(Problem) as refused:
        await desk.grant(drill)
    assert "was a drill" in str(refused.value.members["detail"])
    assert (await desk.found(drill)).drill_answer is Answer.APPROVED
    assert await Granting(desk.reviewing).all(who=desk.person("ada")) == []
