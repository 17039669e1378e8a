"""What a tool takes, by what was pinned of it."""

from typing import Any

import pytest

from proxy.console.reading.schemas import schema_of
from proxy.mcp.pinned import Known, Pinned
from rules.action import Principal
from rules.mcp.action import ToolAction
from rules.request.strict_json import Json
from tests.proxy.console.world import World

PLACE = "https://mail.example/mcp"
TO: dict[str, Json] = {"type": "string"}
COPIES: dict[str, Json] = {"type": "integer", "maximum": 5}
SCHEMA: dict[str, Json] = {"type": "object", "properties": {"to": TO, "copies": COPIES}}


def calling(**changes: Any) -> ToolAction:
    """A call of the tool."""
    made: dict[str, Any] = {
        "server": "mail",
        "place": PLACE,
        "tool": "send",
        "body": b'{"to":"ann","copies":1}',
    }
    return ToolAction(principal=Principal(), **(made | changes))


async def pinned(world: World) -> None:
    """A server whose first list was trusted."""
    known = Known(key="k", name="mail", place=PLACE)
    await Pinned(world.store).learn(known, [{"name": "send", "inputSchema": SCHEMA}], trusting=True)


async def test_what_was_pinned(world: World) -> None:
    """Of that very tool, at that very place."""
    await pinned(world)
    assert await schema_of(world.reviewing(), calling()) == SCHEMA


@pytest.mark.parametrize(
    "changes",
    [{"tool": "other"}, {"place": "https://evil.example"}, {"server": "x"}],
    ids=["tool", "place", "name"],
)
async def test_of_another_one_nothing_is_known(world: World, changes: dict[str, str]) -> None:
    """An agent that calls elsewhere brings no schema with it."""
    await pinned(world)
    assert await schema_of(world.reviewing(), calling(**changes)) is None


async def test_a_list_that_nobody_has_trusted(world: World) -> None:
    """It says nothing yet."""
    known = Known(key="k", name="mail", place=PLACE)
    await Pinned(world.store).learn(known, [{"name": "send", "inputSchema": SCHEMA}], trusting=False)
    assert await schema_of(world.reviewing(), calling()) is None
