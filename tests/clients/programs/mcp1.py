"""The Python SDK, first generation: what the application gets."""

import asyncio

from mcp import ClientSession, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from steps import COMMAND, WHERE, follow, shown


async def main() -> None:
    """One session for all calls."""
    if COMMAND:
        transport = stdio_client(StdioServerParameters(command=COMMAND[0], args=COMMAND[1:]))
    elif WHERE.endswith("/sse"):
        transport = sse_client(WHERE)
    else:
        transport = streamablehttp_client(WHERE)
    async with transport as streams, ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        await session.list_tools()

        async def see(tool, arguments):
            return shown(await session.call_tool(tool, arguments))

        await follow(see)


asyncio.run(main())
