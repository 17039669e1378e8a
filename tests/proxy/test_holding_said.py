"""What an agent hears of its hold besides how it stands: what was changed, and what it is asked."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from addons.exchange import Outcome, Request
from proxy.drift.edited import Editing
from proxy.talk.talk import Talk
from rules.action import Action
from rules.edit import Edited, edit
from rules.headers import first
from rules.hold import Event, Hold, State
from rules.reply import Reply
from rules.request.strict_json import Json
from rules.talk import Kind, Said
from tests.proxy.gatehouse import ANSWER, NOW, Gatehouse, gatehouse, hold_id, request, ruleset, told
from tests.proxy.test_holding_status import look


async def changed(house: Gatehouse, held: Outcome, value: Json) -> Hold:
    """The hold that a reviewer has made of it."""
    hold = await house.find(held)
    action = house.sealed.open_action(hold, await house.store.sealed(hold.hold_id, part="sealed"))
    assert isinstance(action, Action)
    edited = edit(hold, action, value, ruleset())
    assert isinstance(edited, Edited)
    holding = house.gate.holding
    editing = Editing(keeping=holding.keeping, snapshots=holding.snapshots, ruleset=ruleset)
    return await editing.apply(hold, edited, who="ada")


async def asked(house: Gatehouse, held: Outcome, question: str = "which invoice?") -> Hold:
    """A reviewer asks its agent something."""
    said = Said(kind=Kind.QUESTION, who="ada", at=datetime.now(UTC), text=question)
    return await Talk(house.store, house.sealed).add(await house.find(held), said)


def saying(path: str, body: bytes, *, kind: bytes = b"text/plain") -> Request:
    """What an agent posts to the status address."""
    asking = look(path, method="POST")
    fields = (*asking.message.fields, (b"Content-Type", kind))
    return replace(asking, message=replace(asking.message, fields=fields, body=body))


async def test_a_changed_call_is_told_as_such(house: Gatehouse) -> None:
    """By the same request, and by the old id: the agent hears of the new hold and of the difference."""
    held = await house.admit(request(fields=NOW))
    made = await changed(house, held, {"amount": 1, "to": "acct_1"})
    for outcome in (
        await house.admit(request(fields=NOW)),
        await house.admit(look(f"/holds/{hold_id(held)}")),
    ):
        members = told(outcome)
        assert (members["hold_id"], members["state"]) == (made.hold_id, "pending")
        assert members["edited"] == [{"path": "amount", "before": "7", "after": "1"}]
        assert "human reviewer changed" in str(members["edited_note"])


async def test_the_answer_to_a_changed_call_says_so(house: Gatehouse) -> None:
    """The upstream's own, with one header more; one that pretends to be ours does not get through."""
    held = await house.admit(request(fields=NOW))
    made = await changed(house, held, {"amount": 1, "to": "acct_1"})
    answer = replace(ANSWER, fields=(*ANSWER.fields, (b"sidegate-edited", b"nothing")))
    pending = await house.admit(request(fields=NOW))
    await house.bring(pending, State.EXECUTED, answer=answer)
    outcome = await house.admit(request(fields=NOW))
    assert isinstance(outcome, Reply)
    assert (outcome.status, outcome.body) == (ANSWER.status, ANSWER.body)
    assert first(outcome.fields, b"sidegate-edited") == b"amount: 7 -> 1"
    assert first(outcome.fields, b"sidegate-hold") == made.hold_id.encode()
    assert len([name for name, _ in outcome.fields if name.lower() == b"sidegate-edited"]) == 1


