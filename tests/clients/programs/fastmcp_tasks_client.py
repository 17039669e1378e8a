"""FastMCP with its tasks: one call, whose outcome it waits for: `fastmcp_tasks_client.py URL`."""

import asyncio
import json
import sys

import fastmcp_tasks  # noqa: F401 (it has every client offer tasks)
from fastmcp import Client


async def main() -> None:
    """Pay, and say what the application gets."""
    async with Client(sys.argv[1]) as client:
        result = await client.call_tool("pay", {"payee": "ada", "amount": 7}, raise_on_error=False)
        text = " ".join(getattr(part, "text", "") for part in result.content)
        got = {"text": text, "structured": result.structured_content, "error": result.is_error}
        sys.stdout.write(json.dumps(got) + "\n")


asyncio.run(main())
