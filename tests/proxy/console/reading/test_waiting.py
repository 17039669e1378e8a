"""Tests of long polls: they end with the change, with their time, or with the sidecar."""

import asyncio
from time import monotonic

import httpx2
import pytest

from proxy.console.reading import waiting as module
from rules.hold import Event
from tests.proxy.console.world import World

_LONG = 20.0


async def test_it_ends_with_the_change(world: World, api: httpx2.AsyncClient) -> None:
    """Long before its time is over."""
    hold = await world.hold()
    start = monotonic()
    async with asyncio.TaskGroup() as tasks:
        listener = tasks.create_task(world.signals.listen())
        asking = tasks.create_task(api.get(f"/api/holds/{hold.hold_id}?wait=60&unless=pending/1"))
        await asyncio.sleep(0.05)
        assert not asking.done()
        await world.store.step(hold, Event.REJECT)
        answer = await asking
        listener.cancel()
    assert answer.json()["hold"]["state"] == "rejected"
    assert monotonic() - start < _LONG


async def test_what_differs_already_is_told_at_once(world: World, api: httpx2.AsyncClient) -> None:
    """Whatever the asker knows that is not so any more."""
    hold = await world.hold()
    start = monotonic()
    for known in ("approved/1", "pending/2"):
        answer = await api.get(f"/api/holds/{hold.hold_id}", params={"wait": "60", "unless": known})
        assert answer.json()["hold"]["state"] == "pending"
    assert monotonic() - start < _LONG


async def test_it_ends_with_its_time(world: World, api: httpx2.AsyncClient) -> None:
    """The hold as it is."""
    hold = await world.hold()
    start = monotonic()
    answer = await api.get(f"/api/holds/{hold.hold_id}?wait=1")
    assert answer.json()["hold"]["state"] == "pending"
    assert 0.9 < monotonic() - start < _LONG


async def test_it_ends_with_the_sidecar(world: World, api: httpx2.AsyncClient) -> None:
    """Nobody is waited for while it drains."""
    hold = await world.hold()
    world.signals.draining = True
    start = monotonic()
    assert (await api.get(f"/api/holds/{hold.hold_id}?wait=60")).status_code == 200
    assert monotonic() - start < _LONG


async def test_there_is_a_bound(
    world: World, api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than there is room for hears 503; who does not wait is served."""
    monkeypatch.setattr(module, "MOST_WAITING", 0)
    path = f"/api/holds/{(await world.hold()).hold_id}"
    assert (await api.get(f"{path}?wait=1")).status_code == 503
    assert (await api.get(path)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        *("wait=61", "wait=-1", "wait=", "wait=1.5", "wait=1&wait=2", "wait=\u0661", "state=pending"),
        *("unless=pending", "unless=pending/0", "unless=nothing/1", "unless=pending/1/2", "unless=/"),
    ],
)
async def test_hostile_queries(world: World, api: httpx2.AsyncClient, query: str) -> None:
    """Each is refused with the cure."""
    answer = await api.get(f"/api/holds/{(await world.hold()).hold_id}?{query}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sidegate:api:query_invalid"
