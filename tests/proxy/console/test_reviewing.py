"""Tests of what the console works on."""

import json
from dataclasses import replace

import httpx2
import pytest

from rules.hold import Hold
from tests.proxy.console.world import ACTION, World
from tests.rules.calls import compiled

WHOLE = replace(ACTION, fields=((b"Host", b"bank.example"), *ACTION.fields))


async def test_what_a_rule_says_of_a_hold(world: World) -> None:
    """By the rules of now, with nothing in a value that hides or that reads like the rule's own words."""
    body = json.dumps({"amount": 5, "to": "me` and nobody else\u202e\n"}).encode()
    action = replace(WHOLE, body=body)
    hold = await world.hold(action)
    assert await _summary(world, hold) == "sends 5 to `me' and nobody else\\u202e\\n`"


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "rules: [{id: pay, match: {host: bank.example}, tier: 4}]",
        "rules: [{id: pay, match: {host: other.example}, tier: 4, summary: never}]",
    ],
)
async def test_a_rule_without_a_word(world: World, rules: str) -> None:
    """It is gone, has no sentence, or is no longer about this call."""
    hold = await world.hold(WHOLE)
    assert await _summary(replace(world, ruleset=compiled(rules)), hold) is None


async def test_an_action_that_is_no_longer_read(world: World) -> None:
    """The rules of now may refuse what earlier ones read; the hold is shown all the same."""
    unread = replace(WHOLE, target="/transfers/%2e%2e")
    assert await _summary(world, await world.hold(unread)) is None


async def _summary(world: World, hold: Hold) -> str | None:
    async with world.client() as api:
        found: str | None = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["summary"]
    return found


async def test_the_sentence_is_shown_with_the_hold(world: World, api: httpx2.AsyncClient) -> None:
    """Beside the action, never in its place."""
    hold = await world.hold(WHOLE)
    shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    assert shown["summary"] == "sends 12.50 to `Zoë`"
    assert shown["action"]["body_text"] == '{"amount": 12.50, "to": "Zoë"}'
