"""Tests of the probes: life, readiness and metrics, without any id."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import httpx2
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from proxy.console import probes
from proxy.console.probes import Probes
from proxy.console.reading.board import Board
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store
from rules.hold import UNENDED, Event
from rules.trace import exemplar
from tests.proxy.console.world import TOKENS, World, console_of


async def test_health_while_all_else_is_away(away: World) -> None:
    """The process lives, whatever it cannot reach."""
    async with away.client() as api:
        assert (await api.get("/healthz")).json() == {"alive": True}


async def test_ready(api: httpx2.AsyncClient) -> None:
    """Every check is named."""
    response = await api.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "checks": {"store": True, "proxy": True}, "not_ready": []}


async def test_not_ready(world: World, api: httpx2.AsyncClient) -> None:
    """503 names what is missing."""
    world.checks["store"] = False
    response = await api.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "checks": {"store": False, "proxy": True},
        "not_ready": ["store"],
    }


async def test_checks_that_do_not_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that hangs is not ready, in time."""
    monkeypatch.setattr(probes, "_SECONDS", 0.05)

    async def hanging() -> dict[str, bool]:
        await asyncio.Event().wait()
        return {}

    async with world.client(reviewing=replace(world.reviewing(), ready=hanging)) as api:
        response = await api.get("/readyz")
    assert response.status_code == 503
    assert response.json()["not_ready"] == ["checks_in_time"]


async def test_checks_whose_store_is_away(world: World) -> None:
    """A check that finds the store away is not ready."""

    async def failing() -> dict[str, bool]:
        raise StoreUnavailable("gone")

    async with world.client(reviewing=replace(world.reviewing(), ready=failing)) as api:
        assert (await api.get("/readyz")).status_code == 503


@pytest.mark.observe
async def test_a_scraper_of_openmetrics_is_given_examples(world: World, api: httpx2.AsyncClient) -> None:
    """The trace of a call in the bucket that it fell in; its strict parser reads all of it."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    example = exemplar(f"00-{trace}-00f067aa0ba902b7-01")
    world.metrics.decision_seconds.labels("approve").observe(3, example)
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"
    response = await api.get("/metrics", headers={"Accept": accept})
    assert response.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    parse: Any = openmetrics_families
    families = {family.name: family for family in parse(response.text)}
    found = [one.exemplar.labels for one in families["sidegate_decision_seconds"].samples if one.exemplar]
    assert found == [{"trace_id": trace}]


async def test_metrics(world: World, api: httpx2.AsyncClient) -> None:
    """Prometheus' own parser reads them; holds are counted by state, absent states as 0."""
    hold = await world.hold()
    await world.hold()
    await world.store.step(await world.hold(), Event.REJECT)
    response = await api.get("/metrics", headers={"Accept": "application/openmetrics-text; version=\x01"})
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    by_state = {s.labels["state"]: s.value for s in families["sidegate_holds"].samples}
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert by_state == dict.fromkeys(UNENDED, 0) | {"pending": 2}
    assert families["sidegate_store_up"].samples[0].value == 1
    for private in (hold.hold_id, hold.digest, "bank.example", TOKENS["ada"], world.domain, "agent-7"):
        assert private not in response.text


async def test_the_oldest_wait(world: World, api: httpx2.AsyncClient) -> None:
    """By the console's clock; nobody waits where nothing is pending."""
    assert "sidegate_oldest_pending_seconds 0.0" in (await api.get("/metrics")).text
    hold = await world.hold()
    later = replace(world.reviewing(), now=lambda: hold.created_at + timedelta(seconds=77))
    async with world.client(reviewing=later) as other:
        assert "sidegate_oldest_pending_seconds 77.0" in (await other.get("/metrics")).text


async def test_the_kill_switch(world: World, api: httpx2.AsyncClient) -> None:
    """On from the moment at which the store has it."""
    assert "sidegate_kill_switch 0.0" in (await api.get("/metrics")).text
    await world.store.kill("drill")
    async with world.client() as other:
        assert "sidegate_kill_switch 1.0" in (await other.get("/metrics")).text


async def test_metrics_while_the_store_is_away(away: World) -> None:
    """An old number would be a wrong one: there is none."""
    away.metrics.holds.labels(state="pending").set(7)
    async with away.client() as api:
        response = await api.get("/metrics")
    assert response.status_code == 200
    assert "sidegate_store_up 0.0" in response.text
    assert "sidegate_oldest_pending_seconds NaN" in response.text
    assert "sidegate_kill_switch NaN" in response.text
    assert "sidegate_holds{" not in response.text


async def test_scrapes_share_one_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many scrape at once, the store is asked once, and again after a while."""
    asked = 0
    listed = Store.unended

    async def counting(store: Store) -> object:
        nonlocal asked
        asked += 1
        return await listed(store)

    monkeypatch.setattr(Store, "unended", counting)
    now = 0.0
    probe = Probes(world.reviewing(), Board(world.store, world.signals), clock=lambda: now)
    scope = Request({"type": "http", "method": "GET", "headers": []})
    await asyncio.gather(*(probe.metrics(scope) for _ in range(20)))
    assert asked == 1
    now = 4.9
    await probe.metrics(scope)
    assert asked == 1
    now = 5.0
    await probe.metrics(scope)
    assert asked == 2


@pytest.mark.observe
def test_a_storm_of_scrapes(world: World) -> None:
    """Two hundred at once, over real connections: each is answered whole, and the holds are as they are."""

    def scrape(url: str, path: str = "/metrics") -> tuple[int, bool]:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=60)
        connection.request("GET", path)
        answered = connection.getresponse()
        text = answered.read()
        connection.close()
        return answered.status, b'sidegate_holds{state="pending"}' in text

    with console_of(world) as url, ThreadPoolExecutor(200) as many:
        assert set(many.map(scrape, [url] * 200)) == {(200, True)}
        assert scrape(url, "/healthz") == (200, False)
