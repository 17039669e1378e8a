"""People coming in: at a real provider, with a password, and with second factors, in a real browser."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from proxy.console.people.factors.codes import code_at
from tests.acceptance.asking import ask, held
from tests.acceptance.authority import Authority
from tests.acceptance.chromium import PHONE, Reader, chromium
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream
from tests.environments.locked import node, node_program
from tests.ports import free_ports

pytestmark = pytest.mark.review

PROGRAM = Path(__file__).parent / "programs" / "provider.mjs"
PASSWORD = "correct horse battery"
RULES = """
version: 1
rules:
  - id: pay
    match: {host: localhost, method: POST, path: /v1/transfers}
    tier: 4
    category: financial
    reason: moves money
  - id: tell
    match: {host: localhost, method: POST, path: /v1/messages}
    tier: 3
    reason: reaches people
"""
CONFIG = """
version: 1
destinations: {allow: [localhost]}
console:
  people:
    - {name: bob, subject: bob, role: reviewer, scope: {hosts: [elsewhere.example]}}
  step_up: {tiers: [4]}
  oidc:
    name: Example
    issuer: ISSUER
    client_id: side gate
    client_secret: {file: FOLDER/secret}
    redirect_uri: CONSOLE/login/oidc/callback
    roles:
      - {group: leads, role: lead}
      - {group: watchers, role: viewer}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A sidecar whose people log in at a provider."""

    sidecar: Sidecar
    provider: str

    def reader(self, browser: Browser, *, size: dict[str, int] | None = None, dark: bool = False) -> Reader:
        """Somebody at the login."""
        reader = Reader(browser, self.sidecar, size=size or PHONE, dark=dark, elsewhere=self.provider)
        # The provider's own page wants a font that is nowhere here.
        reader.page.route("**/*googleapis*/**", lambda route: route.abort())
        reader.page.goto("/holds")
        return reader


@pytest.fixture(scope="module")
def place(authority: Authority) -> Iterator[Place]:
    """Run both."""
    [port] = free_ports(1)
    issuer, folder = f"http://localhost:{port}", node("oidc")
    made = Sidecar(upstream_ca=authority.ca, rules=RULES, config=CONFIG)
    console = made.console.replace("127.0.0.1", "localhost")
    said = {"ISSUER": issuer, "FOLDER": str(made.folder), "CONSOLE": console}
    config = re.sub("|".join(said), lambda found: said[found[0]], CONFIG)
    (made.folder / "config.yaml").write_text(config)
    (made.folder / "secret").write_text("cl1ent+s3cret")
    command = (*node_program(), str(PROGRAM), str(port), str(folder), console)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as provider:
        try:
            assert provider.stdout is not None
            assert provider.stdout.readline().strip() == "listening"
            with made:
                yield Place(sidecar=made, provider=issuer)
        finally:
            provider.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def reader(place: Place, browser: Browser) -> Iterator[Reader]:
    """Somebody who is not logged in yet, and whose pages did nothing that they must not do."""
    reader = place.reader(browser, size={"width": 1280, "height": 900})
    yield reader
    assert [one for one in reader.complaints if "googleapis" not in one and "ERR_FAILED" not in one] == []
    reader.close()


def come_in(page: Page, name: str) -> None:
    """Log in at the provider, and let it tell who it is."""
    page.get_by_role("link", name="Log in with Example").click()
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def log_in_here(page: Page, name: str) -> None:
    """With the password."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in with a password").click()
    page.wait_for_url("**/holds")


