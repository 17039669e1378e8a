"""Tests of the page on which a call is changed."""

import json
import re
from html import unescape
from urllib.parse import urlsplit

import pytest

from rules.hold import Hold, State
from rules.verdict import Tier
from tests.proxy.console.pages.browser import READ, Browser, posting
from tests.proxy.console.reading.test_schemas import calling, pinned
from tests.proxy.console.world import World

_BODY = re.compile(r"<textarea id=\"body\"[^>]*>(.*?)</textarea>", re.DOTALL)
EXACT = b'{"amount": 12.50, "paid": false, "n": 9007199254740991, "to": "Zo\xc3\xab", "lines": [{"x": 1.10}]}'


async def shown(browser: Browser, hold: Hold) -> dict[str, str]:
    """What the form of the page says when nothing was written into it."""
    path = f"/holds/{hold.hold_id}/edit"
    text = (await browser.get(path)).text
    fields = dict(re.findall(r'name="(member\d)" value="([^"]*)"', text))
    found = _BODY.search(text)
    assert found
    said = Browser.form_of(text, path) | {name: unescape(value) for name, value in fields.items()}
    return said | {"body": unescape(found[1])}


async def changed(browser: Browser, world: World, hold: Hold, **fields: str) -> object:
    """What the body is after the form was sent like that."""
    said = await shown(browser, hold) | fields
    answer = await browser.client.post(f"/holds/{hold.hold_id}/edit", data=said)
    assert answer.status_code == 303, answer.text
    made = await world.store.find(urlsplit(answer.headers["location"]).path.rpartition("/")[2])
    assert made is not None
    assert made.supersedes == hold.hold_id
    return (await world.reviewing().action(made)).body


async def test_a_field_is_changed_and_nothing_else(browser: Browser, world: World) -> None:
    """Numbers keep their digits, and what has no field stays as it was."""
    hold = await world.hold(posting(EXACT))
    body = await changed(browser, world, hold, member0="7.30")
    assert body == b'{"amount":7.30,"paid":false,"n":9007199254740991,"to":"Zo\\u00eb","lines":[{"x":1.10}]}'


async def test_all_of_it_as_json(browser: Browser, world: World) -> None:
    """What a field says stands above it."""
    hold = await world.hold(posting(EXACT))
    said = await shown(browser, hold)
    value = json.loads(said["body"])
    value["lines"] = []
    body = await changed(browser, world, hold, body=json.dumps(value), member1="true")
    assert isinstance(body, bytes)
    assert json.loads(body) == {**value, "paid": True}


async def test_what_it_would_be_is_shown(browser: Browser, world: World) -> None:
    """The tier before and after and each difference, escaped; nothing has happened."""
    hold = await world.hold(READ, tier=Tier.EXTERNAL)
    said = await shown(browser, hold) | {"member1": "<b>\u202eann"}
    text = (await browser.client.post(f"/holds/{hold.hold_id}/edit/preview", data=said)).text
    assert "becomes" in text
    assert "&lt;b&gt;" in text
    assert "u202e" in text
    assert "<b>" not in text
    assert "\u202e" not in text
    assert await world.state(hold) is State.PENDING


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "nothing in it is different"),
        ({"body": "{"}, "JSON cannot be read"),
        ({"body": '{"a": 1, "a": 2}'}, "repeats a member"),
        ({"member0": "much"}, "`amount` has to be a number"),
        ({"member0": "true"}, "`amount` has to be a number"),
        ({"member0": "[1]"}, "`amount` has to be a number"),
        ({"digest": "0" * 64}, "not the digest"),
    ],
    ids=["nothing", "no json", "twice", "a word", "a flag", "a list", "another digest"],
)
async def test_what_cannot_be_is_said(
    browser: Browser, world: World, fields: dict[str, str], words: str
) -> None:
    """While it is written, and again where it is sent all the same."""
    hold = await world.hold(READ)
    said = await shown(browser, hold) | fields
    preview = await browser.client.post(f"/holds/{hold.hold_id}/edit/preview", data=said)
    assert (preview.status_code, words in unescape(preview.text)) == (200, True)
    sent = await browser.client.post(f"/holds/{hold.hold_id}/edit", data=said)
    assert sent.status_code in (400, 409)
    assert words in unescape(sent.text)
    assert await world.state(hold) is State.PENDING


async def test_there_is_nothing_to_change(browser: Browser, world: World) -> None:
    """The hold's page does not offer it, and the address says why."""
    for hold in (await world.hold(posting(b"plain")), await world.hold(READ)):
        offered = f"/holds/{hold.hold_id}/edit" in (await browser.get(f"/holds/{hold.hold_id}")).text
        answer = await browser.get(f"/holds/{hold.hold_id}/edit")
        assert (offered, answer.status_code) in ((False, 409), (True, 200))
        await world.spoil(hold, "sealed", b"x" * 100)
        assert (await browser.get(f"/holds/{hold.hold_id}/edit")).status_code == 409


async def test_hostile_members(browser: Browser, world: World) -> None:
    """Names and values of the agent's are text on the page, and what nobody sees has no field."""
    body = json.dumps({'"><script>x</script>': "</textarea><script>y</script>", "\u202e": "\u200b"})
    hold = await world.hold(posting(body.encode()))
    text = (await browser.get(f"/holds/{hold.hold_id}/edit")).text
    assert "<script>x" not in text
    assert "<script>y" not in text
    assert "\u202e" not in text
    assert "\u200b" not in text


async def test_the_fields_of_a_tool(browser: Browser, world: World) -> None:
    """By what its server's list said when it was trusted; the JSON is bound by it too."""
    await pinned(world)
    hold = await world.hold(calling(), tier=Tier.EXTERNAL)  # type: ignore[arg-type]
    path = f"/holds/{hold.hold_id}/edit"
    text = (await browser.get(path)).text
    assert "whole, to 5" in text
    said = await shown(browser, hold)
    for change in ({"member1": "6"}, {"body": '{"to":"ann","copies":7}'}):
        preview = await browser.client.post(f"{path}/preview", data=said | change)
        assert "`copies` may be at most 5" in unescape(preview.text)
        assert (await browser.client.post(path, data=said | change)).status_code == 400
    assert await changed(browser, world, hold, member1="5") == b'{"to":"ann","copies":5}'
