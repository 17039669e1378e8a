"""Tests of approvals that name what their reviewer was shown."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from proxy.keys.signing import Verifier
from rules.action import Action
from rules.hold import Hold, State
from rules.verdict import Tier
from tests.proxy.console.reading.test_contents import pages
from tests.proxy.console.world import ACTION, TOKENS, World
from tests.rules.calls import compiled

LONG = replace(ACTION, body=json.dumps({"memo": "x" * 5000}).encode())
OTHER = "0" * 64


@pytest.fixture
async def strict(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    """Speak to a console that wants previews, as one does unless configured otherwise."""
    async with replace(world, strict=True).client() as client:
        yield client


async def approve(api: httpx2.AsyncClient, hold: Hold, **named: Any) -> httpx2.Response:
    """Approve the hold by its digest and `named`."""
    return await api.post(f"/api/holds/{hold.hold_id}/approve", json={"digest": hold.digest, **named})


async def shown(api: httpx2.AsyncClient, hold: Hold) -> str:
    """The preview of the hold as it is shown now."""
    found = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["package"]["preview"]
    return str(found)


async def test_by_its_preview(world: World, strict: httpx2.AsyncClient) -> None:
    """It is part of what the console signs."""
    hold = await world.hold()
    preview = await shown(strict, hold)
    assert (await approve(strict, hold, preview=preview)).status_code == 200
    found = await world.store.find(hold.hold_id)
    assert found is not None
    verifier = Verifier(consoles=[world.signer.public], domain=world.domain)
    assert verifier.read(found.decision).preview == preview


NAMED: dict[str, tuple[dict[str, Any], int, str]] = {
    "none": ({}, 400, "preview_missing"),
    "another one": ({"preview": OTHER}, 409, "preview"),
    "no hash": ({"preview": "yes"}, 400, "preview_missing"),
    "no text": ({"preview": 1}, 400, "preview_missing"),
    "no list": ({"preview": OTHER, "viewed": "all"}, 400, "unseen"),
    "no hashes": ({"preview": OTHER, "viewed": ["all"]}, 400, "unseen"),
    "too many": ({"preview": OTHER, "viewed": [OTHER] * 17}, 400, "unseen"),
}


@pytest.mark.parametrize("case", NAMED)
async def test_what_does_not_do(world: World, strict: httpx2.AsyncClient, case: str) -> None:
    """Nothing is changed, and the words say what to send."""
    named, status, obstacle = NAMED[case]
    hold = await world.hold()
    answer = await approve(strict, hold, **named)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:sidegate:api:{obstacle}")
    assert await world.state(hold) is State.PENDING


@pytest.mark.parametrize(
    ("tier", "required", "status"),
    [(Tier.HIGH_RISK, True, 400), (Tier.EXTERNAL, True, 200), (Tier.HIGH_RISK, False, 200)],
)
async def test_when_it_may_be_missing(world: World, tier: Tier, required: bool, status: int) -> None:
    """In tier 3, and where the configuration says so."""
    hold = await world.hold(tier=tier)
    async with replace(world, strict=required).client() as client:
        assert (await approve(client, hold)).status_code == status


async def test_a_preview_that_is_given_counts(world: World) -> None:
    """Also where none is asked for."""
    hold = await world.hold(tier=Tier.EXTERNAL)
    async with replace(world, strict=False).client() as client:
        assert (await approve(client, hold, preview=OTHER)).status_code == 409


UNCLEAR = {
    "long": LONG,
    "no text": replace(ACTION, body=b"\xff\xfe"),
    "hidden": replace(ACTION, body='{"to": "\u202etset"}'.encode()),
    "long target": replace(ACTION, target=f"/transfers?{'x' * 400}"),
}


@pytest.mark.parametrize("case", UNCLEAR)
@pytest.mark.parametrize("tier", [Tier.EXTERNAL, Tier.HIGH_RISK])
async def test_what_has_to_be_opened(world: World, strict: httpx2.AsyncClient, case: str, tier: Tier) -> None:
    """No approval of what was not on the page, until each part was read to its end."""
    hold = await world.hold(UNCLEAR[case], tier=tier)
    preview = await shown(strict, hold)
    refused = await approve(strict, hold, preview=preview, viewed=[OTHER])
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:sidegate:api:unseen")
    assert await world.state(hold) is State.PENDING
    part = "target" if case == "long target" else "body"
    assert f"`{part}`" in refused.json()["detail"]
    seen = (await pages(strict, hold.hold_id, part))[-1]["sha256"]
    assert (await approve(strict, hold, preview=preview, viewed=[seen])).status_code == 200


async def test_tier_3_without_a_preview_is_opened_too(world: World, strict: httpx2.AsyncClient) -> None:
    """What is not on the page is no smaller a surprise there."""
    hold = await world.hold(LONG, tier=Tier.EXTERNAL)
    assert (await approve(strict, hold)).json()["type"] == "urn:sidegate:api:unseen"


async def test_rules_that_change_meanwhile(world: World) -> None:
    """Another voice about the call is another page."""
    action: Action = replace(ACTION, fields=((b"Host", b"bank.example"), *ACTION.fields))
    hold = await world.hold(action)
    async with replace(world, strict=True).client() as client:
        preview = await shown(client, hold)
    said = "rules: [{id: pay, match: {host: bank.example}, tier: 4, summary: nothing to see}]"
    async with replace(world, strict=True, ruleset=compiled(said)).client() as client:
        assert (await approve(client, hold, preview=preview)).json()["why"] == "preview"


async def test_what_is_said_of_a_settled_hold(world: World, strict: httpx2.AsyncClient) -> None:
    """To another person its state, whatever the preview was; who has approved it hears the same again."""
    hold = await world.hold()
    preview = await shown(strict, hold)
    assert (await approve(strict, hold, preview=preview)).status_code == 200
    assert (await approve(strict, hold, preview=OTHER)).status_code == 200
    strict.headers["Authorization"] = f"Bearer {TOKENS['bob']}"
    again = await approve(strict, hold, preview=OTHER)
    assert (again.status_code, again.json()["why"]) == (409, "state")


async def test_a_wrong_digest_is_told_first(world: World, strict: httpx2.AsyncClient) -> None:
    """It says more than a wrong preview."""
    hold = await world.hold()
    answer = await approve(strict, replace(hold, digest=OTHER), preview=OTHER)
    assert answer.json()["why"] == "digest"
