"""Tests of the stream that tells open pages of changes."""

from collections.abc import Iterator

import httpx2
import pytest

from rules.hold import Event
from tests.proxy.console.world import TOKENS, World, console_of

_SECONDS = 30.0


@pytest.fixture
def client(world: World) -> Iterator[httpx2.Client]:
    """Somebody who is logged in over a socket."""
    with (
        console_of(world) as url,
        httpx2.Client(base_url=url, trust_env=False, timeout=_SECONDS) as client,
    ):
        client.post("/login", data={"token": TOKENS["ada"]})
        yield client


async def test_a_change_is_told_without_saying_what(client: httpx2.Client, world: World) -> None:
    """Each new or changed hold is one event, which names nothing."""
    with client.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        _wait_for(lines, "event: ready")
        hold = await world.hold()
        said = _wait_for(lines, "event: holds")
        await world.store.step(hold, Event.CANCEL)
        said += _wait_for(lines, "event: holds")
    assert hold.hold_id not in "".join(said)


def test_it_ends_with_its_session(client: httpx2.Client) -> None:
    """Whoever has logged out hears no more."""
    with client.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        _wait_for(lines, "event: ready")
        kept = dict(client.cookies)
        csrf = client.get("/kill").text.partition('name="csrf" value="')[2].partition('"')[0]
        assert client.post("/logout", data={"csrf": csrf}).status_code == 303
        assert "event: holds" not in list(lines)
    client.cookies.update(kept)
    assert client.get("/events").status_code == 303


def _wait_for(lines: Iterator[str], wanted: str) -> list[str]:
    """The lines up to the wanted one."""
    said = []
    for line in lines:
        said.append(line)
        if line == wanted:
            return said
    raise AssertionError(f"the stream ended before `{wanted}`: {said}")
