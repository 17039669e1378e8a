"""People at the console's pages, in a real browser against the real server and its store."""

from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.asking import ask, held
from tests.acceptance.chromium import Reader, chromium, person
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

pytestmark = pytest.mark.review

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
# A second on a machine that has nothing else to do.
_LIVE = 10.0
PAGES = [
    *("/holds", "/history", "/agents", "/rules", "/numbers", "/deliveries", "/kill"),
    *("/account", "/people"),
]
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(1)>" onfocus=alert(1) autofocus x="\'>'
    "</title></textarea><svg onload=alert(1)> \u202egnp.exe\u202c z\u200bw {{7*7}} javascript:alert(1)"
)


@pytest.fixture(scope="module")
def rules() -> str:
    """Transfers are tier 4, messages tier 3."""
    return RULES


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def reader(browser: Browser, sidecar: Sidecar) -> Iterator[Reader]:
    """Somebody who is logged in, and whose pages did nothing that they must not do."""
    with person(browser, sidecar) as reader:
        yield reader


@pytest.fixture
def phone(browser: Browser, sidecar: Sidecar) -> Iterator[Reader]:
    """The same on a small screen, in the dark."""
    with person(browser, sidecar, phone=True) as reader:
        yield reader


def test_a_new_hold_appears_and_is_approved_by_two_keys(
    sidecar: Sidecar, upstream: Upstream, reader: Reader
) -> None:
    """Within a second on an open list; on its page, A and Enter approve it, and it runs."""
    page = reader.page
    expect(page.locator("#list")).to_be_visible()
    hold_id = held(ask(sidecar, upstream.url("/v1/messages"), to="team@example.org", text="hello"))
    answered = monotonic()
    row = page.locator(f'a.hold[href="/holds/{hold_id}"]')
    expect(row).to_be_visible(timeout=_LIVE * 1000)
    print(f"a new hold was on the page {monotonic() - answered:.3f} s after its answer")  # noqa: T201
    page.keyboard.press("j")
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/holds/{hold_id}")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator("#standing")).to_contain_text("approved by `operator`")
    sidecar.wait_state(hold_id, {"executed"})
    expect(page.locator("#standing")).to_contain_text("ran")


def test_a_rejection_reaches_the_agent(sidecar: Sidecar, upstream: Upstream, phone: Reader) -> None:
    """With its reason, from a small screen."""
    body: dict[str, Any] = {"amount": 900, "currency": "eur", "to": "Unknown Ltd"}
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), said="rent is due", **body))
    page = phone.page
    page.goto(f"/holds/{hold_id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("pay 900 EUR")
    assert not phone.overflows()
    assert phone.graves() == []
    page.keyboard.press("r")
    page.keyboard.type("wrong am")
    page.get_by_label("Words for the agent").fill("the invoice says 90")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator("#standing")).to_contain_text("wrong amount: the invoice says 90")
    again = ask(sidecar, upstream.url("/v1/transfers"), said="rent is due", **body)
    assert again.status == 403
    assert "wrong amount: the invoice says 90" in again.body.decode()
    assert upstream.count("POST") == 0


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible_and_fits(
    sidecar: Sidecar, upstream: Upstream, reader: Reader, phone: Reader, path: str
) -> None:
    """No serious finding of axe, in light and in dark, and nothing wider than a small screen."""
    held(ask(sidecar, upstream.url("/v1/messages"), to="a@example.org", text=path))
    for one in (reader, phone):
        one.page.goto(path)
        assert one.graves() == []
        assert not one.overflows()


def test_a_grant_runs_what_is_like_it(
    sidecar: Sidecar, upstream: Upstream, reader: Reader, phone: Reader
) -> None:
    """Given on the page of a hold: the next call of its kind runs at once, and no other one does."""
    first = held(ask(sidecar, upstream.url("/v1/messages"), to="ann@example.org", note="one"))
    second = held(ask(sidecar, upstream.url("/v1/messages"), to="bo@example.org", note="two"))
    for one in (reader, phone):
        for path in (f"/holds/{first}", f"/holds/{first}/alike", f"/holds/{first}/edit"):
            one.page.goto(path)
            assert one.graves() == []
            assert not one.overflows()
    reader.page.goto(f"/holds/{first}")
    form = reader.page.locator("#grant")
    form.locator("summary").click()
    form.get_by_label("Why").fill("a campaign")
    form.get_by_role("button", name="Grant").click()
    reader.page.wait_for_url("**/grants")
    before = upstream.count("POST")
    granted = held(ask(sidecar, upstream.url("/v1/messages"), to="cy@example.org", note="three"))
    other = held(
        ask(sidecar, upstream.url("/v1/messages"), to="cy@example.org", note="four", bcc="eve@evil.example")
    )
    assert sidecar.wait_state(granted, ["executed"])["decided_by"] == "operator"
    assert upstream.count("POST") == before + 1
    assert {sidecar.hold(hold)["state"] for hold in (first, second, other)} == {"pending"}
    assert sidecar.hold(granted)["decision_reason"].startswith("by grant ")
    for one in (reader, phone):
        one.page.goto("/grants")
        expect(one.page.locator("main")).to_contain_text("9 of 10")
        assert one.graves() == []
        assert not one.overflows()


def test_the_login_is_accessible(browser: Browser, sidecar: Sidecar) -> None:
    """Also after a wrong token, which is said."""
    reader = Reader(browser, sidecar)
    reader.page.goto("/holds")
    reader.page.get_by_label("Reviewer's token").fill("not-a-token-at-all")
    reader.page.get_by_role("button", name="Log in", exact=True).click()
    expect(reader.page.get_by_role("alert")).to_be_visible()
    assert reader.graves() == []
    assert reader.complaints == []
    reader.close()


def test_no_text_of_an_agent_runs(sidecar: Sidecar, upstream: Upstream, reader: Reader) -> None:
    """In a body, a recipient, a reason or the agent's words: it is text with badges, and nothing else."""
    body: dict[str, Any] = {"amount": 5, "currency": "eur", "to": HOSTILE, "memo": HOSTILE}
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), said="<script>alert(1)</script>", **body))
    page = reader.page
    for path in ("/holds", f"/holds/{hold_id}", f"/holds/{hold_id}/parts/body", "/agents"):
        page.goto(path)
        assert not reader.ran()
        assert page.locator("main script, main img, main svg[onload]").count() == 0
        assert "\u202e" not in page.content()
        assert "\u200b" not in page.content()
    page.goto(f"/holds/{hold_id}")
    assert page.get_by_role("button", name="Approve").is_enabled()
    expect(page.locator(".unseen").first).to_be_visible()
    assert reader.graves() == []


def test_two_people_at_once(sidecar: Sidecar, upstream: Upstream, reader: Reader, phone: Reader) -> None:
    """The page of the second tells that it has changed, and a decision made on it is a conflict."""
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), amount=7, currency="eur", to="B"))
    for one in (reader, phone):
        one.page.goto(f"/holds/{hold_id}")
    reader.page.get_by_role("button", name="Reject").click()
    expect(reader.page.locator("#standing")).to_contain_text("rejected")
    expect(phone.page.get_by_role("link", name="It has changed")).to_be_visible()
    phone.page.get_by_role("button", name="Approve").click()
    expect(phone.page.get_by_role("alert")).to_contain_text("nothing was changed")
    until(lambda: sidecar.hold(hold_id)["state"] == "rejected", deadline=20, what="the rejection to stand")
