"""What a tool takes, by the list of its server that was trusted: a vendor's word, and never the agent's."""

from proxy.console.reviewing import Reviewing
from proxy.mcp.pinned import Pinned
from rules.mcp.action import ToolAction
from rules.request.strict_json import Json


async def schema_of(reviewing: Reviewing, action: ToolAction) -> Json:
    """The JSON Schema of the tool's arguments as it was pinned; None where nothing is."""
    pinned = Pinned(reviewing.store)
    for known in await pinned.servers():
        if (known.name, known.place) == (action.server, action.place):
            kept = (await pinned.tools(known.key))[0].get(action.tool)
            return None if kept is None or kept.entry is None else kept.entry.get("inputSchema")
    return None
