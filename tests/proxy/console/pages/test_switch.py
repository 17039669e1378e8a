"""Tests of the kill switch's page."""

import pytest

from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World


async def test_the_kill_switch(browser: Browser, world: World) -> None:
    """On with a reason, said on every list, and off again."""
    assert (await browser.send("/kill", "/kill/on", {"reason": "odd calls"})).status_code == 303
    assert await world.store.killed() == "ada: odd calls"
    assert "odd calls" in (await browser.get("/holds")).text
    await browser.send("/kill", "/kill/off")
    assert await world.store.killed() is None


@pytest.mark.parametrize(
    "reason", ["", " ", "a\nb", "\u202ea", "x" * 2001], ids=["none", "blank", "lines", "turned", "long"]
)
async def test_it_wants_a_plain_reason(browser: Browser, world: World, reason: str) -> None:
    """Without one nothing is switched."""
    response = await browser.send("/kill", "/kill/on", {"reason": reason})
    assert response.status_code == 400
    assert await world.store.killed() is None


async def test_looking_switches_nothing(browser: Browser, world: World) -> None:
    """A link to one of its forms is no form."""
    assert [(await browser.get(path)).status_code for path in ("/kill/on", "/kill/off")] == [405, 405]
    assert await world.store.killed() is None


async def test_a_switch_whose_store_is_away_says_so(away: World) -> None:
    """Nobody is told that it is on or off where nobody knows."""
    browser = Browser(away)
    await browser.log_in()
    response = await browser.get("/kill")
    await browser.client.aclose()
    assert response.status_code == 503
    assert "It is o" not in response.text
