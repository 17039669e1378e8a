"""Approved tool calls over HTTP with the operator's credentials: those of that server, not the agent's."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from proxy.credentials.credentials import Credentials
from proxy.credentials.sources.stated import FromFile
from proxy.mcp.http_courier import HttpCourier
from proxy.mcp.shelf import Shelf
from rules.action import Principal
from rules.call import HttpCall, Payload, PayloadKind
from rules.headers import Fields
from rules.hold import Hold, State
from rules.mcp.action import ToolAction
from tests.acceptance.authority import Authority
from tests.proxy.console.world import ACTION
from tests.proxy.credentials.requests import header
from tests.proxy.replay.test_replayer_credentials import Counted, bank
from tests.proxy.replays import Replays, replaying, rules

LIVE: Fields = ((b"Authorization", b"Bearer ghp_placeholder"), (b"Cookie", b"a=b"))
NAMED = """
version: 1
rules:
  - {id: pay, match: {server: bank, tool: pay}, tier: 4, credential: special}
"""


@dataclass(slots=True)
class Server:
    """An MCP server over TLS that takes everybody, or nobody."""

    port: int = 0
    status: int = 200
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"https://localhost:{self.port}/mcp"

    def tokens(self) -> list[bytes]:
        """What each request was authorized by."""
        return [head.partition(b"Authorization: ")[2].partition(b"\r\n")[0] for head in self.heads]


@asynccontextmanager
async def serving(authority: Authority, status: int = 200) -> AsyncIterator[Server]:
    """It, running."""
    leaf, context = authority.issue(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)
    made = Server(status=status)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        made.heads.append(head)
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        asked = json.loads(await reader.readexactly(int(length)))
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"content": []}}).encode()
        body = body if made.status == 200 else b"who are you?"
        fields = b"Content-Type: application/json\r\nContent-Length: %d" % len(body)
        writer.write(b"HTTP/1.1 %d X\r\n%b\r\n\r\n%b" % (made.status, fields, body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


def courier(replays: Replays, server: Server, *, configured: bool = True) -> HttpCourier:
    """The agent's next request to `server`, with what it has in place of a secret."""
    call = HttpCall(
        method="POST",
        scheme="https",
        host="localhost",
        port=server.port,
        target="/mcp",
        segments=("mcp",),
        query=(),
        fields=((b"Host", f"localhost:{server.port}".encode()), *LIVE),
        body=b"",
        payload=Payload(kind=PayloadKind.EMPTY),
    )
    return HttpCourier(
        call=call,
        live=LIVE,
        meta={},
        beside=(),
        shelf=Shelf(store=replays.store, server="bank", key="k"),
        server=server.url if configured else "https://evil.example/mcp",
        replayer=replays.replayer,
    )


async def ran(replays: Replays, server: Server, **how: Any) -> Hold:
    """What became of an approved payment by that request."""
    action = ToolAction(
        server="bank", place=server.url, tool="pay", body=b"{}", principal=Principal(agent="agent-7")
    )
    hold = await replays.world.approve(await replays.world.hold(action))  # type: ignore[arg-type]  # any will do
    return await replays.replayer.run(hold, courier=courier(replays, server, **how))


def credential(folder: Path, secret: str, name: str = "bank") -> Any:
    """One in `Authorization`."""
    (folder / secret).write_text(secret)
    return header(FromFile(folder / secret), name=name)


