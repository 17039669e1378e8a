"""Everybody, for admins."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.console.people.factors.kept import Factors, Kept
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World


@pytest.fixture
async def admin(world: World, tmp_path: Path) -> AsyncIterator[Browser]:
    """Give the operator at the pages; ada and the operator have codes."""
    for name in ("ada", "operator"):
        Kept(tmp_path).change(name, lambda before: before.model_copy(update={"secret": "S" * 32}))
    made = Browser(replace(world, folder=tmp_path))
    assert (await made.log_in("operator")).status_code == 303
    yield made
    await made.client.aclose()


async def test_everybody_is_shown(admin: Browser) -> None:
    """With what they may do and how they come in, and no secret."""
    page = (await admin.get("/people")).text
    for words in ("ada", "bob", "operator", "lead", "comes in by token"):
        assert words in page
    assert "S" * 32 not in page


async def test_an_admin_recovers_and_logs_out(admin: Browser, tmp_path: Path) -> None:
    """The person is logged out and has no factor; nobody else is touched."""
    ada = Browser.__new__(Browser)
    ada.client = admin.client.__class__(transport=admin.client._transport, base_url=admin.client.base_url)
    assert (await ada.log_in("ada")).status_code == 303
    assert (await admin.send("/people", "/people/recover", {"name": "ada"})).status_code == 303
    assert (await ada.get("/holds")).status_code == 303
    assert Kept(tmp_path).of("ada") == Factors(name="ada")
    assert Kept(tmp_path).of("operator").any
    await ada.log_in("ada")
    assert (await admin.send("/people", "/people/log-out", {"name": "ada"})).status_code == 303
    assert (await ada.get("/holds")).status_code == 303
    await ada.client.aclose()


@pytest.mark.parametrize("path", ["/people/recover", "/people/log-out"])
@pytest.mark.parametrize(
    ("name", "status"), [("operator", 403), ("nobody", 404), ("", 404), ("\u202eada", 404)]
)
async def test_whom_an_admin_cannot_mean(
    admin: Browser, tmp_path: Path, path: str, name: str, status: int
) -> None:
    """Not oneself, and nobody who is not there."""
    form = Browser.form_of((await admin.get("/people")).text, "/logout")
    assert (await admin.client.post(path, data={**form, "name": name})).status_code == status
    assert Kept(tmp_path).of("operator").any


@pytest.mark.parametrize("path", ["/people/recover", "/people/log-out"])
async def test_nobody_else_does(browser: Browser, path: str) -> None:
    """A lead neither sees the page nor sends its forms."""
    text = (await browser.get("/holds")).text
    assert 'href="/people"' not in text
    assert (await browser.get("/people")).status_code == 403
    form = Browser.form_of(text, "/logout")
    assert (await browser.client.post(path, data={**form, "name": "bob"})).status_code == 403
