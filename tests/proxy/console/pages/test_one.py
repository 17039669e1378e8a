"""Tests of the page of one hold, and of the pages of its parts."""

import re

import pytest

from rules.hold import State
from tests.proxy.console.pages.browser import Browser, approve_path, posting
from tests.proxy.console.world import World


async def test_what_cannot_be_shown_has_to_be_opened_first(browser: Browser, world: World) -> None:
    """Page by page to its end, in this session; a page left out does not count."""
    hold = await world.hold(posting(b'{"memo": "' + b"x" * 200_000 + b'"}'))
    page, path = f"/holds/{hold.hold_id}", approve_path(hold.hold_id)
    body = f"{page}/parts/body"
    shown = (await browser.get(page)).text
    assert "First open to the end" in shown
    form = Browser.form_of(shown, path)
    assert "left out" in (await browser.get(f"{body}?offset=196608")).text
    assert (await browser.client.post(path, data=form)).status_code == 409
    offset: str | None = "0"
    while offset is not None:
        text = (await browser.get(f"{body}?offset={offset}")).text
        found = re.search(r'href="\?offset=([0-9]+)"', text)
        offset = found[1] if found else None
    assert "you have opened all of it" in text
    assert (await browser.send(page, path)).status_code == 303
    assert await world.state(hold) is State.APPROVED


@pytest.mark.parametrize("query", ["offset=x", "offset=-1", "offset=99999999"])
async def test_a_page_of_a_part_that_is_not_there(browser: Browser, world: World, query: str) -> None:
    """It is refused in words."""
    hold = await world.hold()
    assert (await browser.get(f"/holds/{hold.hold_id}/parts/body?{query}")).status_code == 400


async def test_a_changed_hold_can_only_be_rejected(browser: Browser, world: World) -> None:
    """What does not open has no approval on its page."""
    hold = await world.hold()
    await world.spoil(hold, "sealed", b"x" * 100)
    text = (await browser.get(f"/holds/{hold.hold_id}")).text
    assert "cannot be shown" in text
    assert 'id="approve"' not in text
    assert 'id="reject"' in text


async def test_a_hold_that_is_not_there(browser: Browser) -> None:
    """It is said in words, whatever was asked for."""
    for hold_id in ("01JZZZZZZZZZZZZZZZZZZZZZZZ", "x", "%3Cscript%3E"):
        response = await browser.get(f"/holds/{hold_id}")
        assert response.status_code == 404
        assert "<script>" not in response.text


@pytest.mark.parametrize("part", ["sealed", "x", "%3Cscript%3E", "body%00", "..%2fbody"])
async def test_a_part_that_is_not_there(browser: Browser, world: World, part: str) -> None:
    """Only what would run can be opened."""
    hold = await world.hold()
    response = await browser.get(f"/holds/{hold.hold_id}/parts/{part}")
    assert response.status_code in (400, 404)
    assert "<script>" not in response.text