def add_user(place: Place, name: str, *flags: str) -> None:
    """Somebody with a password."""
    done = place.sidecar.cli("users", "add", name, *flags, stdin=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr


def code_of(secret: str) -> str:
    """What a device shows now."""
    return code_at(secret, int(datetime.now(UTC).timestamp()) // 30)


def test_in_at_a_provider_decide_and_out_again(place: Place, upstream: Upstream, reader: Reader) -> None:
    """By the group that the provider names; out there as well, so that it asks again."""
    page = reader.page
    come_in(page, "ada")
    page.wait_for_url("**/holds")
    expect(page.locator(".who")).to_contain_text("ada@example.org")
    expect(page.locator(".who .role")).to_have_text("lead")
    hold_id = held(ask(place.sidecar, upstream.url("/v1/messages"), to="team@example.org"))
    page.goto(f"/holds/{hold_id}")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator("#standing")).to_contain_text("approved by `ada@example.org`")
    place.sidecar.wait_state(hold_id, {"executed"})
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url("**/login")
    page.goto("/holds")
    come_in(page, "vera")
    expect(page.locator(".who .role")).to_have_text("viewer")


def test_a_viewer_is_offered_nothing(place: Place, upstream: Upstream, reader: Reader) -> None:
    """And sees why."""
    hold_id = held(ask(place.sidecar, upstream.url("/v1/messages"), to="vera@example.org"))
    come_in(reader.page, "vera")
    reader.page.goto(f"/holds/{hold_id}")
    expect(reader.page.locator("#barred")).to_contain_text("is not for the role `viewer`")
    assert reader.page.get_by_role("button", name="Approve").count() == 0
    assert reader.graves() == []


def test_out_of_scope_is_not_there(place: Place, upstream: Upstream, reader: Reader) -> None:
    """Neither in the list nor by its address."""
    hold_id = held(ask(place.sidecar, upstream.url("/v1/messages"), to="bob@example.org"))
    come_in(reader.page, "bob")
    expect(reader.page.locator(".who .role")).to_have_text("reviewer")
    assert reader.page.locator(f'a[href="/holds/{hold_id}"]').count() == 0
    answer = reader.page.goto(f"/holds/{hold_id}")
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize(
    ("name", "words"),
    [("nobody", "nobody has given you a role"), ("mallory", "has not verified your e-mail")],
)
def test_somebody_who_is_nobody_here(reader: Reader, name: str, words: str) -> None:
    """The page says what would help, and opens nothing."""
    come_in(reader.page, name)
    expect(reader.page.get_by_role("alert")).to_contain_text(words)
    assert reader.graves() == []
    reader.page.goto("/holds")
    expect(reader.page.get_by_role("heading", name="Sidegate")).to_be_visible()


def test_a_password_and_a_code(place: Place, upstream: Upstream, reader: Reader) -> None:
    """Codes are set up on the page; each approves one call of tier 4."""
    add_user(place, "eve")
    page = reader.page
    log_in_here(page, "eve")
    hold_id = held(ask(place.sidecar, upstream.url("/v1/transfers"), amount=5, currency="eur", to="B"))
    page.goto(f"/holds/{hold_id}")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("needs a second factor")
    page.goto("/account")
    page.get_by_role("button", name="Set up codes").click()
    secret = page.locator(".secret code").inner_text()
    assert reader.graves() == []
    used = code_of(secret)
    page.get_by_label("Code").fill(used)
    page.get_by_role("button", name="Use these codes").click()
    expect(page.locator("#factors")).to_contain_text("codes of a device")
    page.goto(f"/holds/{hold_id}")
    page.get_by_label("Code of your device").fill(used)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("was used")
    page.goto(f"/holds/{hold_id}")
    until(lambda: code_of(secret) != used, deadline=40, what="the next code")
    page.get_by_label("Code of your device").fill(code_of(secret))
    assert reader.graves() == []
    page.get_by_role("button", name="Approve").click()
    place.sidecar.wait_state(hold_id, {"executed"})


def test_a_passkey(place: Place, upstream: Upstream, reader: Reader) -> None:
    """A real browser's, kept by a device that it has; one gesture approves one call."""
    add_user(place, "fay", "--role", "admin")
    page = reader.page
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    device |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    log_in_here(page, "fay")
    page.goto("/account")
    page.get_by_label("Name of the new passkey").fill("key on my desk")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#factors li")).to_contain_text("key on my desk")
    hold_id = held(ask(place.sidecar, upstream.url("/v1/transfers"), amount=6, currency="eur", to="C"))
    page.goto(f"/holds/{hold_id}")
    assert reader.graves() == []
    page.get_by_role("button", name="Decide with a passkey").click()
    expect(page.locator("#standing")).to_contain_text("approved by `fay`")
    place.sidecar.wait_state(hold_id, {"executed"})
    page.goto("/people")
    expect(page.locator("main")).to_contain_text("1 passkey")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_on_a_small_screen(place: Place, browser: Browser, dark: bool) -> None:
    """The login, one's account and the page of people fit, and axe finds nothing serious."""
    name = f"gil{int(dark)}"
    add_user(place, name, "--role", "admin", "--group", "finance", "--host", "*.bank.example")
    reader = place.reader(browser, dark=dark)
    assert reader.graves() == []
    assert not reader.overflows()
    log_in_here(reader.page, name)
    for path in ("/account", "/people", "/holds"):
        reader.page.goto(path)
        assert reader.graves() == []
        assert not reader.overflows()
    reader.page.goto("/account")
    reader.page.get_by_role("button", name="Set up codes").click()
    assert reader.graves() == []
    assert not reader.overflows()
    assert reader.complaints == []
    reader.close()
