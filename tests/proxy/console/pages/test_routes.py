"""Tests of which addresses there are, and of who is let in at each."""

import pytest
from starlette.routing import Route

from proxy.console.pages.routes import routes
from proxy.console.pages.shell import Shell
from proxy.console.people.sessions import IDLE
from proxy.console.reading.lines import Lines
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World


def _routes(world: World) -> list[Route]:
    return routes(Shell(world.reviewing()), Lines(world.reviewing()))


OPEN = {"/", "/login", "/login/oidc", "/login/oidc/callback", "/static/{name}"}
"""What is there for whoever is not logged in."""
ID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"


async def test_every_other_address_asks_for_a_login(stranger: Browser, world: World) -> None:
    """One that is added is behind the lock, or is named here."""
    closed = [route for route in _routes(world) if route.path not in OPEN]
    assert len(closed) >= 20
    for route in closed:
        path = route.path.replace("{hold_id}", ID).replace("{part}", "body")
        for method in route.methods or ():
            response = await stranger.client.request(method, path)
            assert response.status_code == 303, (method, path)
            assert response.headers["location"].startswith("/login?next=/"), (method, path)


async def test_what_reads_is_apart_from_what_acts(world: World) -> None:
    """No address takes a form and a look by the same function."""
    for route in _routes(world):
        assert route.methods in ({"GET", "HEAD"}, {"POST"}), route.path


async def test_the_root_is_the_list(stranger: Browser) -> None:
    """Nothing is told there."""
    response = await stranger.get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/holds")


@pytest.mark.parametrize("path", ["/nothing", "/holds/", "//holds", "/HOLDS", "/holds/a/b", "/login/x"])
async def test_there_is_nothing_else(browser: Browser, path: str) -> None:
    """An address that is almost one of ours is none."""
    assert (await browser.client.get(f"http://127.0.0.1:8081{path}")).status_code == 404


async def test_a_page_that_renews_itself_keeps_nobody_logged_in(browser: Browser, world: World) -> None:
    """An open page is no person."""
    for _ in range(3):
        world.clock.moment += IDLE / 2
        last = await browser.get("/holds/list")
    assert last.status_code == 303


@pytest.mark.parametrize("path", ["/agents", "/numbers", "/rules", "/kill"])
async def test_the_other_pages(browser: Browser, world: World, path: str) -> None:
    """They are there, with or without holds."""
    assert (await browser.get(path)).status_code == 200
    await world.hold()
    assert (await browser.get(path)).status_code == 200
