"""Tests of the kill switch's route."""

import logging

import httpx2
import pytest

from proxy.store.store import Refused
from rules.hold import Event
from tests.proxy.console.world import TOKENS, World


async def test_on_and_off(world: World, api: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    """It is off, on with who and why, and off again; each change is in the log."""
    off = {"killed": False, "why": None}
    on = {"killed": True, "why": "ada: agent runs wild"}
    with caplog.at_level(logging.WARNING):
        assert (await api.get("/api/kill")).json() == off
        assert (await api.post("/api/kill", json={"reason": "agent runs wild"})).json() == on
        assert await world.store.killed() == "ada: agent runs wild"
        assert (await api.get("/api/kill")).json() == on
        assert (await api.delete("/api/kill")).json() == off
        assert (await api.delete("/api/kill")).json() == off
    assert "console.killed reviewer=ada" in caplog.text
    assert "console.unkilled reviewer=ada" in caplog.text
    assert "runs wild" not in caplog.text


async def test_the_last_reason_stands(world: World, api: httpx2.AsyncClient) -> None:
    """Switching it on again tells the newer reason."""
    await api.post("/api/kill", json={"reason": "first"})
    async with world.client(token=TOKENS["bob"]) as bob:
        await bob.post("/api/kill", json={"reason": "second"})
    assert (await api.get("/api/kill")).json()["why"] == "bob: second"


async def test_it_stops_what_was_approved(world: World, api: httpx2.AsyncClient) -> None:
    """While it is on, no worker can claim an approved hold."""
    hold = await world.hold()
    await api.post(f"/api/holds/{hold.hold_id}/approve", json={"digest": hold.digest})
    await api.post("/api/kill", json={"reason": "stop"})
    with pytest.raises(Refused, match="killed"):
        await world.store.step(hold, Event.CLAIM)
    await api.delete("/api/kill")
    assert (await world.store.step(hold, Event.CLAIM)).fence == 1


async def test_head_changes_nothing(world: World, api: httpx2.AsyncClient) -> None:
    """Asking for the head of it reads it."""
    await api.post("/api/kill", json={"reason": "stop"})
    response = await api.head("/api/kill")
    assert response.status_code == 200
    assert await world.store.killed() == "ada: stop"
