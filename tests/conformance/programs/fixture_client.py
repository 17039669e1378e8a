"""The client that the protocol's conformance suite asks for, on the Python SDK: `fixture_client.py URL`."""

import asyncio
import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client, types
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata

SCENARIO = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
MODERN = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "") >= "2026"
CONTEXT = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
REDIRECT = "http://localhost:3000/callback"
METADATA_URL = "https://conformance-test.local/client-metadata.json"


async def accept_defaults(context, parameters):
    """Answer a form with what it suggests."""
    properties = parameters.requested_schema.get("properties", {})
    content = {name: value["default"] for name, value in properties.items() if "default" in value}
    return types.ElicitResult(action="accept", content=content)


class Memory:
    """Keeps tokens for as long as the program runs."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


class Person:
    """Agrees to every authorization, in a browser that follows no redirect."""

    answer: dict = {}

    async def open(self, url):
        async with httpx2.AsyncClient() as browser:
            response = await browser.get(url)
        found = parse_qs(urlsplit(response.headers["location"]).query)
        self.answer = {name: values[0] for name, values in found.items()}

    async def code(self):
        return AuthorizationCodeResult(
            code=self.answer["code"], state=self.answer.get("state"), iss=self.answer.get("iss")
        )


def authorized():
    """An HTTP client that gets itself tokens."""
    person, memory = Person(), Memory()
    if "client_id" in CONTEXT:
        memory.client = OAuthClientInformationFull(redirect_uris=[REDIRECT], **CONTEXT)
    asked = OAuthClientMetadata(client_name="fixture", redirect_uris=[REDIRECT])
    flow = OAuthClientProvider(
        sys.argv[1], asked, memory, person.open, person.code, client_metadata_url=METADATA_URL
    )
    return httpx2.AsyncClient(auth=flow, timeout=30, follow_redirects=True)


async def main() -> None:
    """List the tools and call each with arguments that fit its schema."""
    mode = "auto" if MODERN else "legacy"
    where = sys.argv[1]
    if SCENARIO.startswith("auth/"):
        where = streamable_http_client(where, http_client=authorized())
    async with Client(where, mode=mode, elicitation_callback=accept_defaults) as client:
        for tool in (await client.list_tools()).tools:
            properties = tool.input_schema.get("properties", {})
            await client.call_tool(tool.name, {name: value(schema) for name, schema in properties.items()})


def value(schema: dict) -> object:
    """Something that fits `schema`."""
    kinds = {"integer": 5, "number": 5, "boolean": True, "string": "x", "array": [], "object": {}}
    return kinds.get(schema.get("type", "string"), "x")


asyncio.run(main())
