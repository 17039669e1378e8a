"""Tests of reading holds: lists, by state and in short."""

from dataclasses import replace

import httpx2
import pytest

from proxy.console.reading import holds
from rules.hold import Event
from rules.verdict import Tier
from tests.proxy.console.world import ACTION, World


async def test_the_newest_come_first(world: World, api: httpx2.AsyncClient) -> None:
    """A list says what each hold would do, and that it is complete."""
    first = await world.hold()
    second = await world.hold(replace(ACTION, method="DELETE", target="/x", body=b""), tier=Tier.EXTERNAL)
    members = (await api.get("/api/holds")).json()
    assert [line["hold_id"] for line in members["holds"]] == [second.hold_id, first.hold_id]
    assert members["complete"] is True
    assert members["now"] == world.clock.moment.isoformat()
    line = members["holds"][0]
    assert (line["method"], line["url"], line["tier"]) == ("DELETE", "https://bank.example/x", 3)
    assert (line["state"], line["integrity"]) == ("pending", "ok")
    assert "action" not in line


async def test_no_holds(api: httpx2.AsyncClient) -> None:
    """An empty list is an answer."""
    assert (await api.get("/api/holds")).json()["holds"] == []


async def test_one_state_and_a_limit(world: World, api: httpx2.AsyncClient) -> None:
    """A filter looks behind newer holds of other states; a limit says that there is more."""
    made = [await world.hold() for _ in range(4)]
    for hold in made[2:]:
        await world.store.step(hold, Event.REJECT)
    pending = (await api.get("/api/holds?state=pending&limit=1")).json()
    rejected = (await api.get("/api/holds", params={"state": "rejected"})).json()
    newest = (await api.get("/api/holds?limit=4")).json()
    assert [line["hold_id"] for line in pending["holds"]] == [made[1].hold_id]
    assert pending["complete"] is False
    assert [line["hold_id"] for line in rejected["holds"]] == [made[3].hold_id, made[2].hold_id]
    assert rejected["complete"] is True
    assert newest["complete"] is True
    assert (await api.get("/api/holds?limit=3")).json()["complete"] is False


async def test_a_filter_looks_so_far_and_says_so(
    world: World, api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies beyond the bound is not said to be absent."""
    monkeypatch.setattr(holds, "SCANNED", 2)
    for _ in range(3):
        await world.store.step(await world.hold(), Event.REJECT)
    assert (await api.get("/api/holds?state=expired")).json() == {
        "now": world.clock.moment.isoformat(),
        "holds": [],
        "complete": False,
    }


@pytest.mark.parametrize(
    "query",
    [
        "state=",
        "state=PENDING",
        "state=gone",
        "state=pending&state=rejected",
        "limit=0",
        "limit=-1",
        "limit=201",
        "limit=1e1",
        "limit=%D9%A1",
        "limit=+1",
        "limit=9999999999999999999999",
        "limit=",
        "offset=3",
        "state=pending&x",
        "state=%00",
        "state=" + "x" * 5000,
    ],
)
async def test_bad_queries(api: httpx2.AsyncClient, query: str) -> None:
    """A query that asks for nothing that exists is not taken for another one."""
    response = await api.get(f"/api/holds?{query}")
    assert response.status_code == 400
    assert response.json()["type"] == "urn:sidegate:api:query_invalid"
    assert len(response.text) < 1000


@pytest.mark.parametrize(
    "hold_id",
    [
        "01JZZZZZZZZZZZZZZZZZZZZZZZ",
        "01jzzzzzzzzzzzzzzzzzzzzzzz",
        "81JZZZZZZZZZZZZZZZZZZZZZZZ",
        "01JZZZZZZZZZZZZZZZZZZZZZZ",
        "01JZZZZZZZZZZZZZZZZZZZZZZZZ",
        "01JZZZZZZZZZZZZZZZZZZZZZZI",
        "*",
        "kill",
        "..%2Fkill",
        "%2e%2e",
        "%00",
        "%0a",
        "01JZZZZZZZZZZZZZZZZZZZZZZZ%0a",
        "%F0%9F%92%A3",
        "\u0661" * 26,
        "x" * 5000,
    ],
)
@pytest.mark.parametrize(("method", "last"), [("GET", ""), ("POST", "/approve"), ("POST", "/reject")])
async def test_ids_of_nothing(api: httpx2.AsyncClient, hold_id: str, method: str, last: str) -> None:
    """An id that no hold has and one that no hold can have are answered alike."""
    body = {"/approve": {"digest": "0"}, "/reject": {"reason": "no"}}.get(last)
    response = await api.request(method, f"/api/holds/{hold_id}{last}", json=body)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:sidegate:api:not_found"
    assert len(response.text) < 6000
