"""Tests of logging in and out."""

from datetime import timedelta

import pytest

from proxy.console.pages.attempts import MOST_FAILURES
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import TOKENS, World


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
