"""Tests of the pages: what they show, what their forms do, and that no text on them acts."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from rules.action import Action
from rules.hold import Event, State
from rules.verdict import Tier
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import ACTION, World

READ = replace(ACTION, fields=((b"Host", b"bank.example"), (b"Content-Type", b"application/json")))
"""An action that has a reading under the rules of now."""

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}${7*7}",
    "</textarea></title><svg onload=alert(1)>",
    '" hx-get="/kill" hx-trigger="load',
    "javascript:alert(1)",
    "pay \u202elive\u202c now",
    "zero\u200bwidth\u2060and\ufefftags\U000e0041",
    "\x1b[31mred\x07\x00",
]
_UNSEEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f\x00-\x08\x0b-\x1f\x7f]"
)


def posting(body: bytes) -> Action:
    """A transfer with that body."""
    return replace(READ, body=body)


def approve_path(hold_id: str) -> str:
    """Where the approval goes."""
    return f"/holds/{hold_id}/approve"


async def test_the_list_tells_what_is_asked_for(browser: Browser, world: World) -> None:
    """In the rule's words, what waits first."""
    ended = await world.hold(posting(b'{"amount": 1, "to": "Old"}'))
    await world.store.step(ended, Event.CANCEL)
    await world.hold(READ)
    text = (await browser.get("/holds?state=all")).text
    assert text.index("sends") < text.index("cancelled</span>")
    assert "12.50" in text
    assert "1 hold needs a person" in text
    assert "Old" not in (await browser.get("/holds")).text
    assert "Old" in (await browser.get("/history")).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tier=4", True),
        ("tier=3", False),
        ("host=BANK", True),
        ("host=mail", False),
        ("text=moves%20MONEY", True),
        ("text=nothing", False),
        ("state=pending", True),
        ("state=rejected", False),
    ],
)
async def test_filters(browser: Browser, world: World, query: str, found: bool) -> None:
    """Each takes and leaves."""
    hold = await world.hold()
    assert (hold.hold_id in (await browser.get(f"/holds?{query}")).text) is found


@pytest.mark.parametrize("query", ["state=x", "tier=9", "a=b", "tier=4&tier=3", "text=" + "a" * 300])
async def test_filters_that_do_not_exist(browser: Browser, query: str) -> None:
    """They are refused in words."""
    assert (await browser.get(f"/holds?{query}")).status_code == 400


@pytest.mark.parametrize("path", ["/agents", "/numbers", "/rules", "/kill"])
async def test_the_other_pages(browser: Browser, world: World, path: str) -> None:
    """They are there, with or without holds."""
    assert (await browser.get(path)).status_code == 200
    await world.hold()
    assert (await browser.get(path)).status_code == 200


async def test_an_approval_by_its_form(browser: Browser, world: World) -> None:
    """It carries what the page showed, is signed by the person who is logged in, and counts once."""
    hold = await world.hold()
    page, path = f"/holds/{hold.hold_id}", approve_path(hold.hold_id)
    form = Browser.form_of((await browser.get(page)).text, path)
    first, second = [await browser.client.post(path, data=form) for _ in range(2)]
    assert (first.status_code, first.headers["location"]) == (303, page)
    assert second.status_code == 409
    assert "was approved by `ada`" in second.text
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert (found.state, found.decided_by) == (State.APPROVED, "ada")


@pytest.mark.parametrize("field", ["digest", "preview"])
async def test_an_approval_of_something_else(browser: Browser, world: World, field: str) -> None:
    """A page that showed another digest or another preview approves nothing."""
    hold = await world.hold()
    response = await browser.send(f"/holds/{hold.hold_id}", approve_path(hold.hold_id), {field: "0" * 64})
    assert response.status_code == 409
    assert await world.state(hold) is State.PENDING


async def test_an_approval_without_a_preview_is_none(browser: Browser, world: World) -> None:
    """Not even where the API would take it: a page always has one."""
    hold = await world.hold(tier=Tier.EXTERNAL)
    path = approve_path(hold.hold_id)
    form = Browser.form_of((await browser.get(f"/holds/{hold.hold_id}")).text, path)
    del form["preview"]
    assert (await browser.client.post(path, data=form)).status_code == 409
    assert await world.state(hold) is State.PENDING


async def test_what_cannot_be_shown_has_to_be_opened_first(browser: Browser, world: World) -> None:
    """Page by page to its end, in this session; a page left out does not count."""
    hold = await world.hold(posting(b'{"memo": "' + b"x" * 200_000 + b'"}'))
    page, path = f"/holds/{hold.hold_id}", approve_path(hold.hold_id)
    body = f"{page}/parts/body"
    shown = (await browser.get(page)).text
    assert "First open to the end" in shown
    form = Browser.form_of(shown, path)
    assert "left out" in (await browser.get(f"{body}?offset=196608")).text
    assert (await browser.client.post(path, data=form)).status_code == 409
    offset: str | None = "0"
    while offset is not None:
        text = (await browser.get(f"{body}?offset={offset}")).text
        found = re.search(r'href="\?offset=([0-9]+)"', text)
        offset = found[1] if found else None
    assert "you have opened all of it" in text
    assert (await browser.send(page, path)).status_code == 303
    assert await world.state(hold) is State.APPROVED


