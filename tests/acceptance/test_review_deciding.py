"""People who decide well, in real browsers: several of them, with second thoughts, changes and questions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.asking import ask, held
from tests.acceptance.authority import Authority
from tests.acceptance.chromium import Reader, chromium, person
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

pytestmark = [pytest.mark.review, pytest.mark.acceptance]

BOB = "bobs-token-0123456789abcdef"
RULES = """
version: 1
rules:
  - id: small
    match: {host: localhost, method: POST, path: /v1/transfers}
    tier: 3
    category: financial
    reason: moves money
  - id: large
    match: {host: localhost, method: POST, path: /v1/transfers, body: {amount: {gte: 100}}}
    tier: 4
    category: financial
    reason: moves much money
  - id: two
    match: {host: localhost, method: POST, path: /v1/loans}
    tier: 4
    quorum: 2
    reason: needs two people
"""
CONFIG = """
version: 1
destinations: {{allow: [localhost]}}
reviewers: [{{name: bob, token_file: {token}}}]
# Tier 3 can be taken back for long enough to do so, tier 4 runs at once.
windows: {{grace_tier_3: 20, grace_tier_4: 0}}
"""


@pytest.fixture(scope="module")
def sidecar(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """One sidecar with two reviewers."""
    token: Path = tmp_path_factory.mktemp("reviewers") / "bob.token"
    token.touch(mode=0o600)
    token.write_text(BOB)
    with Sidecar(upstream_ca=authority.ca, rules=RULES, config=CONFIG.format(token=token)) as sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["desk", "phone"])
def ada(request: pytest.FixtureRequest, browser: Browser, sidecar: Sidecar) -> Iterator[Reader]:
    """The operator, at a desk and then on a phone in the dark."""
    with person(browser, sidecar, phone=request.param == "phone") as reader:
        yield reader


@pytest.fixture
def bob(browser: Browser, sidecar: Sidecar) -> Iterator[Reader]:
    """Another reviewer."""
    with person(browser, sidecar, token=BOB) as reader:
        yield reader


def fits(reader: Reader) -> None:
    """Nothing is wider than the screen, and axe finds nothing serious."""
    assert not reader.overflows()
    assert reader.graves() == []


def test_an_amount_is_changed(sidecar: Sidecar, upstream: Upstream, ada: Reader) -> None:
    """Tier and difference change while it is written; it runs as changed, once, and the agent is told."""
    to = f"Nordwind {ada.page.viewport_size}"
    first = held(ask(sidecar, upstream.url("/v1/transfers"), amount=50, to=to))
    page = ada.page
    page.goto(f"/holds/{first}")
    fits(ada)
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit")
    amount = page.get_by_label("amount")
    amount.fill("90")
    effect = page.locator("#effect")
    expect(effect).to_contain_text("tier 3 as before")
    expect(effect.locator("del")).to_have_text("50")
    expect(effect.locator("ins")).to_have_text("90")
    amount.fill("900")
    expect(effect).to_contain_text("becomes tier 4")
    expect(effect.locator("ins")).to_have_text("900")
    amount.fill("a lot")
    expect(effect).to_contain_text("`amount` has to be a number")
    amount.fill("900")
    expect(effect.locator("ins")).to_have_text("900")
    fits(ada)
    page.get_by_role("button", name="Put it in the hold's place").click()
    page.wait_for_url(lambda url: "/edit" not in url and first not in url)
    expect(page.get_by_text("What a reviewer changed")).to_be_visible()
    fits(ada)
    second = page.url.rpartition("/")[2]
    told = json.loads(ask(sidecar, upstream.url("/v1/transfers"), amount=50, to=to).body)
    assert (told["hold_id"], told["edited"]) == (second, [{"path": "amount", "before": "50", "after": "900"}])
    page.get_by_role("button", name="Approve").click()
    sidecar.wait_state(second, {"executed"})
    assert [json.loads(one.body) for one in upstream.wait_for(1, method="POST")] == [
        {"amount": 900, "to": to}
    ]
    outcome = ask(sidecar, upstream.url("/v1/transfers"), amount=50, to=to)
    assert outcome.header("Sidegate-Edited") == "amount: 50 -> 900"
    assert sidecar.hold(first)["state"] == "superseded"


def test_two_people_approve_it(sidecar: Sidecar, upstream: Upstream, ada: Reader, bob: Reader) -> None:
    """Each in a browser of their own; after the first nothing runs, and each sees who is missing."""
    hold_id = held(ask(sidecar, upstream.url("/v1/loans"), amount=1, who=str(ada.page.viewport_size)))
    ada.page.goto(f"/holds/{hold_id}")
    bob.page.goto(f"/holds/{hold_id}")
    expect(ada.page.locator(".votes")).to_contain_text("2 different people")
    fits(ada)
    ada.page.get_by_role("button", name="Approve").click()
    expect(ada.page.locator("#undo")).to_contain_text("It waits for the others")
    expect(ada.page.locator(".votes .done")).to_have_text("operator")
    fits(ada)
    assert sidecar.hold(hold_id)["state"] == "pending"
    bob.page.reload()
    expect(bob.page.locator(".votes .done")).to_have_text("operator")
    bob.page.keyboard.press("a")
    bob.page.keyboard.press("Enter")
    sidecar.wait_state(hold_id, {"executed"})
    assert sidecar.hold(hold_id)["approved_by"] == ["operator", "bob"]
    assert upstream.count("POST") == 1


def test_a_second_thought(sidecar: Sidecar, upstream: Upstream, ada: Reader) -> None:
    """An approval is taken back before anything is sent, by two keys."""
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), amount=5, to=str(ada.page.viewport_size)))
    page = ada.page
    page.goto(f"/holds/{hold_id}")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator("#standing")).to_contain_text("runs in")
    fits(ada)
    page.keyboard.press("z")
    page.keyboard.press("Enter")
    expect(page.locator("#standing")).to_contain_text("Waits for a decision")
    assert sidecar.hold(hold_id)["state"] == "pending"
    sidecar.reject(hold_id, "no")
    assert upstream.count("POST") == 0


def test_the_agent_is_asked_and_answers(sidecar: Sidecar, upstream: Upstream, ada: Reader) -> None:
    """At its next touch; the answer stands on the page as what it is, and has to be read."""
    body: dict[str, Any] = {"amount": 700, "to": f"Kappa {ada.page.viewport_size}"}
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), **body))
    page = ada.page
    page.goto(f"/holds/{hold_id}")
    page.keyboard.press("i")
    page.keyboard.type("Which invoice is it for?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#talk")).to_contain_text("The agent has not answered yet")
    told = ask(sidecar, upstream.url("/v1/transfers"), **body)
    members = json.loads(told.body)
    assert (told.status, members["question"]) == (403, "Which invoice is it for?")
    answered = ask(sidecar, members["answer_url"], answer="<script>alert(1)</script> 2026-118")
    assert (answered.status, json.loads(answered.body)["state"]) == (200, "pending")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("is not what that preview showed")).to_be_visible()
    page.goto(f"/holds/{hold_id}")
    expect(page.locator(".said.answer")).to_contain_text("alert(1)</script> 2026-118")
    expect(page.locator(".said.answer")).to_contain_text("nobody has checked")
    fits(ada)
    assert not ada.ran()
    page.get_by_role("button", name="Approve").click()
    sidecar.wait_state(hold_id, {"executed"})
    assert upstream.count("POST") == 1


def test_the_agent_is_answered_instead(sidecar: Sidecar, upstream: Upstream, ada: Reader) -> None:
    """It hears the reviewer's words as the answer, every time, and nothing runs."""
    body: dict[str, Any] = {"amount": 800, "to": f"Lambda {ada.page.viewport_size}"}
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), **body))
    page = ada.page
    page.goto(f"/holds/{hold_id}")
    page.get_by_text("Answer instead").click()
    page.get_by_label("Answer", exact=True).fill("Lambda is paid by direct debit.\nTell the user so.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.locator("#standing")).to_contain_text("was answered by")
    fits(ada)
    for _ in range(2):
        told = ask(sidecar, upstream.url("/v1/transfers"), **body)
        members = json.loads(told.body)
        assert told.status == 403
        assert members["title"].startswith("Answered by a reviewer")
        assert members["response"] == "Lambda is paid by direct debit.\nTell the user so."
        assert members["disposition"] == "denied-not-executed"
    assert upstream.count("POST") == 0


def test_two_browsers_at_once(sidecar: Sidecar, upstream: Upstream, ada: Reader, bob: Reader) -> None:
    """One is heard; the other reads who was quicker and what was decided."""
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), amount=300, to=str(ada.page.viewport_size)))
    for reader in (ada, bob):
        reader.page.goto(f"/holds/{hold_id}")
    bob.page.get_by_role("button", name="Reject").click()
    expect(bob.page.locator("#standing")).to_contain_text("was rejected by")
    ada.page.get_by_role("button", name="Approve").click()
    expect(ada.page.locator("main")).to_contain_text("was rejected by `bob`")
    fits(ada)
    assert upstream.count("POST") == 0


def test_a_hold_is_chosen_in_the_list_and_changed(sidecar: Sidecar, upstream: Upstream, bob: Reader) -> None:
    """J and E in the list lead to the hold's own way of changing it."""
    hold_id = held(ask(sidecar, upstream.url("/v1/transfers"), amount=6, to="in the list"))
    page = bob.page
    page.goto(f"/holds?text={hold_id}")
    page.keyboard.press("j")
    expect(page.locator(f'a.hold[href="/holds/{hold_id}"]')).to_be_focused()
    page.keyboard.press("e")
    page.wait_for_url(f"**/holds/{hold_id}#key-e")
    expect(page.get_by_role("link", name="Change it")).to_be_focused()
    sidecar.reject(hold_id, "no")
