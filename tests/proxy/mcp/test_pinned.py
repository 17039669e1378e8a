"""Pins in a real store: first lists that race, what a reviewer accepts, and what older versions wrote."""

import asyncio
from datetime import UTC, datetime

import pytest

from proxy.mcp.pinned import Changed, Known, Pinned
from proxy.mcp.shelf import Shelf
from rules.mcp.message import Members
from rules.mcp.pins import Change, Pin, pin
from tests.proxy.console.world import World

_SERVER = Known(key="k", name="bank", place="http://bank.example/mcp")
_NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _tools(*names: str, description: str = "Reads.") -> list[Members]:
    return [{"name": name, "description": description} for name in names]


async def test_of_two_first_lists_one_is_pinned_whole(world: World) -> None:
    """Never a mixture of both, and everybody hears the same."""
    pinned = Pinned(world.store)
    lists = [_tools("a", "b", description=f"Reads {n}.") for n in range(20)]
    found = await asyncio.gather(*(pinned.learn(_SERVER, tools, trusting=True) for tools in lists))
    assert all(one == found[0] for one in found)
    assert found[0] in [{str(tool["name"]): pin(tool) for tool in tools} for tools in lists]


async def test_a_list_that_is_not_trusted_pins_nothing(world: World) -> None:
    """It is kept for the reviewer."""
    pinned = Pinned(world.store)
    assert await pinned.learn(_SERVER, _tools("a"), trusting=False) == {}
    pins, listed = await pinned.tools("k")
    assert pins == {}
    assert listed["a"].entry == {"name": "a", "description": "Reads."}
    assert await pinned.servers() == [_SERVER]


async def test_accepted_is_what_was_looked_at(world: World) -> None:
    """Who and when stand with it; where one tool is another by then, none is pinned."""
    pinned = Pinned(world.store)
    await pinned.learn(_SERVER, _tools("a", "b"), trusting=False)
    seen = {str(tool["name"]): pin(tool) for tool in _tools("a", "b")}
    stale = seen | {"b": Pin(text="0" * 64, schema="0" * 64)}
    with pytest.raises(Changed, match="b"):
        await pinned.accept("k", stale, by="ada", at=_NOW)
    assert await pinned.read("k") == {}
    await pinned.accept("k", seen, by="ada", at=_NOW)
    pins, _ = await pinned.tools("k")
    assert {kept.pin.by for kept in pins.values()} == {"ada"}
    assert (pins["a"].at, pins["a"].entry) == ("2026-11-23T00:00:00+00:00", _tools("a")[0])


async def test_what_an_older_version_pinned_still_counts(world: World) -> None:
    """It wrote two hashes and nothing else."""
    [tool] = _tools("a")
    before = pin(tool)
    key = f"{{sidegate:{world.domain}}}:pins:k"
    await world.redis.hset(key, "a", f"{before.text} {before.schema}")
    assert await Pinned(world.store).read("k") == {"a": before}


async def test_a_huge_definition_is_not_kept(world: World) -> None:
    """Its hashes are, so it can be pinned all the same."""
    pinned = Pinned(world.store)
    [tool] = _tools("a", description="x" * 100_000)
    assert await pinned.learn(_SERVER, [tool], trusting=True) == {"a": pin(tool)}
    _, listed = await pinned.tools("k")
    assert listed["a"].entry is None


async def test_acceptance_reaches_a_running_session(world: World) -> None:
    """Without a new list; a suspect text is accepted with the tool that has it."""
    shelf = Shelf(store=world.store, server="bank", key="k", trusting=lambda: False)
    page: Members = {"tools": [*_tools("a"), *_tools("b", description="Reads\u200b.")]}
    await shelf.learn(page, first=True)
    assert (shelf.change("a"), shelf.change("b")) == (Change.UNACCEPTED, Change.HIDDEN)
    await shelf.look_again("a")
    assert shelf.change("a") is Change.UNACCEPTED
    entries = [*_tools("a"), *_tools("b", description="Reads\u200b.")]
    seen = {str(tool["name"]): pin(tool) for tool in entries}
    await Pinned(world.store).accept("k", seen, by="ada", at=_NOW)
    await shelf.look_again("a")
    assert (shelf.change("a"), shelf.change("b")) == (None, None)
