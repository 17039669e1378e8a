"""Tests of the lists: what they show, in what order, and what their filters take."""

import pytest

from rules.hold import Event
from tests.proxy.console.pages.browser import READ, Browser, posting
from tests.proxy.console.world import World


async def test_the_list_tells_what_is_asked_for(browser: Browser, world: World) -> None:
    """In the rule's words, what waits first."""
    ended = await world.hold(posting(b'{"amount": 1, "to": "Old"}'))
    await world.store.step(ended, Event.CANCEL)
    await world.hold(READ)
    text = (await browser.get("/holds?state=all")).text
    assert text.index("sends") < text.index("cancelled</span>")
    assert "12.50" in text
    assert "1 hold needs a person" in text
    assert "Old" not in (await browser.get("/holds")).text
    assert "Old" in (await browser.get("/history")).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tier=4", True),
        ("tier=3", False),
        ("host=BANK", True),
        ("host=mail", False),
        ("text=moves%20MONEY", True),
        ("text=nothing", False),
        ("state=pending", True),
        ("state=rejected", False),
    ],
)
async def test_filters(browser: Browser, world: World, query: str, found: bool) -> None:
    """Each takes and leaves."""
    hold = await world.hold()
    assert (hold.hold_id in (await browser.get(f"/holds?{query}")).text) is found


@pytest.mark.parametrize("query", ["state=x", "tier=9", "a=b", "tier=4&tier=3", "text=" + "a" * 300])
async def test_filters_that_do_not_exist(browser: Browser, query: str) -> None:
    """They are refused in words."""
    assert (await browser.get(f"/holds?{query}")).status_code == 400
