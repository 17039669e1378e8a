"""Resolving unknown outcomes and cancelling: by somebody with a name, for a reason, once."""

import httpx2
import pytest

from rules.hold import Event, Hold, State
from tests.proxy.console.world import ACTION, World

WHY = "no such charge in the ledger"
TO_UNKNOWN = (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE)


async def unknown(world: World) -> Hold:
    """A hold of which nobody knows whether it ran."""
    hold = await world.hold()
    for event in TO_UNKNOWN:
        hold = await world.store.step(hold, event)
    return hold


async def resolve(api: httpx2.AsyncClient, hold: Hold, **members: object) -> httpx2.Response:
    """Send one finding."""
    return await api.post(f"/api/holds/{hold.hold_id}/resolve", json=members)


FOUND = {
    "executed": (State.EXECUTED, "ran: `ada` found that out", {}),
    "not-executed": (State.NOT_EXECUTED, "did not run: `ada` found that out", {}),
    "try-again": (State.APPROVED, "is sent again by the word of `ada`", {"digest": ACTION.digest}),
}


@pytest.mark.parametrize("outcome", FOUND)
async def test_what_was_found(world: World, api: httpx2.AsyncClient, outcome: str) -> None:
    """Each is its own state with its own words, and who said it and why is kept."""
    state, standing, members = FOUND[outcome]
    hold = await unknown(world)
    response = await resolve(api, hold, outcome=outcome, reason=WHY, **members)
    shown = response.json()["hold"]
    assert response.status_code == 200
    assert shown["state"] == state
    assert shown["standing"].startswith(standing)
    assert (shown["resolved_as"], shown["resolved_by"]) == (outcome, "ada")
    assert shown["resolution_reason"] == WHY
    again = await resolve(api, hold, outcome="executed", reason=WHY)
    assert (again.status_code, again.json()["why"]) == (409, "state")
    assert await world.state(hold) is state


WRONG: dict[str, tuple[int, str, dict[str, object]]] = {
    "no outcome": (400, "outcome_invalid", {"reason": WHY}),
    "another outcome": (400, "outcome_invalid", {"outcome": "rejected", "reason": WHY}),
    "a list": (400, "outcome_invalid", {"outcome": ["executed"], "reason": WHY}),
    "no reason": (400, "reason_invalid", {"outcome": "executed"}),
    "no digest": (400, "digest_missing", {"outcome": "try-again", "reason": WHY}),
    "another digest": (409, "digest", {"outcome": "try-again", "reason": WHY, "digest": "0" * 64}),
    "a digest for nothing": (400, "member_unknown", {"outcome": "executed", "reason": WHY, "digest": "0"}),
    "more": (400, "member_unknown", {"outcome": "executed", "reason": WHY, "state": "pending"}),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_not_a_finding(world: World, api: httpx2.AsyncClient, case: str) -> None:
    """It changes nothing."""
    status, word, members = WRONG[case]
    hold = await unknown(world)
    response = await resolve(api, hold, **members)
    assert (response.status_code, response.json()["type"]) == (status, f"urn:sidegate:api:{word}")
    assert await world.state(hold) is State.OUTCOME_UNKNOWN


@pytest.mark.parametrize("events", [(), TO_UNKNOWN[:1], TO_UNKNOWN[:3], (Event.REJECT,)], ids=len)
async def test_only_the_unknown_is_found_out(
    world: World, api: httpx2.AsyncClient, events: tuple[Event, ...]
) -> None:
    """What waits, runs or has ended is not for anybody to declare."""
    hold = await world.hold()
    for event in events:
        hold = await world.store.step(hold, event)
    for outcome, (_, _, members) in FOUND.items():
        response = await resolve(api, hold, outcome=outcome, reason=WHY, **members)
        assert response.status_code == 409
    assert await world.state(hold) is hold.state


async def test_sending_again_what_does_not_open(world: World, api: httpx2.AsyncClient) -> None:
    """What was changed in the store is never approved anew; that it ran can still be said."""
    hold = await unknown(world)
    await world.redis.hset(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}", "sealed", b"x" * 400)
    again = await resolve(api, hold, outcome="try-again", reason=WHY, digest=ACTION.digest)
    assert (again.status_code, again.json()["why"]) == (409, "integrity")
    assert (await resolve(api, hold, outcome="executed", reason=WHY)).status_code == 200


@pytest.mark.parametrize("events", [(), TO_UNKNOWN[:1], TO_UNKNOWN[:2]], ids=len)
async def test_cancel(world: World, api: httpx2.AsyncClient, events: tuple[Event, ...]) -> None:
    """Whatever has not been sent can be taken back, and then nobody sends it."""
    hold = await world.hold()
    for event in events:
        hold = await world.store.step(hold, event)
    response = await api.post(f"/api/holds/{hold.hold_id}/cancel", json={"reason": WHY})
    shown = response.json()["hold"]
    assert (response.status_code, shown["state"], shown["decided_by"]) == (200, "cancelled", "ada")
    assert shown["decision_reason"] == WHY
    assert (await api.post(f"/api/holds/{hold.hold_id}/cancel", json={"reason": WHY})).status_code == 409


@pytest.mark.parametrize("events", [TO_UNKNOWN[:3], TO_UNKNOWN], ids=len)
async def test_what_may_have_left_is_not_cancelled(
    world: World, api: httpx2.AsyncClient, events: tuple[Event, ...]
) -> None:
    """Nothing calls it back, and nothing says so."""
    hold = await world.hold()
    for event in events:
        hold = await world.store.step(hold, event)
    response = await api.post(f"/api/holds/{hold.hold_id}/cancel", json={"reason": WHY})
    assert (response.status_code, response.json()["why"]) == (409, "state")
    assert await world.state(hold) is hold.state
