"""Passed calls over the API, and what people say of them."""

import base64
from dataclasses import replace

import httpx2
import pytest

from proxy.console.people.entry import ConsoleEntry, PersonEntry, ScopeEntry
from rules.reviewer import Role
from tests.proxy.console.world import TOKENS, World
from tests.proxy.quality.samples import kept


def value(world: World, name: str, label: str) -> float | None:
    """A series of the world's metrics."""
    return world.metrics.registry.get_sample_value(
        f"sidegate_pass_audit_{name}_total", {"tier": "2", "label": label}
    )


async def test_one_is_listed_shown_and_labelled(world: World, api: httpx2.AsyncClient) -> None:
    """A changed mind counts as one taken back and one given."""
    sample = await kept(world)
    path = f"/api/passed/{sample.sample_id}"
    [listed] = (await api.get("/api/passed")).json()["passed"]
    assert (listed["sample_id"], listed["tier"], listed["method"]) == (sample.sample_id, 2, "POST")
    shown = (await api.get(path)).json()["passed"]
    assert base64.b64decode(shown["body_b64"]) == sample.body
    for label in ("right", "right", "should_have_held"):
        told = await api.post(f"{path}/label", json={"label": label})
        assert told.json()["passed"]["labels"] == [{"who": "ada", "label": label}]
    for label, withdrawn in (("right", 1), ("should_have_held", 0)):
        assert (value(world, "labels", label), value(world, "labels_withdrawn", label)) == (1, withdrawn)
    assert (await api.get("/api/passed")).json()["passed"] == []
    assert len((await api.get("/api/passed?all=1")).json()["passed"]) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/passed?all=2", 400),
        ("/api/passed?most=9", 400),
        ("/api/passed/01JZZZZZZZZZZZZZZZZZZZZZZZ", 404),
        ("/api/passed/..%2Fholds", 404),
        ("/api/passed/x", 404),
    ],
)
async def test_what_is_not_there(api: httpx2.AsyncClient, path: str, status: int) -> None:
    """It is said in words."""
    answer = await api.get(path)
    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [{}, {"label": "necessary"}, {"label": None}, {"label": "right", "x": 1}], ids=str
)
async def test_other_words(world: World, api: httpx2.AsyncClient, body: dict[str, object]) -> None:
    """400, and nothing is counted."""
    sample = await kept(world)
    assert (await api.post(f"/api/passed/{sample.sample_id}/label", json=body)).status_code == 400
    assert value(world, "labels", "right") == 0


def bob(role: Role, *hosts: str) -> ConsoleEntry:
    """Bob with that role, and these hosts."""
    person = PersonEntry(name="bob", role=role, scope=ScopeEntry(hosts=hosts), token_file="bob.token")
    return ConsoleEntry(people=(person,))


@pytest.mark.parametrize(
    ("entry", "listed", "status"),
    [
        (bob(Role.REVIEWER), 1, 200),
        (bob(Role.VIEWER), 1, 403),
        (bob(Role.AUDITOR), 1, 403),
        (bob(Role.REVIEWER, "bank.example"), 1, 200),
        (bob(Role.REVIEWER, "other.example"), 0, 404),
    ],
    ids=["reviewer", "viewer", "auditor", "in scope", "out of scope"],
)
async def test_who_may(world: World, entry: ConsoleEntry, listed: int, status: int) -> None:
    """Those who see a host see its passed calls, and reviewers have a word."""
    sample = await kept(world)
    async with replace(world, entry=entry).client(token=TOKENS["bob"]) as client:
        assert len((await client.get("/api/passed")).json()["passed"]) == listed
        told = await client.post(f"/api/passed/{sample.sample_id}/label", json={"label": "right"})
        assert told.status_code == status


async def test_how_many_wait_is_a_gauge(world: World, api: httpx2.AsyncClient) -> None:
    """As the store has it at the scrape."""
    await kept(world)
    await kept(world)
    assert "sidegate_pass_audit_waiting 2.0" in (await api.get("/metrics")).text
