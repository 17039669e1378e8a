"""Tests of logging in and out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from proxy.console.people.attempts import MOST_FAILURES
from proxy.console.people.entry import ConsoleEntry
from proxy.console.people.users import Passwords, User, hashed
from rules.reviewer import Role
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


WORD = "correct horse battery"


@pytest.fixture
async def eve(world: World, tmp_path: Path) -> AsyncIterator[Browser]:
    """Give somebody at the login, where eve has a password."""
    Passwords(tmp_path).add(User(name="eve", hash=hashed(WORD), changed=world.clock(), role=Role.LEAD))
    made = Browser(replace(world, folder=tmp_path))
    yield made
    await made.client.aclose()


async def test_a_name_and_its_password_open_a_session(eve: Browser) -> None:
    """Whatever the case of the name; the page says who it is, and as what."""
    response = await eve.client.post("/login", data={"name": " EVE ", "password": WORD, "next": "/rules"})
    assert (response.status_code, response.headers["location"]) == (303, "/rules")
    page = (await eve.get("/rules")).text
    assert 'eve <span class="role">lead</span>' in page


@pytest.mark.parametrize(
    ("name", "word"),
    [("eve", ""), ("eve", WORD + "x"), ("bob", WORD), ("operator", WORD), ("", WORD), ("\u202eeve", WORD)],
    ids=["none", "wrong", "another", "operator", "nobody", "turned"],
)
async def test_a_wrong_password_and_a_wrong_name_are_told_alike(eve: Browser, name: str, word: str) -> None:
    """Nobody learns who there is."""
    response = await eve.client.post("/login", data={"name": name, "password": word})
    assert response.status_code == 401
    assert "That name and password do not fit together." in response.text
    assert "set-cookie" not in response.headers


async def test_a_name_is_locked_whoever_tries(eve: Browser, world: World) -> None:
    """From any address, whether there is such a person or not; another name is not."""
    app = eve.client._transport.app  # type: ignore[attr-defined]
    for name in ("eve", "nobody"):
        for n in range(MOST_FAILURES + 1):
            transport = httpx2.ASGITransport(app, client=(f"10.0.{len(name)}.{n}", 1))
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081") as client:
                last = await client.post("/login", data={"name": name, "password": "wrong word here"})
        assert last.status_code == 429
        assert last.headers["retry-after"] == "61"
        assert "for this name have failed" in last.text
    right = {"name": "eve", "password": WORD}
    assert (await eve.client.post("/login", data=right)).status_code == 429
    assert (await eve.log_in("bob")).status_code == 303
    world.clock.moment += timedelta(minutes=1, seconds=1)
    assert (await eve.client.post("/login", data=right)).status_code == 303


async def test_many_at_once_are_counted_before_they_are_looked_at(eve: Browser) -> None:
    """No more are looked at than one after the other would be."""
    tries = [
        eve.client.post("/login", data={"name": "eve", "password": f"wrong word {n}"}) for n in range(20)
    ]
    codes = sorted([answer.status_code for answer in await asyncio.gather(*tries)])
    assert codes == [401] * MOST_FAILURES + [429] * (20 - MOST_FAILURES)


async def test_a_login_makes_a_new_session(browser: Browser) -> None:
    """An id that somebody else may know is worth nothing afterwards."""
    before = dict(browser.client.cookies)
    assert (await browser.log_in("bob")).status_code == 303
    assert dict(browser.client.cookies) != before
    browser.client.cookies.clear()
    browser.client.cookies.update(before)
    assert (await browser.get("/holds")).status_code == 303


async def test_the_demo_asks_nobody(world: World) -> None:
    """Where nobody is asked, everybody is the operator, on the pages and over the API."""
    browser = Browser(replace(world, entry=ConsoleEntry(authentication="none")))
    assert (await browser.get("/login?next=/rules")).headers["location"] == "/rules"
    assert "operator" in (await browser.get("/rules")).text
    assert (await browser.client.get("/api/keys")).status_code == 200
    wrong = {"Authorization": "Bearer wrong-token-0123456789"}
    assert (await browser.client.get("/api/keys", headers=wrong)).status_code == 401
    await browser.client.aclose()


async def test_over_https_the_cookie_is_for_https_alone(stranger: Browser) -> None:
    """The browser says so, because a proxy before us speaks TLS."""
    headers = {"Origin": "https://127.0.0.1:8081"}
    response = await stranger.client.post("/login", data={"token": TOKENS["ada"]}, headers=headers)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-sidegate_8081=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


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
    locked = await stranger.log_in()
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "61")
    world.clock.moment += timedelta(minutes=1, seconds=1)
    assert (await stranger.log_in()).status_code == 303


async def test_logging_out_ends_the_session_and_not_only_the_cookie(browser: Browser) -> None:
    """A cookie that somebody kept opens nothing any more."""
    kept = dict(browser.client.cookies)
    assert (await browser.send("/holds", "/logout")).headers["location"] == "/login"
    browser.client.cookies.update(kept)
    assert (await browser.get("/holds")).status_code == 303
