"""Tests of the stream of server-sent events: live, resumable, bounded, and over when the sidecar ends."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import httpx2
import pytest

from proxy.console import events as module
from proxy.console.people.entry import ConsoleEntry, PersonEntry, ScopeEntry
from rules.hold import Event
from tests.proxy.console.world import ACTION, TOKENS, World, console_of

_SECONDS = 30.0
type Told = dict[str, str]


@pytest.fixture
def client(world: World) -> Iterator[httpx2.Client]:
    """A program with a reviewer's token, over a socket."""
    headers = {"Authorization": f"Bearer {TOKENS['ada']}"}
    with (
        console_of(world) as url,
        httpx2.Client(base_url=url, trust_env=False, timeout=_SECONDS, headers=headers) as client,
    ):
        yield client


async def test_each_change_is_one_event(client: httpx2.Client, world: World) -> None:
    """With the hold's id, its state and an id of its own, soon after it happened."""
    with client.stream("GET", "/api/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        told = _events(stream)
        assert next(told)["event"] == "ready"
        start = time.monotonic()
        hold = await world.hold()
        first = next(told)
        assert time.monotonic() - start < _SECONDS / 2
        await world.store.step(hold, Event.REJECT)
        second = next(told)
    assert [json.loads(one["data"]) for one in (first, second)] == [
        {"hold_id": hold.hold_id, "state": "pending", "attempts": 1},
        {"hold_id": hold.hold_id, "state": "rejected", "attempts": 1},
    ]
    assert first["id"] != second["id"]
    assert first["event"] == second["event"] == "hold"


async def test_it_is_resumed(client: httpx2.Client, world: World) -> None:
    """Who comes again with the last id hears what happened meanwhile, and nothing twice."""
    with client.stream("GET", "/api/events") as stream:
        mark = next(_events(stream))["id"]
    ids = [(await world.hold()).hold_id for _ in range(3)]
    with client.stream("GET", "/api/events", headers={"Last-Event-ID": mark}) as stream:
        told = list(islice(_events(stream), 4))
    assert [json.loads(one["data"])["hold_id"] for one in told[1:]] == ids


async def test_what_may_be_missing_is_said(client: httpx2.Client, world: World) -> None:
    """An id that the log does not have any more: read everything anew."""
    await world.hold()
    with client.stream("GET", "/api/events", headers={"Last-Event-ID": "1-1"}) as stream:
        told = _events(stream)
        assert [next(told)["event"] for _ in range(2)] == ["ready", "reset"]
        hold = await world.hold()
        assert json.loads(next(told)["data"])["hold_id"] == hold.hold_id


@pytest.mark.parametrize("mark", ["$", "0", "-1", "1-1, 2-2", "x" * 500])
async def test_no_id_of_an_event(client: httpx2.Client, mark: str) -> None:
    """It is refused with the cure, before anything is asked of the store."""
    response = client.get("/api/events", headers={"Last-Event-ID": mark})
    assert response.status_code == 400
    assert response.json()["type"] == "urn:sidegate:api:cursor_invalid"


async def test_it_needs_a_token(client: httpx2.Client) -> None:
    """As every other address of the API."""
    assert client.get("/api/events", headers={"Authorization": "Bearer nobody"}).status_code == 401


async def test_there_is_a_bound(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than there is room for hears 503, and the place of one that left is free again."""
    monkeypatch.setattr(module, "MOST_OPEN", 1)
    with client.stream("GET", "/api/events") as stream:
        told = _events(stream)
        assert next(told)["event"] == "ready"
        refused = client.get("/api/events")
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:sidegate:api:busy"
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        with client.stream("GET", "/api/events") as stream:
            if stream.status_code == 200:
                return
    raise AssertionError("the place was never free again")


async def test_a_quiet_stream_shows_that_it_lives(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment comes now and then."""
    monkeypatch.setattr(module, "_QUIET_SECONDS", 0.0)
    with client.stream("GET", "/api/events") as stream:
        assert next(line for line in stream.iter_lines() if line.startswith(":")) == ": still here"


async def test_it_ends_with_the_sidecar(world: World) -> None:
    """Nobody is let in any more, and nobody waits."""
    world.signals.draining = True
    async with world.client() as client:
        assert (await client.get("/api/events")).status_code == 503


async def test_fifty_holds_a_second(client: httpx2.Client, world: World) -> None:
    """A hundred holds that are made as fast as the store takes them are all told, in order."""
    with client.stream("GET", "/api/events") as stream:
        told = _events(stream)
        next(told)
        start = time.monotonic()
        ids = [(await world.hold()).hold_id for _ in range(100)]
        heard = [json.loads(one["data"])["hold_id"] for one in islice(told, 100)]
        assert time.monotonic() - start < _SECONDS
    assert heard == ids


def _events(stream: httpx2.Response) -> Iterator[Told]:
    """The events of a stream, without comments."""
    told: Told = {}
    for line in stream.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            told[name] = value
        elif told and not line:
            yield told
            told = {}


async def test_what_somebody_may_not_see_is_not_told(world: World) -> None:
    """A hold outside a person's scope does not exist for that person, here either."""
    scope = ScopeEntry(hosts=("other.example",))
    bob = PersonEntry(name="bob", scope=scope, token_file="bob.token")
    scoped = replace(world, entry=ConsoleEntry(people=(bob,)))
    headers = {"Authorization": f"Bearer {TOKENS['bob']}"}
    with (
        console_of(scoped) as url,
        httpx2.Client(base_url=url, trust_env=False, timeout=_SECONDS, headers=headers) as client,
        client.stream("GET", "/api/events") as stream,
    ):
        told = _events(stream)
        assert next(told)["event"] == "ready"
        await world.hold()
        seen = await world.hold(replace(ACTION, host="other.example"))
        assert json.loads(next(told)["data"])["hold_id"] == seen.hold_id
