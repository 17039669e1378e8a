"""A real Chromium at the pages of a sidecar, which notes whatever a page does that it must not do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.acceptance.sidecar import Sidecar
from tests.environments import locked

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
_PATIENCE = 30_000
_GRAVE = ("serious", "critical")
# What an injected script would call; nothing of ours does.
_TRAP = "window.alert = window.confirm = window.prompt = () => { window.__ran = true; };"


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser process."""
    found = shutil.which("chromium")
    assert found, "there is no `chromium`: `make .venv/.system` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Reader:
    """One person with one page, on a screen of some size."""

    def __init__(
        self,
        browser: Browser,
        sidecar: Sidecar,
        *,
        size: dict[str, int] = DESK,
        dark: bool = False,
        elsewhere: str | None = None,
    ) -> None:
        """`elsewhere`: a provider at which the person logs in; the console is at `localhost` then."""
        self._sidecar = sidecar
        console = sidecar.console.replace("127.0.0.1", "localhost") if elsewhere else sidecar.console
        self._origins = (console, *([elsewhere] if elsewhere else []), "data:")
        self._context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            base_url=console,
            color_scheme="dark" if dark else "light",
        )
        self._context.set_default_timeout(_PATIENCE)
        self._context.add_init_script(_TRAP)
        self.page: Page = self._context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._follow)

    def log_in(self, token: str | None = None) -> None:
        """With a reviewer's token, by default the operator's."""
        self.page.goto("/login")
        self.page.get_by_label("Reviewer's token").fill(token or self._sidecar.token)
        self.page.get_by_role("button", name="Log in", exact=True).click()
        self.page.wait_for_url("**/holds")

    def graves(self) -> list[str]:
        """What axe finds serious on the page, once it has its style."""
        self.page.wait_for_load_state("load")
        script = locked.node("axe") / "node_modules" / "axe-core" / "axe.min.js"
        # By the debugger, which the page's policy does not bind.
        self.page.evaluate(Path(script).read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run()")
        return [
            f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for one in found["violations"]
            if one["impact"] in _GRAVE
            for node in one["nodes"]
        ]

    def overflows(self) -> list[str]:
        """What makes the page wider than the screen, once it has its style."""
        self.page.wait_for_load_state("load")
        wider: list[str] = self.page.evaluate(
            """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
            [...document.querySelectorAll("*")]
            .filter(part => part.getBoundingClientRect().right > window.innerWidth)
            .map(part => part.outerHTML.slice(0, 200)).concat("the page")"""
        )
        return wider

    def ran(self) -> bool:
        """Whether somebody else's script ran."""
        ran: bool = self.page.evaluate("window.__ran === true")
        return ran

    def close(self) -> None:
        """Close the page and forget its cookies."""
        self._context.close()

    def _hear(self, kind: str, text: str) -> None:
        # A refusal that a page shows is said there as a failed load as well.
        if kind == "error" and "status of 4" not in text:
            self.complaints.append(text)

    def _follow(self, request: Request) -> None:
        if not request.url.startswith(self._origins):
            self.complaints.append(f"a request left the origin: {request.url}")


@contextmanager
def person(
    browser: Browser, sidecar: Sidecar, *, phone: bool = False, token: str | None = None
) -> Iterator[Reader]:
    """Somebody who is logged in, at a desk or on a phone in the dark, whose pages did nothing amiss."""
    reader = Reader(browser, sidecar, size=PHONE, dark=True) if phone else Reader(browser, sidecar)
    reader.log_in(token)
    yield reader
    assert reader.complaints == []
    reader.close()
