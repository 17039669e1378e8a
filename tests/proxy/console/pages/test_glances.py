"""Tests of the pages of agents and numbers."""

from dataclasses import replace

from rules.action import Principal
from rules.hold import Event
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import ACTION, World


async def test_holds_are_counted_by_their_agent(browser: Browser, world: World) -> None:
    """Each has a card of its own, with what is open and what was rejected."""
    other = replace(ACTION, principal=Principal(human="mallory", agent="agent-8", session="s2"))
    await world.store.step(await world.hold(), Event.REJECT)
    await world.hold()
    await world.hold(other)
    cards = (await browser.get("/agents")).text.split('<section class="card">')[1:]
    counts = {name: card for card in cards for name in ("agent-7", "agent-8") if name in card}
    assert len(cards) == 2
    assert "2, 1 still open, 1 rejected" in counts["agent-7"]
    assert "1, 1 still open, 0 rejected" in counts["agent-8"]


async def test_what_does_not_open_is_nobodys(browser: Browser, world: World) -> None:
    """Whose call it was is not guessed, and the page is there all the same."""
    hold = await world.hold()
    await world.spoil(hold, "sealed", b"x" * 100)
    text = (await browser.get("/agents")).text
    assert "nobody named" in text
    assert "agent-7" not in text


async def test_an_agent_cannot_name_itself_into_the_page(browser: Browser, world: World) -> None:
    """A name is text, and what is unseen in it is seen."""
    named = Principal(human='"><script>alert(1)</script>', agent="a\u202eb", session="s")
    await world.hold(replace(ACTION, principal=named))
    text = (await browser.get("/agents")).text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "U+202E" in text


async def test_numbers_count_what_was_decided_here(browser: Browser, world: World) -> None:
    """States come from the store, steps from the process."""
    hold = await world.hold()
    assert "cancel</span>" not in (await browser.get("/numbers")).text
    await browser.send(f"/holds/{hold.hold_id}", f"/holds/{hold.hold_id}/cancel", {"reason": "later"})
    text = (await browser.get("/numbers")).text
    assert '<span class="name">cancelled</span>' in text
    assert '<span class="name">cancel</span>' in text
