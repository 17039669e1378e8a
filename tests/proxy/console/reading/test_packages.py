"""Tests of packages put together from a real store."""

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from rules.call import HttpCall
from rules.classify import classify
from rules.hold import Event, Hold
from rules.normalize import normalize
from rules.review.reasoning import PART
from rules.verdict import Verdict
from tests.proxy.console.world import ACTION, AGENT, RULES, World

PAY = replace(
    ACTION,
    fields=((b"Host", b"bank.example"), *ACTION.fields),
    body=b'{"amount": 5, "currency": "eur", "to": "ACME"}',
)
CALL = normalize(PAY.message())
assert isinstance(CALL, HttpCall)


async def package(api: httpx2.AsyncClient, hold: Hold) -> dict[str, Any]:
    """The package of a hold."""
    found: dict[str, Any] = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["package"]
    return found


async def test_an_agent_that_nobody_knows(world: World, api: httpx2.AsyncClient) -> None:
    """Nothing is remembered: the other side is new."""
    shown = await package(api, await world.hold(PAY))
    assert shown["around"]["other_side_seen_before"] is False
    assert shown["around"]["spent_with_this"] == "5 EUR"
    assert shown["around"]["similar"] == shown["around"]["last"] == []


async def test_what_was_before(world: World, api: httpx2.AsyncClient) -> None:
    """A passed call, a rejected hold of the same kind, and what went out in this currency."""
    assert isinstance(CALL, HttpCall)
    judged = classify(CALL, RULES)
    passed = replace(judged, verdict=Verdict.PASS)
    await world.history.note(AGENT, CALL, passed)
    rejected = await world.hold(PAY)
    await world.history.note(AGENT, CALL, rejected)
    fields = {"decided_by": b"ada", "decision_reason": b"no"}
    await world.store.step(rejected, Event.REJECT, fields=fields)
    hold = await world.hold(PAY)
    await world.history.note(AGENT, CALL, hold)
    around = (await package(api, hold))["around"]
    assert around["other_side_seen_before"] is True
    assert around["spent_with_this"] == "10 EUR"
    assert [one["became"] for one in around["similar"]] == ["was rejected by `ada`: no"]
    assert [one["asked_to"] for one in around["last"]] == [
        "pay 5 EUR to `ACME` at `bank.example`",
        "POST bank.example/transfers",
    ]


async def test_what_happens_besides_does_not_move_the_preview(world: World, api: httpx2.AsyncClient) -> None:
    """Or an agent could keep its own hold from being approved."""
    assert isinstance(CALL, HttpCall)
    hold = await world.hold(PAY)
    before = await package(api, hold)
    await world.history.note(AGENT, CALL, replace(classify(CALL, RULES), verdict=Verdict.PASS))
    after = await package(api, hold)
    assert after["around"] != before["around"]
    assert after["preview"] == before["preview"]


async def test_what_the_agent_says(world: World, api: httpx2.AsyncClient) -> None:
    """Sealed with the hold, shown below the facts."""
    hold = await world.hold(PAY)
    await world.spoil(hold, PART, world.sealed.close_part(hold, PART, "it is due\u202e"))
    shown = await package(api, hold)
    assert shown["agent_says"]["text"]["text"] == "it is due\\u{202e}"
    other = await world.hold(PAY)
    await world.spoil(other, PART, world.sealed.close_part(hold, PART, "it is due"))
    found = (await api.get(f"/api/holds/{other.hold_id}")).json()["hold"]
    assert (found["integrity"], found["package"]) == ("failed", None)


@pytest.mark.parametrize("body", [b"\xff" * 300_000, json.dumps({"to": ["a@x"] * 10_000}).encode(), b""])
async def test_packages_of_odd_bodies(world: World, api: httpx2.AsyncClient, body: bytes) -> None:
    """Each is shown within the bound."""
    shown = await package(api, await world.hold(replace(PAY, body=body)))
    assert len(json.dumps(shown)) <= 8000
