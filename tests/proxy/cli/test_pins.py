"""Tests of `sidegate pins`."""

import pytest

from proxy.mcp.pinned import Known, Pinned
from rules.mcp.message import Members
from tests.proxy.cli.desk import Desk
from tests.proxy.console.world import World

type Capture = pytest.CaptureFixture[str]

_SERVER = Known(key="k1aaaaaaaaaaaaaaaa", name="bank", place="http://bank.example/mcp")
_TOOLS: list[Members] = [
    {"name": "read", "description": "Reads."},
    {"name": "pay", "description": "Pays\u200b."},
]


async def test_show_and_accept(world: World, desk: Desk, capsys: Capture) -> None:
    """What waits is shown with what hides in it, and is accepted by name."""
    pinned = Pinned(world.store)
    await pinned.learn(_SERVER, _TOOLS, trusting=False)
    assert desk.run("pins") == 1
    shown = capsys.readouterr().out
    assert "bank at http://bank.example/mcp, key k1aaaaaaaaaa\n" in shown
    assert "  read: not accepted yet\n" in shown
    assert "+description: Pays[U+200B]." in shown
    assert desk.run("pins", "accept", "bank", "read", "--yes") == 0
    assert set(await pinned.read(_SERVER.key)) == {"read"}
    capsys.readouterr()
    assert desk.run("pins", "accept", "k1aa", "--yes") == 0
    assert "accepted 1" in capsys.readouterr().out
    assert desk.run("pins", "bank") == 0
    assert "  pay: accepted by ada at " in capsys.readouterr().out
    assert desk.run("pins", "accept", "bank") == 0


async def test_no_servers_yet(desk: Desk, capsys: Capture) -> None:
    """Nothing waits, and that is said."""
    assert desk.run("pins") == 0
    assert capsys.readouterr().out == "no tools of MCP servers are known yet\n"


async def test_what_cannot_be_meant_is_refused(world: World, desk: Desk, capsys: Capture) -> None:
    """Another server, another tool, two servers of one name, and too many words."""
    pinned = Pinned(world.store)
    await pinned.learn(_SERVER, _TOOLS, trusting=False)
    assert desk.run("pins", "accept", "other", "--yes") == 1
    assert desk.run("pins", "accept", "bank", "gone", "--yes") == 1
    assert desk.run("pins", "bank", "read") == 2
    assert desk.run("pins", "accept") == 2
    await pinned.learn(Known(key="k2", name="bank", place="stdio:1"), _TOOLS, trusting=False)
    assert desk.run("pins", "accept", "bank", "--yes") == 1
    assert "name one by its key" in capsys.readouterr().err
    assert await pinned.read(_SERVER.key) == {}
