"""Tests of logging in and out."""

from datetime import timedelta

import pytest

from proxy.console.pages.attempts import MOST_FAILURES, Attempts
from proxy.console.pages.sessions import IDLE, LIFE, Session, Sessions
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import TOKENS, Clock, World


async def test_a_token_opens_a_session(stranger: Browser) -> None:
    """Its cookie is out of reach of scripts and of other sites."""
    response = await stranger.log_in()
    cookie = response.headers["set-cookie"]
    assert (response.status_code, response.headers["location"]) == (303, "/holds")
    assert cookie.startswith("sidegate_8081=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert TOKENS["ada"] not in cookie
    assert "ada" in (await stranger.get("/holds")).text


async def test_over_https_the_cookie_is_for_https_alone(stranger: Browser) -> None:
    """The browser says so, because a proxy before us speaks TLS."""
    headers = {"Origin": "https://127.0.0.1:8081"}
    response = await stranger.client.post("/login", data={"token": TOKENS["ada"]}, headers=headers)
    assert "Secure" in response.headers["set-cookie"]


@pytest.mark.parametrize(
    "token", ["", "x", "ada", "ada-token-012345678", "a\u200bb", "' or 1=1", "\u00e9" * 20]
)
async def test_anything_else_opens_nothing(stranger: Browser, token: str) -> None:
    """The answer says what to do and sets no cookie."""
    response = await stranger.client.post("/login", data={"token": token})
    assert response.status_code == 401
    assert "set-cookie" not in response.headers
    assert (
        "That is no reviewer&#39;s token" in response.text or "That is no reviewer's token" in response.text
    )


async def test_too_many_wrong_tokens_lock_the_address_for_a_while(stranger: Browser, world: World) -> None:
    """Even the right token has to wait then."""
    for _ in range(MOST_FAILURES):
        await stranger.client.post("/login", data={"token": "wrong"})
    assert (await stranger.log_in()).status_code == 429
    world.clock.moment += timedelta(minutes=1, seconds=1)
    assert (await stranger.log_in()).status_code == 303


async def test_logging_out_ends_the_session_and_not_only_the_cookie(browser: Browser) -> None:
    """A cookie that somebody kept opens nothing any more."""
    kept = dict(browser.client.cookies)
    assert (await browser.send("/holds", "/logout")).headers["location"] == "/login"
    browser.client.cookies.update(kept)
    assert (await browser.get("/holds")).status_code == 303


@pytest.mark.parametrize("after", [IDLE, LIFE])
async def test_a_session_ends_by_itself(browser: Browser, world: World, after: timedelta) -> None:
    """After a time without anybody, and after a day's work in any case."""
    step = IDLE / 2 if after == LIFE else after
    passed = timedelta(0)
    while passed < after:
        assert (await browser.get("/holds")).status_code == 200
        world.clock.moment += step
        passed += step
    assert (await browser.get("/holds")).status_code == 303


async def test_a_page_that_renews_itself_keeps_nobody_logged_in(browser: Browser, world: World) -> None:
    """An open page is no person."""
    for _ in range(3):
        world.clock.moment += IDLE / 2
        last = await browser.get("/holds/list")
    assert last.status_code == 303


def test_there_is_a_bound_to_sessions() -> None:
    """The oldest ends where there are too many."""
    sessions = Sessions(Clock())
    first = sessions.start("ada")
    for _ in range(1000):
        last = sessions.start("ada")
    assert sessions.find(first) is None
    assert sessions.find(last) is not None


def test_what_was_opened_counts_from_its_beginning_to_its_end() -> None:
    """A page that is left out keeps the rest from counting."""
    session = Session("ada", Clock()())
    session.show("a", start=0, end=10, size=30)
    session.show("a", start=20, end=30, size=30)
    assert session.viewed == frozenset()
    session.show("a", start=10, end=20, size=30)
    session.show("a", start=20, end=30, size=30)
    assert session.viewed == {"a"}


def test_failures_lock_longer_each_time_and_not_for_ever() -> None:
    """One address, whatever it does, is bounded on both sides; others are not touched."""
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(2000):
        attempts.fail("a")
    assert attempts.locked("a") == timedelta(minutes=15)
    assert attempts.locked("b") is None
    clock.moment += timedelta(minutes=15)
    assert attempts.locked("a") is None
