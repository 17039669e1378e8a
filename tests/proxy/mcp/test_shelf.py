"""What is known of a server's tools, over pages, processes and an absent store."""

import asyncio
from dataclasses import replace

from proxy.mcp.shelf import Shelf
from proxy.store.connection import connect
from proxy.store.store import Store
from rules.mcp.message import Members
from rules.mcp.pins import Change
from tests.proxy.console.world import World
from tests.proxy.drafts import PATIENT


def _page(*names: str, cursor: str = "", description: str = "Reads.") -> Members:
    tools: Members = {"tools": [{"name": name, "description": description} for name in names]}
    return tools | ({"nextCursor": cursor} if cursor else {})


async def test_the_first_whole_list_is_pinned(redis_url: str) -> None:
    """Its pages are one list; what comes later is compared, by any process."""
    world = World.build(redis_url)
    first = Shelf(store=world.store, server="s", key="k")
    await first.learn(_page("a", cursor="2"), first=True)
    assert not first.known
    await first.learn(_page("b"), first=False)
    assert (first.known, first.change("a"), first.change("b")) == (True, None, None)
    assert first.change("hidden") is Change.NEW
    later = Shelf(store=world.store, server="s", key="k")
    assert later.change("a") is Change.UNLISTED
    await later.learn(_page("a", "b", "c"), first=True)
    assert (later.change("b"), later.change("c")) == (None, Change.NEW)
    await later.learn(_page("a", description="Writes."), first=True)
    assert later.change("a") is Change.TEXT
    await world.redis.aclose()


async def test_without_pins_every_tool_counts_as_new() -> None:
    """Nobody can tell whether it is what it was."""
    store = Store(connect("unix:///nowhere"), domain="d", clocks=PATIENT)
    shelf = Shelf(store=store, server="s", key="k")
    await shelf.learn(_page("a"), first=True)
    assert shelf.change("a") is Change.NEW
    definition = shelf.definition("a")
    assert definition is not None
    assert replace(definition, siblings=frozenset()).description == "Reads."


async def test_a_tool_is_known_as_what_the_operator_says_its_server_is(redis_url: str) -> None:
    """Nothing that the server says of itself changes that."""
    world = World.build(redis_url)
    shelf = Shelf(store=world.store, server="brain", key="k", pack="memory")
    await shelf.learn(_page("open_nodes"), first=True)
    assert getattr(shelf.definition("open_nodes"), "pack", None) == "memory"
    await world.redis.aclose()


async def test_a_list_on_its_way_to_the_agent_is_waited_for(redis_url: str) -> None:
    """The agent may call a tool as soon as it has read the list: nobody asks the server again."""
    world = World.build(redis_url)
    shelf = Shelf(store=world.store, server="s", key="k")

    async def list_again() -> None:
        raise AssertionError("the server was asked again")

    async with asyncio.TaskGroup() as tasks:
        shelf.learn_beside(tasks, _page("a", cursor="2"), first=True)
        shelf.learn_beside(tasks, _page("b"), first=False)
        assert not shelf.known
        await shelf.fill(list_again)
    assert (shelf.change("a"), shelf.change("b")) == (None, None)
    await world.redis.aclose()
