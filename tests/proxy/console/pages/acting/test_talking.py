"""Tests of the forms that speak about a hold."""

import pytest

from proxy.talk.talk import Talk
from tests.proxy.console.pages.browser import READ, Browser
from tests.proxy.console.world import World


async def test_what_was_said_stands_on_the_page(browser: Browser, world: World) -> None:
    """Escaped, in order, and with who said it."""
    hold = await world.hold(READ)
    page = f"/holds/{hold.hold_id}"
    assert (
        await browser.send(page, f"{page}/ask", {"question": "which\r\n<b>invoice</b>?"})
    ).status_code == 303
    assert (await browser.send(page, f"{page}/comment", {"text": "odd supplier"})).status_code == 303
    text = (await browser.get(page)).text
    assert text.index("&lt;b&gt;invoice") < text.index("odd supplier")
    assert "The agent has not answered yet" in text
    found = await world.store.find(hold.hold_id)
    assert found is not None
    talk = await Talk(world.store, world.sealed).about(found)
    assert [one.text for one in talk] == ["which\n<b>invoice</b>?", "odd supplier"]


async def test_who_looks_at_it_stands_on_the_pages(browser: Browser, world: World) -> None:
    """On its own and in the list, and for others as well."""
    hold = await world.hold(READ)
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/claim")).status_code == 303
    assert "You look at it" in (await browser.get(page)).text
    bob = Browser(world)
    await bob.log_in("bob")
    assert "ada looks" in (await bob.get("/holds")).text
    assert "ada looks at it" in (await bob.get(page)).text
    assert (await browser.send(page, f"{page}/unclaim")).status_code == 303
    world.clock.moment = (await world.store.now()).replace(microsecond=0) + (
        hold.decide_by - hold.created_at
    ) / 2
    assert "Nobody looks at it" in (await browser.get(page)).text


@pytest.mark.parametrize(("verb", "field"), [("ask", "question"), ("comment", "text")])
@pytest.mark.parametrize("text", ["", "x" * 4001, "a\x1b[31m"], ids=["empty", "long", "control"])
async def test_what_cannot_be_said(browser: Browser, world: World, verb: str, field: str, text: str) -> None:
    """It is refused in words."""
    hold = await world.hold(READ)
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/{verb}", {field: text})).status_code == 400


async def test_what_was_altered_is_said(browser: Browser, world: World) -> None:
    """The page is there, without what does not open, and offers no approval."""
    hold = await world.hold(READ)
    await world.spoil(hold, "talk", b"x" * 100)
    text = (await browser.get(f"/holds/{hold.hold_id}")).text
    assert "What was said does not open" in text
    assert 'id="approve"' not in text
