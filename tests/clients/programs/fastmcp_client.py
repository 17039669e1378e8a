"""FastMCP: what the application gets."""

import asyncio

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from steps import COMMAND, WHERE, follow


async def main() -> None:
    """One session for all calls."""
    async with Client(StdioTransport(COMMAND[0], COMMAND[1:]) if COMMAND else WHERE) as client:
        await client.list_tools()

        async def see(tool, arguments):
            result = await client.call_tool(tool, arguments)
            text = " ".join(getattr(part, "text", "") for part in result.content)
            return {"text": text, "structured": result.structured_content, "error": result.is_error}

        await follow(see)


asyncio.run(main())