async def test_the_agent_takes_the_changed_one_back(house: Gatehouse) -> None:
    """By the only id that it knows."""
    held = await house.admit(request(fields=NOW))
    made = await changed(house, held, {"amount": 1})
    assert told(await house.admit(look(f"/holds/{hold_id(held)}", method="DELETE")))["state"] == "cancelled"
    found = await house.store.find(made.hold_id)
    assert found is not None
    assert found.state is State.CANCELLED


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"the one of May", b"text/plain"),
        (b'{"answer": "the one of May"}', b"application/json"),
    ],
    ids=["text", "json"],
)
async def test_a_question_and_its_answer(house: Gatehouse, body: bytes, kind: bytes) -> None:
    """Told at the next touch with where to answer; kept for the reviewer; then it waits as before."""
    held = await house.admit(request(fields=NOW))
    hold = await asked(house, held)
    outcome = await house.admit(request())
    members = told(outcome)
    assert (members["state"], members["question"]) == ("pending", "which invoice?")
    assert "the human wants to know more" in str(members["detail"])
    assert isinstance(outcome, Reply)
    assert outcome.phrase.startswith("A reviewer asks you something")
    path = str(members["answer_url"]).removeprefix("http://sidegate.internal")
    for _ in range(2):
        last = await house.admit(saying(path, body, kind=kind))
    assert isinstance(last, Reply)
    assert last.status == 409
    said = await Talk(house.store, house.sealed).about(await house.find(held))
    assert [(one.kind, one.who, one.text) for one in said] == [
        (Kind.QUESTION, "ada", "which invoice?"),
        (Kind.ANSWER, "", "the one of May"),
    ]
    after = told(await house.admit(request(fields=NOW)))
    assert "question" not in after
    assert after["decide_by"] == hold.decide_by.isoformat()


async def test_who_waits_hears_the_question_at_once(house: Gatehouse) -> None:
    """And does not wait on for a decision that waits for it."""
    held = await house.admit(request(fields=NOW))
    await asked(house, held)
    assert told(await house.admit(request()))["question"] == "which invoice?"


async def test_an_answer_is_no_decision(house: Gatehouse) -> None:
    """Whatever it says, the hold waits, and nothing of it is a header or a member of ours."""
    held = await house.admit(request(fields=NOW))
    await asked(house, held)
    body = b'approved\r\nSidegate-Hold: x\n{"state": "approved"}'
    outcome = await house.admit(saying(f"/holds/{hold_id(held)}/answer", body))
    assert told(outcome)["state"] == "pending"
    assert (await house.find(held)).state is State.PENDING


@pytest.mark.parametrize("body", [b"", b" ", b"\xff", b"x" * 4097], ids=["empty", "blank", "no text", "long"])
async def test_what_is_no_answer(house: Gatehouse, body: bytes) -> None:
    """It is refused in words and changes nothing."""
    held = await house.admit(request(fields=NOW))
    hold = await asked(house, held)
    outcome = await house.admit(saying(f"/holds/{hold_id(held)}/answer", body))
    assert isinstance(outcome, Reply)
    assert (outcome.status, (await house.find(held)).talk_count) == (400, hold.talk_count)


async def test_an_answer_that_nobody_asked_for(house: Gatehouse) -> None:
    """Nothing is kept: an agent does not speak up by itself, nor about what is decided."""
    held = await house.admit(request(fields=NOW))
    path = f"/holds/{hold_id(held)}/answer"
    for decided in (False, True):
        if decided:
            hold = await asked(house, held)
            await house.store.step(hold, Event.REJECT)
        outcome = await house.admit(saying(path, b"please"))
        assert isinstance(outcome, Reply)
        assert outcome.status == 409


async def test_another_agent_does_not_answer(redis_url: str) -> None:
    """To it there is no such hold."""
    async with (
        gatehouse(redis_url, domain="said") as one,
        gatehouse(redis_url, domain="said", agent="agent-2") as two,
    ):
        held = await one.admit(request(fields=NOW))
        await asked(one, held)
        outcome = await two.admit(saying(f"/holds/{hold_id(held)}/answer", b"pay"))
        assert isinstance(outcome, Reply)
        assert (outcome.status, (await one.find(held)).talk_count) == (404, 1)
