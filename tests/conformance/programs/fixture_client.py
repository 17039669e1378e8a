"""The client that the protocol's conformance suite asks for, on the Python SDK: `fixture_client.py URL`."""

import asyncio
import os
import sys

from mcp import Client, types

SCENARIO = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
MODERN = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "") >= "2026"


async def accept_defaults(context, parameters):
    """Answer a form with what it suggests."""
    properties = parameters.requested_schema.get("properties", {})
    content = {name: value["default"] for name, value in properties.items() if "default" in value}
    return types.ElicitResult(action="accept", content=content)


async def main() -> None:
    """List the tools and call each with arguments that fit its schema."""
    mode = "auto" if MODERN else "legacy"
    async with Client(sys.argv[1], mode=mode, elicitation_callback=accept_defaults) as client:
        for tool in (await client.list_tools()).tools:
            properties = tool.input_schema.get("properties", {})
            await client.call_tool(tool.name, {name: value(schema) for name, schema in properties.items()})


def value(schema: dict) -> object:
    """Something that fits `schema`."""
    kinds = {"integer": 5, "number": 5, "boolean": True, "string": "x", "array": [], "object": {}}
    return kinds.get(schema.get("type", "string"), "x")


asyncio.run(main())
