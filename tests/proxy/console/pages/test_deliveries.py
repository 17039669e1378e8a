"""Tests of the page of what channels could not be told."""

from tests.proxy.cli.test_webhooks import buried
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World


async def test_listed_and_told_again(browser: Browser, world: World) -> None:
    """Each with its reason, in which nothing acts; once told again it is gone."""
    assert "Nothing was given up" in (await browser.get("/deliveries")).text
    one = await buried(world, "it answered <script>\u202e")
    page = (await browser.get("/deliveries")).text
    assert "<script>\u202e" not in page
    assert one in page
    assert (await browser.send("/deliveries", "/deliveries/again")).status_code == 303
    assert "Nothing was given up" in (await browser.get("/deliveries")).text


async def test_what_is_not_listed(browser: Browser, world: World) -> None:
    """Cannot be told again, and not without a form of ours."""
    await buried(world, "away")
    form = browser.form_of((await browser.get("/deliveries")).text, "/deliveries/again")
    answer = await browser.client.post("/deliveries/again", data={**form, "delivery_id": "1-1.x"})
    assert answer.status_code == 404
    assert (await browser.client.post("/deliveries/again", data={"delivery_id": "x"})).status_code == 403
