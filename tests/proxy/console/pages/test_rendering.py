"""Tests that no text on a page acts or hides, whoever wrote it and wherever it stands."""

import json
import re
from dataclasses import replace

import pytest
from jinja2 import UndefinedError

from proxy.console.pages.rendering import badged, environment, lines
from rules.hold import Event
from tests.proxy.console.pages.browser import Browser, posting
from tests.proxy.console.world import World

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


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_template_without_a_filter_is_no_hole(text: str) -> None:
    """Whoever forgets the badges has escaped and visible text all the same."""
    shown = environment().from_string('<p title="{{ text }}">{{ text }}</p>').render(text=text)
    inner = shown.removeprefix('<p title="').removesuffix("</p>")
    assert inner.count("<") == 0
    assert inner.count('"') == 1
    assert not _UNSEEN.search(shown)


def test_a_name_that_is_missing_is_an_error() -> None:
    """A page shows no blank where something should stand."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()


def test_a_badge_that_somebody_wrote_points_at_no_character() -> None:
    """A spelling that is no character does not fail the page."""
    assert 'title="no character"' in badged("\\u{ffffff}")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", ""),
        (b"a\nb\n", "a\nb"),
        (b"<b>\n&", "&lt;b&gt;\n&amp;"),
        (b"\xff<b>", "00000000  ff 3c 62 3e" + " " * 36 + "  .&lt;b&gt;"),
    ],
    ids=["empty", "lines", "markup", "no text"],
)
def test_contents_in_lines(content: bytes, shown: str) -> None:
    """Text as it is, and anything else as bytes beside their letters."""
    assert str(lines(content)) == shown


async def test_a_sum_has_its_digits_in_threes(browser: Browser, world: World) -> None:
    """Ten times as much looks different."""
    hold = await world.hold(posting(b'{"amount": 18250, "currency": "eur", "to": "ACME"}'))
    text = (await browser.get(f"/holds/{hold.hold_id}")).text
    assert '<dd class="sum">18&#39;250 EUR</dd>' in text
