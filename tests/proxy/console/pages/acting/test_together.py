"""Several holds of one kind on one page, approved together and each by itself."""

import re
from dataclasses import replace

import pytest

from proxy.console.pages.acting.together import MOST
from proxy.console.people.entry import ConsoleEntry, PersonEntry, StepUp
from rules.action import Principal
from rules.hold import Hold, State
from rules.reviewer import Role
from rules.verdict import Tier
from tests.proxy.console.pages.browser import READ, Browser
from tests.proxy.console.world import World

NOTE = replace(READ, target="/notes", body=b'{"text": "hello"}')
_BOX = re.compile(r'name="(hold\d+)" value="([^"]*)"')


async def notes(world: World, count: int = 3) -> list[Hold]:
    """Notes that differ in their text alone."""
    bodies = [b'{"text": "note %d"}' % number for number in range(count)]
    return [await world.hold(replace(NOTE, body=body), tier=Tier.EXTERNAL) for body in bodies]


async def boxes(browser: Browser, hold: Hold) -> dict[str, str]:
    """What can be chosen on the page of those that are like `hold`: the fields, by the hold's id."""
    text = (await browser.get(f"/holds/{hold.hold_id}/alike")).text
    return {value.split(" ")[0]: f"{name}={value}" for name, value in _BOX.findall(text)}


async def choose(browser: Browser, hold: Hold, chosen: list[str]) -> str:
    """The page after the form was sent with these."""
    path = f"/holds/{hold.hold_id}/alike"
    fields = dict(one.split("=", 1) for one in chosen)
    return (await browser.send(path, path, fields)).text


async def test_those_that_are_chosen(browser: Browser, world: World) -> None:
    """Are approved, each with its own digest shown, and no other one."""
    first, second, third = await notes(world)
    assert "3 of this kind wait" in (await browser.get("/holds")).text
    page = (await browser.get(f"/holds/{first.hold_id}/alike")).text
    for hold, number in ((first, 0), (second, 1), (third, 2)):
        assert hold.digest in page
        assert f"note {number}" in page
    found = await boxes(browser, first)
    text = await choose(browser, first, [found[first.hold_id], found[third.hold_id]])
    assert text.count("was approved") == 2
    states = [await world.state(hold) for hold in (first, second, third)]
    assert states == [State.APPROVED, State.PENDING, State.APPROVED]
    assert "of this kind wait" not in (await browser.get("/holds")).text


async def test_one_that_has_changed_meanwhile(browser: Browser, world: World) -> None:
    """Says why, and the others are approved."""
    first, second, _ = await notes(world)
    found = await boxes(browser, first)
    name, _, value = found[second.hold_id].partition("=")
    other = f"{name}={value.rpartition(' ')[0]} {'0' * 64}"
    text = await choose(browser, first, [found[first.hold_id], other])
    assert "is not what that preview showed" in text
    assert [await world.state(hold) for hold in (first, second)] == [State.APPROVED, State.PENDING]


async def test_none_is_chosen(browser: Browser, world: World) -> None:
    """Nothing is done."""
    first, *_ = await notes(world)
    assert "none was chosen" in await choose(browser, first, [])
    assert await world.state(first) is State.PENDING


async def test_what_cannot_be_shown_whole(browser: Browser, world: World) -> None:
    """Is decided on its own page, even by a form that was made by hand."""
    first, *_ = await notes(world)
    hidden = replace(NOTE, body=b'{"text": "%b"}' % (b"x" * 5000))
    hold = await world.hold(hidden, tier=Tier.EXTERNAL)
    page = (await browser.get(f"/holds/{first.hold_id}/alike")).text
    assert "Cannot be shown whole here" in page
    assert hold.hold_id not in await boxes(browser, first)


async def test_tier_4(browser: Browser, world: World) -> None:
    """Has no such page, no link to it, and no form gets past it."""
    grave = [await world.hold(NOTE) for _ in range(2)]
    assert "of this kind wait" not in (await browser.get("/holds")).text
    assert (await browser.get(f"/holds/{grave[0].hold_id}/alike")).status_code == 409
    first, *_ = await notes(world, 1)
    path = f"/holds/{first.hold_id}/alike"
    csrf = Browser.form_of((await browser.get(path)).text, path)
    fields = {"hold0": f"{grave[0].hold_id} {grave[0].digest} {'0' * 64}"}
    answer = await browser.client.post(path, data={**csrf, **fields})
    assert (answer.status_code, "approved by itself" in answer.text) == (409, True)
    assert await world.state(grave[0]) is State.PENDING


@pytest.mark.parametrize(
    "changes",
    [{"target": "/others"}, {"method": "PUT"}, {"principal": Principal(agent="agent-8")}],
    ids=["another place", "another method", "another agent"],
)
async def test_others_are_not_among_them(browser: Browser, world: World, changes: dict[str, object]) -> None:
    """Whatever they have in common besides."""
    first, *_ = await notes(world, 2)
    other = await world.hold(replace(NOTE, **changes), tier=Tier.EXTERNAL)  # type: ignore[arg-type]
    assert other.hold_id not in (await browser.get(f"/holds/{first.hold_id}/alike")).text


async def test_as_many_as_can_be_read(browser: Browser, world: World) -> None:
    """The rest follows when these are decided."""
    first, *_ = await notes(world, MOST + 2)
    page = (await browser.get(f"/holds/{first.hold_id}/alike")).text
    assert "2 more wait" in page
    assert len(await boxes(browser, first)) == MOST


ENTRIES = {
    "a viewer": (
        ConsoleEntry(people=(PersonEntry(name="ada", role=Role.VIEWER, token_file="ada.token"),)),
        200,
    ),
    "second factors": (ConsoleEntry(step_up=StepUp(tiers=(3,))), 409),
}


@pytest.mark.parametrize(("entry", "status"), ENTRIES.values(), ids=ENTRIES)
async def test_who_may_not(world: World, entry: ConsoleEntry, status: int) -> None:
    """Is offered nothing to choose."""
    first, *_ = await notes(world)
    browser = Browser(replace(world, entry=entry))
    await browser.log_in()
    assert (await browser.get(f"/holds/{first.hold_id}/alike")).status_code == status
    assert await boxes(browser, first) == {}
    await browser.client.aclose()
