"""Calls whose agent is gone: carried by a session of our own with a configured credential, once."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from proxy.credentials.credentials import Credentials
from proxy.credentials.sources.stated import FromFile
from proxy.mcp.own_session import OwnSessions
from proxy.mcp.shelf import Shelf
from rules.action import Principal
from rules.call import ToolCall
from rules.hold import Hold, State
from rules.mcp.action import ToolAction, bind_tool
from rules.mcp.carried import Server
from tests.acceptance.authority import Authority
from tests.proxy.credentials.requests import header
from tests.proxy.replays import Replays, replaying


@dataclass(slots=True)
class Upstream:
    """A server of one generation, or of none."""

    era: str
    port: int = 0
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    """Method and head of each request."""

    def answer(self, message: dict[str, Any], head: bytes) -> tuple[int, bytes]:
        """Its status, with further fields, and its body."""
        method, id_ = message["method"], message.get("id")
        self.asked.append((method, head))
        if method == "server/discover" and self.era != "modern":
            return 400, b""
        if method == "initialize" and self.era == "legacy":
            result: Any = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {}}
        elif method == "initialize":
            return 405, b""
        elif method == "tools/list":
            result = {"tools": [{"name": "pay", "description": "Pays."}]}
        elif id_ is None:
            return 202, b""
        else:
            result = {"content": [], "structuredContent": {"paid": message["params"].get("arguments")}}
        return 200, json.dumps({"jsonrpc": "2.0", "id": id_, "result": result}).encode()


@asynccontextmanager
async def serving(authority: Authority, era: str) -> AsyncIterator[Upstream]:
    """The server, on TLS."""
    leaf, upstream = authority.issue(), Upstream(era)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            status, body = upstream.answer(json.loads(await reader.readexactly(length)), head)
            fields = b"Content-Type: application/json\r\nMcp-Session-Id: s7\r\nContent-Length: %d" % len(body)
            writer.write(b"HTTP/1.1 %d x\r\n%b\r\n\r\n%b" % (status, fields, body))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    upstream.port = server.sockets[0].getsockname()[1]
    async with server:
        yield upstream


def _sessions(replays: Replays, upstream: Upstream, *, name: str = "bank") -> OwnSessions:
    server = Server(name=name, url=f"https://localhost:{upstream.port}/mcp", trusted_at_first=True)
    shelf = Shelf(store=replays.store, server="bank", key="k")
    return OwnSessions(servers=(server,), shelf=lambda _: shelf, replayer=replays.replayer)


def _action(upstream: Upstream) -> ToolAction:
    call = ToolCall(server="bank", tool="pay", arguments={"amount": 7})
    place = f"https://localhost:{upstream.port}/mcp?account=2"
    return bind_tool(call, Principal(agent="agent-7"), place=place, fields=((b"X-Tenant", b"t"),))


async def _approved(replays: Replays, action: ToolAction) -> Hold:
    hold: Hold = await replays.world.hold(action)  # type: ignore[arg-type]
    return await replays.world.approve(hold)


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """Give a credential for the server's host."""
    file = tmp_path / "token"
    file.write_text("fresh")
    file.chmod(0o600)
    return Credentials({"localhost": (header(FromFile(file)),)})


@pytest.mark.parametrize(
    ("era", "methods"),
    [
        ("modern", ["server/discover"]),
        ("legacy", ["server/discover", "initialize", "notifications/initialized"]),
    ],
)
async def test_a_call_is_carried_once(
    redis_url: str, tmp_path: Path, credentials: Credentials, era: str, methods: list[str]
) -> None:
    """By the generation that the server speaks, with the configured credential, to the approved account."""
    authority = Authority.create(tmp_path / "ca")
    async with (
        serving(authority, era) as upstream,
        replaying(redis_url, authority, credentials=credentials) as replays,
    ):
        action = _action(upstream)
        courier = _sessions(replays, upstream).courier(action)
        assert courier is not None
        ran = await replays.replayer.run(await _approved(replays, action), courier=courier)
        assert ran.state is State.EXECUTED
        assert json.loads((await replays.answer(ran)).body)["result"]["structuredContent"] == {
            "paid": {"amount": 7}
        }
        assert [method for method, _ in upstream.asked] == [*methods, "tools/list", "tools/call"]
        last = upstream.asked[-1][1]
        assert last.startswith(b"post /mcp?account=2 ")
        assert b"authorization: bearer fresh" in last
        assert b"x-tenant: t" in last
        assert (b"mcp-session-id: s7" in last) is (era == "legacy")
        assert (b"mcp-method: tools/call" in last) is (era == "modern")


async def test_where_no_session_begins_nothing_is_sent(
    redis_url: str, tmp_path: Path, credentials: Credentials
) -> None:
    """It stays approved, for its agent."""
    authority = Authority.create(tmp_path / "ca")
    async with (
        serving(authority, "none") as upstream,
        replaying(redis_url, authority, credentials=credentials) as replays,
    ):
        action = _action(upstream)
        courier = _sessions(replays, upstream).courier(action)
        ran = await replays.replayer.run(await _approved(replays, action), courier=courier)
        assert (ran.state, "did not begin a session" in ran.note) == (State.APPROVED, True)
        assert "tools/call" not in [method for method, _ in upstream.asked]


async def test_only_configured_servers_with_a_credential(
    redis_url: str, tmp_path: Path, credentials: Credentials
) -> None:
    """Everything else waits for its agent."""
    authority = Authority.create(tmp_path / "ca")
    upstream = Upstream("none", 8)
    action = _action(upstream)
    async with replaying(redis_url, authority, credentials=credentials) as replays:
        assert _sessions(replays, upstream).courier(action) is not None
        assert _sessions(replays, upstream, name="other").courier(action) is None
        assert _sessions(replays, upstream).courier(replace(action, place="stdio:1")) is None
    async with replaying(redis_url, authority) as replays:
        assert _sessions(replays, upstream).courier(action) is None