async def test_the_servers_own(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """It goes before the host's; what the agent sent stays behind, its other credentials too."""
    async with serving(authority) as server:
        of_host, of_server = credential(tmp_path, "host"), credential(tmp_path, "server", "tools")
        credentials = Credentials({"localhost": (of_host,)}, {server.url: (of_server,)})
        async with replaying(redis_url, authority, credentials=credentials) as replays:
            done = await ran(replays, server)
    assert (done.state, done.credential_used) == (State.EXECUTED, "tools@server")
    assert server.tokens() == [b"Bearer server"]
    assert b"placeholder" not in server.heads[0]
    assert b"Cookie" not in server.heads[0]


async def test_the_hosts(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """Where the server has none."""
    async with serving(authority) as server:
        credentials = Credentials({f"localhost:{server.port}": (credential(tmp_path, "host"),)})
        async with replaying(redis_url, authority, credentials=credentials) as replays:
            done = await ran(replays, server)
    assert (done.state, server.tokens()) == (State.EXECUTED, [b"Bearer host"])


async def test_only_that_server(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """Another path of its host, a server that nobody configured, and plain requests get none of it."""
    async with serving(authority) as server:
        of_server = credential(tmp_path, "server")
        for credentials, configured in (
            (Credentials({}, {f"{server.url}/other": (of_server,)}), True),
            (Credentials({}, {server.url: (of_server,)}), False),
            (Credentials({}, {"": (of_server,)}), True),
        ):
            async with replaying(redis_url, authority, credentials=credentials) as replays:
                done = await ran(replays, server, configured=configured)
            assert (done.state, done.credential_used) == (State.EXECUTED, "")
    assert server.tokens() == [b"Bearer ghp_placeholder"] * 3


async def test_the_one_that_a_rule_names(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """Of the server's or of the host's; where there is none of that name, nothing is sent."""
    usual, special = credential(tmp_path, "usual", "usual"), credential(tmp_path, "special", "special")
    async with serving(authority) as server:
        for credentials in (
            Credentials({}, {server.url: (usual, special)}),
            Credentials({"localhost": (special,)}, {server.url: (usual,)}),
        ):
            async with replaying(
                redis_url, authority, credentials=credentials, ruleset=lambda: rules(NAMED)
            ) as replays:
                assert (await ran(replays, server)).credential_used == "special@special"
        only = Credentials({}, {server.url: (usual,)})
        async with replaying(redis_url, authority, credentials=only, ruleset=lambda: rules(NAMED)) as replays:
            done = await ran(replays, server)
    assert done.state is State.APPROVED
    assert "asks for the credential `special`, which is not configured" in done.note
    assert server.tokens() == [b"Bearer special"] * 2


async def test_what_nobody_asked_for(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """A list of tools of our own goes with the operator's too, or not at all."""
    own, gone = credential(tmp_path, "server"), header(FromFile(tmp_path / "none"))
    async with serving(authority) as server:
        for found in (own, gone):
            credentials = Credentials({}, {server.url: (found,)})
            async with replaying(redis_url, authority, credentials=credentials) as replays:
                await courier(replays, server).list_tools()
    assert server.tokens() == [b"Bearer server"]


async def test_one_that_cannot_be_had(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """Nothing is sent, not even with what the agent has."""
    async with serving(authority) as server:
        gone = Credentials({}, {server.url: (header(FromFile(tmp_path / "none")),)})
        async with replaying(redis_url, authority, credentials=gone) as replays:
            done = await ran(replays, server)
    assert (done.state, server.heads) == (State.APPROVED, [])
    assert "cannot be read: No such file" in done.note


async def test_a_server_that_refuses_it(redis_url: str, authority: Authority) -> None:
    """The call ends with that, once; the next one has another."""
    source = Counted()
    [of_server] = bank(source).by_host.values()
    async with serving(authority, status=401) as server:
        credentials = Credentials({}, {server.url: of_server})
        async with replaying(redis_url, authority, credentials=credentials) as replays:
            done = await ran(replays, server)
            server.status = 200
            assert (await ran(replays, server)).state is State.EXECUTED
    assert done.state is State.EXECUTION_ERROR
    assert server.tokens() == [b"Bearer token-1", b"Bearer token-2"]


@pytest.mark.parametrize("past", ["https://localhost/mcp", "http://localhost:1/mcp"])
async def test_a_place_is_the_whole_url(tmp_path: Path, past: str) -> None:
    """What looks like it is another place."""
    found = Credentials({}, {"https://localhost:1/mcp": (credential(tmp_path, "server"),)})
    assert not found.at(past, ACTION).has(ACTION)
    assert found.at("https://localhost:1/mcp", ACTION).has(ACTION)
    assert not found.has(ACTION)
