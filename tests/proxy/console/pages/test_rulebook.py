"""Tests of the page of the rules, and of the call that it judges."""

import pytest

from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"method": "POST", "url": "https://bank.example/transfers", "body": "{}"}, "tier 4"),
        ({"method": "GET", "url": "https://bank.example/x?<script>", "body": ""}, "&lt;script&gt;"),
        ({"method": "POST", "url": "nonsense", "body": ""}, "method and URL"),
        ({"method": "POST", "url": "https://a.example/", "body": '{"a":1,"a":2}'}, "refused"),
    ],
    ids=["rule", "markup", "no url", "two readings"],
)
async def test_explaining_a_call(browser: Browser, fields: dict[str, str], told: str) -> None:
    """The call of the form is judged, and goes nowhere."""
    response = await browser.send("/rules", "/rules", fields)
    assert response.status_code == 200
    assert told in response.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://ada@bank.example/",
        "https://bank.example:99999/",
        "https://[::1/",
        "https://bank.example/ x",
        "https://bank.example/\r\nX: y",
    ],
)
async def test_what_is_no_url_is_not_judged(browser: Browser, url: str) -> None:
    """The page says what is missing in words, and shows no tier for it."""
    response = await browser.send("/rules", "/rules", {"method": "GET", "url": url, "body": ""})
    assert response.status_code == 200
    assert '<p class="alert">' in response.text
    assert "<h3>" not in response.text


async def test_a_call_that_is_explained_is_not_held(browser: Browser, world: World) -> None:
    """Trying out a dangerous call leaves nothing behind."""
    fields = {"method": "POST", "url": "https://bank.example/transfers", "body": "{}"}
    assert "tier 4" in (await browser.send("/rules", "/rules", fields)).text
    assert await world.store.list() == []


async def test_the_own_rules_are_listed(browser: Browser, world: World) -> None:
    """Each with what it names, and the hash of them all."""
    text = (await browser.get("/rules")).text
    assert "<code>pay</code>" in text
    assert "any method at bank.example, path /transfers<" in text
    assert world.ruleset.hash in text
