"""Pages about calls that passed."""

from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World
from tests.proxy.quality.samples import kept


async def test_from_the_list_to_a_word(browser: Browser, world: World) -> None:
    """It is shown as it left, escaped, and is gone from the list once somebody has said something."""
    sample = await kept(world)
    page = f"/passed/{sample.sample_id}"
    assert f'href="{page}"' in (await browser.get("/passed")).text
    text = (await browser.get(page)).text
    assert "&lt;b&gt;hi" in text
    assert "can be undone" in text
    assert (await browser.send(page, f"{page}/label", {"label": "should_have_held"})).status_code == 303
    assert "You said should have been held" in (await browser.get(page)).text
    assert "None waits" in (await browser.get("/passed")).text


async def test_what_is_no_word_or_no_call(browser: Browser, world: World) -> None:
    """Both are refused in words."""
    sample = await kept(world)
    page = f"/passed/{sample.sample_id}"
    assert (await browser.send(page, f"{page}/label", {"label": "maybe"})).status_code == 400
    assert (await browser.get("/passed/01JZZZZZZZZZZZZZZZZZZZZZZZ")).status_code == 404
