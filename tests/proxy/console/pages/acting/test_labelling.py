"""The form that labels a hold."""

from tests.proxy.console.pages.browser import READ, Browser
from tests.proxy.console.world import World


async def test_one_key_and_another_word(browser: Browser, world: World) -> None:
    """The button has the key; what was said stands on the page, and to others as somebody's word."""
    hold = await world.hold(READ)
    page = f"/holds/{hold.hold_id}"
    assert 'data-key="u"' in (await browser.get(page)).text
    assert (await browser.send(page, f"{page}/label", {"label": "unnecessary"})).status_code == 303
    assert "You said unnecessary" in (await browser.get(page)).text
    assert (await browser.send(page, f"{page}/label", {"label": "necessary"})).status_code == 303
    assert "You said necessary" in (await browser.get(page)).text
    bob = Browser(world)
    await bob.log_in("bob")
    assert (
        "ada</bdi> says necessary" in (await bob.get(page)).text
        or "ada says necessary" in (await bob.get(page)).text
    )
    await bob.client.aclose()


async def test_no_such_word(browser: Browser, world: World) -> None:
    """It is refused in words."""
    hold = await world.hold(READ)
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/label", {"label": "perhaps"})).status_code == 400
