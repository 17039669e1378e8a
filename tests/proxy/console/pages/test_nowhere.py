"""Addresses that there are not: a page in a browser, JSON for everybody else."""

import pytest

from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/nothing", 404, "there is nothing at `/nothing`"),
        ("/holds/a/b/c", 404, "there is nothing at `/holds/a/b/c`"),
        ("/%3Cscript%3E", 404, "&lt;script&gt;"),
        ("/logout", 405, "`/logout` does not know `GET`"),
    ],
)
async def test_a_page(browser: Browser, path: str, status: int, told: str) -> None:
    """As other pages: with the way to all others, and what bounds the browser."""
    response = await browser.client.get(path, headers=BROWSER)
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert told in response.text
    assert 'href="/history"' in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_who_is_not_logged_in_is_told_as_well(world: World) -> None:
    """On a page without the names of others."""
    response = await Browser(world).client.get("/nothing", headers=BROWSER)
    assert "there is nothing at `/nothing`" in response.text
    assert 'href="/history"' not in response.text


@pytest.mark.parametrize(
    ("method", "path", "accept", "status"),
    [
        ("GET", "/nothing", "*/*", 404),
        ("GET", "/nothing", "application/json", 404),
        ("GET", "/api/nothing", BROWSER["Accept"], 401),
        ("POST", "/api/holds", BROWSER["Accept"], 401),
        ("PUT", "/holds", BROWSER["Accept"], 405),
    ],
)
async def test_programs_hear_json(world: World, method: str, path: str, accept: str, status: int) -> None:
    """Whatever they are."""
    response = await Browser(world).client.request(method, path, headers={"Accept": accept})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_below_the_api_nothing_is_a_page(world: World) -> None:
    """Neither for one that may ask."""
    response = await world.client().get("/api/nothing", headers=BROWSER)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
