"""The page of grants, and the form on the page of a hold."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.console.people.entry import ConsoleEntry, PersonEntry
from rules.hold import Hold
from rules.reviewer import Role
from rules.verdict import Tier
from tests.proxy.console.pages.browser import READ, Browser
from tests.proxy.console.world import RULES, World

NOTE = replace(READ, target="/notes", body=b'{"text": "hello"}')
ASKED = {"minutes": "5", "count": "2", "reason": "a <b>campaign</b>"}


@pytest.fixture
async def world(redis_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Give an approval domain with a folder of its own."""
    made = World.build(redis_url, folder=tmp_path)
    yield made
    await made.redis.aclose()


async def held(world: World, tier: Tier = Tier.EXTERNAL) -> Hold:
    """A note under the rules of the console."""
    return await world.hold(NOTE, tier=tier, policy=RULES.hash)


async def test_from_giving_one_to_taking_it_back(browser: Browser, world: World) -> None:
    """With what it lets run said on its page, and nothing of it alive there."""
    hold = await held(world)
    page = f"/holds/{hold.hold_id}"
    assert "No grant" not in (await browser.get(page)).text
    assert (await browser.send(page, f"{page}/grant", ASKED)).status_code == 303
    text = (await browser.get("/grants")).text
    for words in (
        "POST bank.example/notes",
        "2 of 2",
        "a &lt;b&gt;campaign&lt;/b&gt;",
        "agent-7",
        hold.hold_id,
    ):
        assert words in text
    assert (await browser.send("/grants", "/grants/take-back")).status_code == 303
    text = (await browser.get("/grants")).text
    assert "taken back" in text
    assert 'action="/grants/take-back"' not in text


async def test_a_hold_that_none_can_cover(browser: Browser, world: World) -> None:
    """It says why; of tier 4 there is no word of grants at all."""
    old = await world.hold(NOTE, tier=Tier.EXTERNAL)
    assert "it was held under other rules" in (await browser.get(f"/holds/{old.hold_id}")).text
    grave = await held(world, Tier.HIGH_RISK)
    text = (await browser.get(f"/holds/{grave.hold_id}")).text
    assert "Grant calls like it" not in text
    path = f"/holds/{grave.hold_id}/grant"
    hidden = Browser.form_of(text, f"/holds/{grave.hold_id}/approve")
    answer = await browser.client.post(path, data={**hidden, **ASKED})
    assert answer.status_code == 409
    assert "is of tier 4, which is decided one by one" in answer.text


@pytest.mark.parametrize(("count", "status"), [("0", 400), ("101", 400), ("ten", 400), ("", 400), ("2", 303)])
async def test_numbers(browser: Browser, world: World, count: str, status: int) -> None:
    """As the API has them."""
    page = f"/holds/{(await held(world)).hold_id}"
    assert (await browser.send(page, f"{page}/grant", {**ASKED, "count": count})).status_code == status


async def test_a_reviewer_is_offered_none(world: World) -> None:
    """And sees what leads have given."""
    entry = ConsoleEntry(people=(PersonEntry(name="ada", role=Role.REVIEWER, token_file="ada.token"),))
    hold, other = await held(world), Browser(replace(world, entry=entry))
    await other.log_in()
    assert "Grant calls like it" not in (await other.get(f"/holds/{hold.hold_id}")).text
    assert "None in the last day" in (await other.get("/grants")).text
    await other.client.aclose()
