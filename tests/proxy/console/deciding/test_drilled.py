"""Answers to drills: whatever a reviewer does ends them, and tells what they were."""

import secrets
from dataclasses import replace

import httpx2
import pytest

from proxy.console.deciding.drilled import answer_of
from proxy.quality.drills import Drills
from proxy.store.deadlines import Deadlines
from proxy.store.ladder import Ladder
from rules.drill.drill import Answer
from rules.handling import OnTimeout, Unanswered
from rules.hold import Event, Hold, State
from rules.reply import Reply
from rules.verdict import Tier
from tests.proxy.console.pages.browser import READ, Browser, posting
from tests.proxy.console.world import World

SOURCE = posting(b'{"amount": 12.50, "to": "Nordwind", "memo": "Invoice 7"}')


async def a_drill(world: World, *, tier: Tier = Tier.HIGH_RISK) -> Hold:
    """One that waits on the console of `world`, made of a call of that tier."""
    await world.settled(Reply(status=200, phrase="OK", fields=(), body=b""), action=SOURCE, tier=tier)
    drills = Drills(keeping=world.keeping, ruleset=lambda: world.ruleset, rate=1.0, most=20)
    drill = await drills.make(secrets.token_hex(13))
    assert drill is not None
    return drill


def operational(world: World) -> dict[str, float]:
    """Every count of what is no drill."""
    return {
        f"{sample.name}{sample.labels}": sample.value
        for family in world.metrics.registry.collect()
        for sample in family.samples
        if "drill" not in sample.name and not sample.name.endswith("_created")
    }


def answered(world: World, answer: Answer) -> float:
    """How many drills were answered so."""
    found = world.metrics.registry.collect()
    named = [s for f in found for s in f.samples if s.name == "sidegate_drill_answers_total"]
    return sum(sample.value for sample in named if sample.labels["answer"] == answer)


BODIES = {
    "reject": ({"reason": "no"}, Answer.REJECTED),
    "respond": ({"answer": "ask for less"}, Answer.REJECTED),
    "cancel": ({"reason": "no"}, Answer.REJECTED),
    "edit": ({"digest": "DIGEST", "body": {"amount": 1}}, Answer.REJECTED),
    "approve": ({"digest": "DIGEST"}, Answer.APPROVED),
}


@pytest.mark.parametrize("verb", BODIES)
async def test_every_answer_ends_it(world: World, api: httpx2.AsyncClient, verb: str) -> None:
    """At once told, counted as a drill and as nothing else, and over for everybody."""
    drill, before = await a_drill(world), operational(world)
    path, (members, answer) = f"/api/holds/{drill.hold_id}", BODIES[verb]
    body = {name: drill.digest if value == "DIGEST" else value for name, value in members.items()}  # type: ignore[attr-defined]
    told = await api.post(f"{path}/{verb}", json=body)
    assert told.status_code == 200, told.text
    hold = told.json()["hold"]
    assert (hold["state"], hold["drill"]["answer"], hold["approved_by"]) == ("drilled", answer, ["ada"])
    assert hold["drill"]["said"].startswith("this was a drill, which can never run")
    assert hold["standing"] == hold["drill"]["said"].removeprefix("this ")
    assert answered(world, answer) == 1
    assert operational(world) == before
    again = await api.post(f"{path}/reject", json={"reason": "no"})
    assert (again.status_code, again.json()["hold"]["drill"]["answer"]) == (409, answer)
    assert answered(world, answer) == 1
    whole = (await api.get(path)).json()["hold"]
    assert len(whole["edited"]) == 1


