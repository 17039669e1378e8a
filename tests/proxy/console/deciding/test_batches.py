"""Approving several holds at once."""

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from rules.action import Action
from rules.hold import Hold, State
from rules.verdict import Tier
from tests.proxy.console.pages.browser import READ, posting
from tests.proxy.console.world import World


async def three(world: World, action: Action = READ) -> list[Hold]:
    """Holds that differ in their amount alone."""
    bodies = [json.dumps({"amount": amount, "to": "ann"}).encode() for amount in (1, 2, 3)]
    return [await world.hold(replace(action, body=body), tier=Tier.EXTERNAL) for body in bodies]


async def said(api: httpx2.AsyncClient, hold: Hold) -> dict[str, Any]:
    """What an approval of it has to name."""
    shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    return {"hold_id": hold.hold_id, "digest": hold.digest, "preview": shown["package"]["preview"]}


async def approve(api: httpx2.AsyncClient, holds: list[dict[str, Any]]) -> httpx2.Response:
    """Ask for all of them."""
    return await api.post("/api/holds/approve", json={"holds": holds})


async def test_all_that_are_alike(world: World, api: httpx2.AsyncClient) -> None:
    """Each has its own signed decision."""
    holds = await three(world)
    answer = await approve(api, [await said(api, hold) for hold in holds])
    told = answer.json()["holds"]
    assert [(one["hold_id"], one["approved"]) for one in told] == [(hold.hold_id, True) for hold in holds]
    for hold in holds:
        found = await world.store.find(hold.hold_id)
        assert found is not None
        assert (found.state, hold.digest in found.decision) == (State.APPROVED, True)


async def test_one_of_them_cannot_be(world: World, api: httpx2.AsyncClient) -> None:
    """The others are approved, and that one says why it is not."""
    holds = await three(world)
    asked = [await said(api, hold) for hold in holds]
    asked[1]["digest"] = "0" * 64
    told = (await approve(api, asked)).json()["holds"]
    assert [one["approved"] for one in told] == [True, False, True]
    assert told[1]["problem"]["why"] == "digest"
    assert [await world.state(hold) for hold in holds] == [State.APPROVED, State.PENDING, State.APPROVED]


OTHERS: dict[str, tuple[Action, Tier]] = {
    "tier 4": (READ, Tier.HIGH_RISK),
    "another kind": (replace(READ, method="PUT"), Tier.EXTERNAL),
    "another place": (replace(READ, target="/refunds"), Tier.EXTERNAL),
    "another agent": (
        replace(READ, principal=replace(READ.principal, agent="agent-8")),
        Tier.EXTERNAL,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_what_is_not_alike(world: World, api: httpx2.AsyncClient, name: str) -> None:
    """Nothing at all is approved."""
    action, tier = OTHERS[name]
    holds = [*await three(world), await world.hold(action, tier=tier)]
    answer = await approve(api, [await said(api, hold) for hold in holds])
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:sidegate:api:unlike")
    assert {await world.state(hold) for hold in holds} == {State.PENDING}


@pytest.mark.parametrize(
    "holds",
    [None, [], {}, ["x"], [{}], [{"hold_id": 1}], [{"hold_id": "x"}] * 51, [{"hold_id": "x", "tier": 2}]],
    ids=["missing", "none", "object", "text", "empty", "number", "51", "a tier"],
)
async def test_what_is_no_batch(api: httpx2.AsyncClient, holds: object) -> None:
    """It is refused before anything is looked at."""
    answer = await api.post("/api/holds/approve", json={} if holds is None else {"holds": holds})
    assert (answer.status_code, bool(answer.json()["detail"])) == (400, True)


@pytest.mark.parametrize("left_out", ["digest", "preview"])
async def test_each_says_what_was_shown(world: World, api: httpx2.AsyncClient, left_out: str) -> None:
    """Also where one alone would not have to."""
    (hold, *_) = await three(world)
    one = await said(api, hold)
    del one[left_out]
    assert (await approve(api, [one])).status_code == 400
    assert await world.state(hold) is State.PENDING


async def test_one_twice_and_one_that_is_not_there(world: World, api: httpx2.AsyncClient) -> None:
    """Neither approves anything."""
    (hold, *_) = await three(world)
    one = await said(api, hold)
    assert (await approve(api, [one, one])).status_code == 400
    gone = {**one, "hold_id": "01JZZZZZZZZZZZZZZZZZZZZZZZ"}
    assert (await approve(api, [one, gone])).status_code == 404
    assert await world.state(hold) is State.PENDING


async def test_what_cannot_be_read_is_like_nothing(world: World, api: httpx2.AsyncClient) -> None:
    """Nor is what was changed in the store."""
    odd = await world.hold(replace(posting(b"{}"), fields=()), tier=Tier.EXTERNAL)
    assert (await approve(api, [await said(api, odd)])).status_code == 409
    (hold, *_) = await three(world)
    one = await said(api, hold)
    await world.spoil(hold, "sealed", b"x" * 100)
    assert (await approve(api, [one])).json()["why"] == "integrity"
