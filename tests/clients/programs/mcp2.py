"""The Python SDK, second generation: what the application gets."""

import asyncio

from mcp import Client, StdioServerParameters
from steps import COMMAND, ERA, WHERE, follow, shown


async def main() -> None:
    """One session for all calls."""
    server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:]) if COMMAND else WHERE
    async with Client(server, mode="legacy" if ERA == "legacy" else "auto") as client:
        await client.list_tools()

        async def see(tool, arguments):
            return shown(await client.call_tool(tool, arguments))

        await follow(see)


asyncio.run(main())