async def test_nothing_gives_it_away(world: World, api: httpx2.AsyncClient) -> None:
    """Before it is answered, each view has the members and the words of a hold."""
    hold, drill = await world.hold(SOURCE), await a_drill(world)
    path = "/api/holds/{}"
    one = (await api.get(path.format(hold.hold_id))).json()["hold"]
    other = (await api.get(path.format(drill.hold_id))).json()["hold"]
    assert one.keys() == other.keys()
    assert other["drill"] is None
    assert other["edited"] is None
    receipts = [
        (await api.get(path.format(each.hold_id) + "/receipt")).json()["receipt"] for each in (hold, drill)
    ]
    assert receipts[0]["asked"].keys() == receipts[1]["asked"].keys()
    listed = (await api.get("/api/holds?state=pending")).json()["holds"]
    assert {line["hold_id"] for line in listed} == {hold.hold_id, drill.hold_id}
    assert "drill" not in str([line["standing"] for line in listed])


async def test_nothing_on_the_pages_gives_it_away(browser: Browser, world: World) -> None:
    """Its page has the forms of any other one; afterwards it says what it was."""
    drill = await a_drill(world)
    page = f"/holds/{drill.hold_id}"
    text = (await browser.get(page)).text
    assert "a drill" not in text.partition("</main>")[0]
    assert (await browser.send(page, f"{page}/reject", {"reason": "odd"})).status_code == 303
    text = (await browser.get(page)).text
    assert "This was a drill" in text
    assert "What made it a drill" in text


async def test_what_is_signed_approves_nothing(world: World, api: httpx2.AsyncClient) -> None:
    """What the store keeps of the answer is no approval, whatever was answered."""
    drill = await a_drill(world)
    await api.post(f"/api/holds/{drill.hold_id}/approve", json={"digest": drill.digest})
    found = await world.store.find(drill.hold_id)
    assert found is not None
    assert world.reviewing().verifier.read(found.decision).event is Event.DRILL


async def test_labels_of_drills_count_nothing(world: World, api: httpx2.AsyncClient) -> None:
    """A person may say what it is, and does not know."""
    drill = await a_drill(world)
    before = operational(world)
    told = await api.post(f"/api/holds/{drill.hold_id}/label", json={"label": "unnecessary"})
    assert told.status_code == 200
    assert operational(world) == before


async def test_glances_and_gauges_leave_them_out(browser: Browser, world: World) -> None:
    """Whose calls were held lately, and how many wait, are about real ones."""
    await a_drill(world)
    scraped = (await world.client().get("/metrics")).text
    assert 'sidegate_holds{state="pending"} 0.0' in scraped
    # The call that it was made of is the only one.
    assert "in the newest 1 holds" in (await browser.get("/agents")).text


async def test_too_late(world: World, api: httpx2.AsyncClient) -> None:
    """After its time it is as late as any other hold."""
    drill = await a_drill(world)
    await world.spoil(drill, "decide_by", b"1000")
    told = await api.post(f"/api/holds/{drill.hold_id}/reject", json={"reason": "no"})
    assert (told.status_code, told.json()["why"]) == (409, "late")
    assert answered(world, Answer.REJECTED) == 0


def test_what_a_step_says() -> None:
    """Letting it run is the one answer that approves."""
    approving = {event for event in Event if answer_of(event) is Answer.APPROVED}
    assert approving == {Event.APPROVE, Event.VOTE}
    assert State.DRILLED not in (State.APPROVED, State.PENDING)
    assert replace(READ, drill=True).digest != READ.digest


async def test_nobody_else_is_called_for_one(world: World) -> None:
    """Where rules would ask other people, a drill that nobody answers expires."""
    drill = await a_drill(world)
    before = operational(world)
    await world.spoil(drill, "decide_by", b"1000")
    await world.redis.zadd(f"{{sidegate:{world.domain}}}:deadlines", {drill.hold_id: 1})
    ladder = Ladder(usual=Unanswered(do=OnTimeout.ESCALATE, groups=("leads",)))
    await Deadlines(store=world.store, metrics=world.metrics, ladder=ladder).sweep()
    assert await world.state(drill) is State.EXPIRED
    assert answered(world, Answer.EXPIRED) == 1
    assert operational(world) == before
