"""The path of a tool call whatever carries it; sessions and requests try it whole."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxy.mcp.desk import Asking, Desk, Go
from proxy.replay.line import Line
from rules.call import ToolCall
from rules.mcp.action import ToolAction
from rules.mcp.meaning import Own, Weighed
from rules.mcp.message import Failure
from rules.mcp.weighing import weigh
from rules.reply import Reply
from rules.verdict import Judgement, Tier
from tests.proxy.console.world import World
from tests.proxy.mcp.talks import desk_of, hold_id, text
from tests.rules.mcp.rulesets import ruleset


@dataclass(frozen=True, slots=True)
class Room:
    """A desk and its store."""

    desk: Desk
    world: World


@pytest.fixture
async def room(redis_url: str, tmp_path: Path) -> AsyncIterator[Room]:
    """Give a desk without a session."""
    world = World.build(redis_url)
    async with asyncio.TaskGroup() as tasks:
        desk = desk_of(world, ruleset(), tasks, journal=tmp_path / "journal")
        yield Room(desk, world)
    desk.replayer.journal.close()
    await world.redis.aclose()


async def _admit(room: Room, tool: str, usual: Tier | None = None) -> Any:
    asked = Weighed(call=ToolCall(server="s", tool=tool, arguments={}), usual=usual)
    asking = Asking(asked=asked, place="p", courier=None)
    return await room.desk.admit(asking, weigh(asked, ruleset()))


async def test_reads_go_and_the_rest_is_held(room: Room) -> None:
    """By the judgement."""
    went = await _admit(room, "get_x")
    assert isinstance(went, Go)
    assert went.judgement.only_reads
    assert "not executed" in text(await _admit(room, "pay"))


async def test_a_method_that_is_not_a_tool_is_refused_instead_of_held(room: Room) -> None:
    """There is no answer that says held."""
    refused = await _admit(room, "tasks/update", Tier.EXTERNAL)
    assert isinstance(refused, Failure)
    assert await room.world.store.list() == []


async def test_without_a_session_an_approval_waits(room: Room) -> None:
    """Nothing else carries a tool call."""
    held = await _admit(room, "pay")
    hold = await room.world.store.find(hold_id(held))
    assert hold is not None
    await room.world.approve(hold)
    assert room.desk.replayer.waits_for_agent(room.desk.keeping.agent.tool_action(_pay(), place="p"))
    ran = await room.desk.replayer.run(await _found(room, held))
    assert (ran.state, "own session" in ran.note) == ("approved", True)
    assert text(await _admit(room, "pay")).startswith("APPROVED")


class _Elsewhere:
    """A session with another server."""

    def judge(self, action: ToolAction) -> Judgement:
        """Nobody asks it."""
        raise AssertionError(action)

    async def carry(self, action: ToolAction, line: Line) -> Reply:
        """Nothing is carried there."""
        raise AssertionError(line)


async def test_a_hold_of_another_place_is_told_of_and_not_run(room: Room) -> None:
    """Another server's session asks for it: it hears how it stands, and runs nothing."""
    held = await _admit(room, "pay")
    await room.world.approve(await _found(room, held))
    own = Own(hold_id=hold_id(held), wait=1)
    said: Any = await room.desk.own(own, "elsewhere", courier=_Elsewhere(), gone=lambda: False)
    assert text(said).startswith("APPROVED")
    assert (await _found(room, held)).fence == 0


def _pay() -> ToolCall:
    return ToolCall(server="s", tool="pay", arguments={})


async def _found(room: Room, held: Any) -> Any:
    return await room.world.store.find(hold_id(held))
