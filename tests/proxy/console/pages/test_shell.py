"""Tests of what every page has around it: sessions, forms of this very session, headers."""

from urllib.parse import urlencode

import pytest

from proxy.console.pages.shell import own_path
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import BASE, TOKENS, World

ID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"
PAGES = [
    "/holds",
    "/history",
    f"/holds/{ID}",
    f"/holds/{ID}/parts/body",
    "/agents",
    "/numbers",
    "/rules",
    "/kill",
]
PAGES += ["/holds/list", f"/holds/{ID}/standing", "/events"]
FORMS = [f"/holds/{ID}/{what}" for what in ("approve", "reject", "cancel", "resolve", "ask-again")]
FORMS += ["/kill/on", "/kill/off", "/rules", "/logout"]


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_without_a_session(stranger: Browser, path: str) -> None:
    """Whoever is not logged in is asked to, and learns nothing of what exists."""
    response = await stranger.get(path)
    assert response.status_code == 303
    assert response.headers["location"] == f"/login?next={path}"


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_without_a_session(stranger: Browser, path: str) -> None:
    """A decision without a session is none."""
    response = await stranger.client.post(path, data={"csrf": "x"})
    assert (response.status_code, response.headers["location"]) == (303, "/login?next=/holds")


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "fields", [{}, {"csrf": ""}, {"csrf": "x"}, {"csrf": "\u00e9"}], ids=["none", "empty", "x", "e"]
)
async def test_no_form_that_is_not_from_this_session(
    browser: Browser, path: str, fields: dict[str, str]
) -> None:
    """Without the session's own token a form is refused, and nobody is logged out or switched off."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await browser.client.post(path, content=urlencode(fields), headers=headers)
    assert response.status_code == 403
    assert (await browser.get("/holds")).status_code == 200


async def test_no_form_of_somebody_elses_session(world: World, browser: Browser, stranger: Browser) -> None:
    """A token of another reviewer's page opens nothing."""
    await stranger.log_in("bob")
    csrf = Browser.form_of((await stranger.get("/kill")).text, "/kill/on")["csrf"]
    response = await browser.client.post("/kill/on", data={"csrf": csrf, "reason": "x"})
    assert response.status_code == 403
    assert await world.store.killed() is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:8081"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": BASE}, 303),
    ],
    ids=["host", "suffix", "origin", "null", "own"],
)
async def test_a_page_is_for_its_own_host_and_origin(
    stranger: Browser, headers: dict[str, str], status: int
) -> None:
    """Neither a rebound name nor a page of another origin can log anybody in."""
    response = await stranger.client.post("/login", data={"token": TOKENS["ada"]}, headers=headers)
    assert response.status_code == status


async def test_a_session_opens_no_api_and_a_token_no_page(browser: Browser, world: World) -> None:
    """The two locks are apart: a page cannot make a browser use the API, nor a script a page."""
    assert (await browser.get("/api/holds")).status_code == 401
    async with world.client() as api:
        assert (await api.get("/holds")).status_code == 303


@pytest.mark.parametrize("path", ["/holds", "/login", "/static/console.js", "/holds/nothing", "/"])
async def test_every_answer_bounds_the_browser(browser: Browser, path: str) -> None:
    """No script, style or frame of anywhere else, no copy kept, no referrer to elsewhere."""
    headers = (await browser.get(path)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'; base-uri 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/holds/01A", "/holds/01A"),
        ("//evil.example", "/holds"),
        ("https://evil.example", "/holds"),
        ("/\\evil.example", "/holds"),
        ("/holds?x=1", "/holds"),
        ("/a\r\nSet-Cookie: a", "/holds"),
        ("", "/holds"),
    ],
    ids=["own", "authority", "url", "backslash", "query", "line", "empty"],
)
def test_nobody_is_sent_elsewhere(path: str, own: str) -> None:
    """After a login there is no way to another origin."""
    assert own_path(path) == own


async def test_a_part_that_loads_itself_has_the_whole_page_go_to_the_login(stranger: Browser) -> None:
    """A list on an open page does not become a login form."""
    response = await stranger.client.get("/holds/list", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["hx-redirect"]) == (401, "/login")


async def test_a_store_that_is_away_is_said_on_a_page(away: World) -> None:
    """And nobody is told that something was decided."""
    browser = Browser(away)
    await browser.log_in()
    response = await browser.get("/holds")
    await browser.client.aclose()
    assert response.status_code == 503
    assert "the store does not answer" in response.text
