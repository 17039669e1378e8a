"""Tests of the forms that decide."""

from datetime import timedelta

import pytest

from rules.hold import Event, State
from rules.verdict import Tier
from tests.proxy.console.deciding.test_votes import asking_for
from tests.proxy.console.pages.browser import READ, Browser, approve_path, posting
from tests.proxy.console.world import World


async def test_an_approval_by_its_form(browser: Browser, world: World) -> None:
    """It carries what the page showed, is signed by the person who is logged in, and counts once."""
    hold = await world.hold()
    page, path = f"/holds/{hold.hold_id}", approve_path(hold.hold_id)
    form = Browser.form_of((await browser.get(page)).text, path)
    first, second = [await browser.client.post(path, data=form) for _ in range(2)]
    for answer in (first, second):
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert (found.state, found.decided_by) == (State.APPROVED, "ada")


@pytest.mark.parametrize("field", ["digest", "preview"])
async def test_an_approval_of_something_else(browser: Browser, world: World, field: str) -> None:
    """A page that showed another digest or another preview approves nothing."""
    hold = await world.hold()
    response = await browser.send(f"/holds/{hold.hold_id}", approve_path(hold.hold_id), {field: "0" * 64})
    assert response.status_code == 409
    assert await world.state(hold) is State.PENDING


async def test_an_approval_without_a_preview_is_none(browser: Browser, world: World) -> None:
    """Not even where the API would take it: a page always has one."""
    hold = await world.hold(tier=Tier.EXTERNAL)
    path = approve_path(hold.hold_id)
    form = Browser.form_of((await browser.get(f"/holds/{hold.hold_id}")).text, path)
    del form["preview"]
    assert (await browser.client.post(path, data=form)).status_code == 409
    assert await world.state(hold) is State.PENDING


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"preset": "wrong amount", "reason": ""}, "wrong amount"),
        ({"preset": "wrong amount", "reason": "ask for 5"}, "wrong amount: ask for 5"),
        ({"preset": "", "reason": "no"}, "no"),
    ],
    ids=["preset", "both", "words"],
)
async def test_a_rejection(browser: Browser, world: World, fields: dict[str, str], told: str) -> None:
    """The agent is given the reason that was chosen, what was written, or both."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/reject", fields)).status_code == 303
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert (found.state, found.decision_reason) == (State.REJECTED, told)


@pytest.mark.parametrize(
    "reason", ["", " ", "a\nb", "\u202ea", "x" * 3000], ids=["none", "blank", "lines", "turned", "long"]
)
async def test_a_rejection_without_a_plain_reason(browser: Browser, world: World, reason: str) -> None:
    """It is refused, and the hold still waits."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    response = await browser.send(page, f"{page}/reject", {"preset": "", "reason": reason})
    assert response.status_code == 400
    assert await world.state(hold) is State.PENDING


async def test_taking_back_and_resolving(browser: Browser, world: World) -> None:
    """The other forms go the same way; one that does not fit the state is a conflict."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/cancel", {"reason": "later"})).status_code == 303
    assert await world.state(hold) is State.CANCELLED
    form = Browser.form_of((await browser.get("/kill")).text, "/kill/on")
    again = await browser.client.post(f"{page}/ask-again", data=form)
    assert again.status_code == 409
    lost = await world.hold(posting(b"{}"))
    for event in (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE):
        lost = await world.store.step(lost, event, fields={"decided_by": b"ada"})
    page = f"/holds/{lost.hold_id}"
    fields = {"outcome": "not-executed", "reason": "looked at the ledger"}
    assert (await browser.send(page, f"{page}/resolve", fields)).status_code == 303
    assert await world.state(lost) is State.NOT_EXECUTED


async def test_deciding_too_late(browser: Browser, world: World) -> None:
    """The page says that the time is over."""
    late = World.build(world.url, window=timedelta(milliseconds=1), domain=world.domain, key=world.key)
    hold = await late.hold()
    await late.redis.aclose()
    response = await browser.send(f"/holds/{hold.hold_id}", approve_path(hold.hold_id))
    assert response.status_code == 409
    assert "the time to decide ran out" in response.text


@pytest.mark.parametrize("field", ["who", "decided_by", "viewed", "tier"])
async def test_a_form_says_nothing_else(browser: Browser, world: World, field: str) -> None:
    """Neither who decides nor what was opened is for the form to say."""
    hold = await world.hold()
    response = await browser.send(f"/holds/{hold.hold_id}", approve_path(hold.hold_id), {field: "bob"})
    assert response.status_code == 400
    assert await world.state(hold) is State.PENDING


async def test_an_answer_by_its_form(browser: Browser, world: World) -> None:
    """Of several lines, as a browser sends them."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    said = {"answer": "use the invoice of May\r\n<b>not</b> April"}
    assert (await browser.send(page, f"{page}/respond", said)).status_code == 303
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert (found.decision_reason, found.responded) == ("use the invoice of May\n<b>not</b> April", True)
    assert "<b>not" not in (await browser.get(page)).text


@pytest.mark.parametrize("answer", ["", "  \n", "x" * 4001, "a\x1b[31m", "a\u202eb", "a\x00b"])
async def test_what_is_no_answer(browser: Browser, world: World, answer: str) -> None:
    """Nothing, too much, or what acts on whoever reads it."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/respond", {"answer": answer})).status_code == 400
    assert await world.state(hold) is State.PENDING


async def test_an_approval_taken_back_by_its_form(browser: Browser, world: World) -> None:
    """The page offers it to who has approved it while there is time, and shows who is missing after that."""
    two = asking_for(world, "quorum: 2", grace=60)
    hold = await two.hold(READ)
    page = f"/holds/{hold.hold_id}"
    both = Browser(two)
    await both.log_in()
    assert (await both.send(page, approve_path(hold.hold_id))).status_code == 303
    text = (await both.get(page)).text
    assert "It waits for the others" in text
    assert 'id="approve"' not in text
    assert "somebody else" in text
    bob = Browser(two)
    await bob.log_in("bob")
    assert 'id="undo"' not in (await bob.get(page)).text
    assert (await bob.send(page, approve_path(hold.hold_id))).status_code == 303
    assert await two.state(hold) is State.APPROVED
    assert "runs in" in (await both.get(page)).text
    assert (await both.send(page, f"{page}/undo")).status_code == 303
    assert await two.state(hold) is State.PENDING
    assert 'id="approve"' in (await both.get(page)).text
