"""A browser without a script: keeps cookies, follows nothing, and fills in forms that pages have."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape

import httpx2

from rules.action import Action
from tests.proxy.console.world import ACTION, TOKENS, World

READ = replace(ACTION, fields=((b"Host", b"bank.example"), (b"Content-Type", b"application/json")))
"""An action that has a reading under the rules of now."""

_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


class Browser:
    """One person at the pages of `world`'s console."""

    def __init__(self, world: World) -> None:
        self.client = world.client(token=None)

    async def log_in(self, name: str = "ada") -> httpx2.Response:
        """Send the login form."""
        return await self.client.post("/login", data={"token": TOKENS[name], "next": "/holds"})

    async def get(self, path: str) -> httpx2.Response:
        """Ask for a page."""
        return await self.client.get(path)

    async def send(self, page: str, path: str, fields: Mapping[str, str] | None = None) -> httpx2.Response:
        """Send the form of `page` that goes to `path`, with what is hidden in it."""
        hidden = self.form_of((await self.get(page)).text, path)
        return await self.client.post(path, data={**hidden, **(fields or {})})

    @staticmethod
    def form_of(text: str, path: str) -> dict[str, str]:
        """The hidden fields of the form that goes to `path`."""
        form = text.partition(f'action="{path}"')[2].partition("</form>")[0]
        assert form, f"the page has no form for {path}"
        return {name: unescape(value) for name, value in _HIDDEN.findall(form)}


def posting(body: bytes) -> Action:
    """A transfer with that body."""
    return replace(READ, body=body)


def approve_path(hold_id: str) -> str:
    """Where the approval goes."""
    return f"/holds/{hold_id}/approve"