@pytest.mark.parametrize("query", ["offset=x", "offset=-1", "offset=99999999"])
async def test_a_page_of_a_part_that_is_not_there(browser: Browser, world: World, query: str) -> None:
    """It is refused in words."""
    hold = await world.hold()
    assert (await browser.get(f"/holds/{hold.hold_id}/parts/body?{query}")).status_code == 400


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"preset": "wrong amount", "reason": ""}, "wrong amount"),
        ({"preset": "wrong amount", "reason": "ask for 5"}, "wrong amount: ask for 5"),
        ({"preset": "", "reason": "no"}, "no"),
    ],
    ids=["preset", "both", "words"],
)
async def test_a_rejection(browser: Browser, world: World, fields: dict[str, str], told: str) -> None:
    """The agent is given the reason that was chosen, what was written, or both."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/reject", fields)).status_code == 303
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert (found.state, found.decision_reason) == (State.REJECTED, told)


@pytest.mark.parametrize(
    "reason", ["", " ", "a\nb", "\u202ea", "x" * 3000], ids=["none", "blank", "lines", "turned", "long"]
)
async def test_a_rejection_without_a_plain_reason(browser: Browser, world: World, reason: str) -> None:
    """It is refused, and the hold still waits."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    response = await browser.send(page, f"{page}/reject", {"preset": "", "reason": reason})
    assert response.status_code == 400
    assert await world.state(hold) is State.PENDING


async def test_taking_back_and_resolving(browser: Browser, world: World) -> None:
    """The other forms go the same way; one that does not fit the state is a conflict."""
    hold = await world.hold()
    page = f"/holds/{hold.hold_id}"
    assert (await browser.send(page, f"{page}/cancel", {"reason": "later"})).status_code == 303
    assert await world.state(hold) is State.CANCELLED
    form = Browser.form_of((await browser.get("/kill")).text, "/kill/on")
    again = await browser.client.post(f"{page}/ask-again", data=form)
    assert again.status_code == 409
    lost = await world.hold(posting(b"{}"))
    for event in (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE):
        lost = await world.store.step(lost, event, fields={"decided_by": b"ada"})
    page = f"/holds/{lost.hold_id}"
    fields = {"outcome": "not-executed", "reason": "looked at the ledger"}
    assert (await browser.send(page, f"{page}/resolve", fields)).status_code == 303
    assert await world.state(lost) is State.NOT_EXECUTED


async def test_the_kill_switch(browser: Browser, world: World) -> None:
    """On with a reason, said on every list, and off again."""
    assert (await browser.send("/kill", "/kill/on", {"reason": "odd calls"})).status_code == 303
    assert await world.store.killed() == "ada: odd calls"
    assert "odd calls" in (await browser.get("/holds")).text
    await browser.send("/kill", "/kill/off")
    assert await world.store.killed() is None


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


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_text_of_an_agent_acts_or_hides(browser: Browser, world: World, text: str) -> None:
    """On no page is it markup, an attribute or a template, and nothing of it is unseen."""
    body = b'{"to": ' + json.dumps(text, ensure_ascii=False).encode() + b', "amount": 5}'
    hold = await world.hold(replace(posting(body), target="/transfers?a=<script>"))
    await world.store.step(
        hold, Event.REJECT, fields={"decided_by": b"ada", "decision_reason": text.encode()}
    )
    page = f"/holds/{hold.hold_id}"
    for path in ("/holds?state=all", "/history", page, f"{page}/parts/body", f"{page}/standing", "/agents"):
        shown = (await browser.get(path)).text
        assert "<script>" not in shown
        assert "<img" not in shown
        assert "<svg onload" not in shown
        assert not re.search(r"<[^>]* (onerror|onmouseover|onload)=", shown)
        assert 'hx-get="/kill"' not in shown
        assert not _UNSEEN.search(shown)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_text_of_a_query_or_form_acts_or_hides(browser: Browser, text: str) -> None:
    """What somebody was made to ask for comes back as text, in attributes too."""
    shown = (await browser.client.get("/holds", params={"host": text, "text": text})).text
    fields = {"method": text[:20], "url": text, "body": text}
    shown += (await browser.send("/rules", "/rules", fields)).text
    shown += (await browser.client.get("/login", params={"next": text})).text
    shown += (await browser.send("/kill", "/kill/on", {"reason": text})).text
    shown += (await browser.get("/kill")).text
    assert not re.search(r"<script>|<img|<svg onload", shown)
    assert not re.search(r"""["'] (hx-get="/kill"|onmouseover='alert)""", shown)
    assert not _UNSEEN.search(shown)


async def test_hidden_characters_have_badges(browser: Browser, world: World) -> None:
    """A person sees that something is there, and what."""
    hold = await world.hold(posting('{"to": "a\u202eb"}'.encode()))
    text = (await browser.get(f"/holds/{hold.hold_id}/parts/body")).text
    assert '<span class="unseen" title="right-to-left override">U+202E</span>' in text


async def test_a_changed_hold_can_only_be_rejected(browser: Browser, world: World) -> None:
    """What does not open has no approval on its page."""
    hold = await world.hold()
    await world.spoil(hold, "sealed", b"x" * 100)
    text = (await browser.get(f"/holds/{hold.hold_id}")).text
    assert "cannot be shown" in text
    assert 'id="approve"' not in text
    assert 'id="reject"' in text


async def test_a_hold_that_is_not_there(browser: Browser) -> None:
    """It is said in words, whatever was asked for."""
    for hold_id in ("01JZZZZZZZZZZZZZZZZZZZZZZZ", "x", "%3Cscript%3E"):
        response = await browser.get(f"/holds/{hold_id}")
        assert response.status_code == 404
        assert "<script>" not in response.text


async def test_deciding_too_late(browser: Browser, world: World) -> None:
    """The page says that the time is over."""
    late = World.build(world.url, window=timedelta(milliseconds=1), domain=world.domain, key=world.key)
    hold = await late.hold()
    await late.redis.aclose()
    response = await browser.send(f"/holds/{hold.hold_id}", approve_path(hold.hold_id))
    assert response.status_code == 409
    assert "the time to decide ran out" in response.text
