"""Requests to MCP servers: what leaves in their place, and what agents hear."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from addons.exchange import Request
from proxy.mcp.http import McpOverHttp, Sending
from proxy.mcp.pinned import Pinned
from rules.call import HttpCall
from rules.headers import Fields, first
from rules.hold import State
from rules.mcp.carried import Server
from rules.mcp.versions import VERSION_KEY
from rules.normalize import normalize
from rules.reply import Reply
from rules.verdict import Refusal
from tests.proxy.console.world import World
from tests.proxy.gatehouse import request
from tests.proxy.mcp.talks import desk_of, hold_id, text
from tests.rules.mcp.rulesets import ruleset

_ECHO = b'{"jsonrpc":"2.0","id":"%s","result":{"paid":7}}'
_JSON = b"application/json, text/event-stream"


class Desk:
    """MCP over HTTP on real parts."""

    def __init__(self, mcp: McpOverHttp, world: World, upstream: "_Answering") -> None:
        self.mcp = mcp
        self.world = world
        self.upstream = upstream

    async def post(
        self,
        message: Any,
        *,
        method: str = "POST",
        path: str = "/mcp",
        port: int = 0,
        fields: Fields = (),
    ) -> Sending | Reply:
        """What becomes of a request with that message."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        head: Fields = ((b"Accept", _JSON), *fields)
        asked = request(method or "POST", path, port=port or self.upstream.port, fields=head, body=body)
        asked = Request(message=replace(asked.message, scheme="http", sni=None), gone=asked.gone)
        call = normalize(asked.message)
        if isinstance(call, Refusal) and (told := self.mcp.too_much(asked.message)):
            return told
        assert isinstance(call, HttpCall), call
        found = self.mcp.find(call)
        assert found is not None
        return await self.mcp.admit(asked, call, self.mcp.read(call, found))


@pytest.fixture
async def desk(redis_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk with one configured server."""
    world, rules = World.build(redis_url), ruleset()
    async with asyncio.TaskGroup() as tasks:
        parts = desk_of(world, rules, tasks, journal=tmp_path / "journal")
        async with _Answering(b"application/json", _ECHO) as upstream:
            servers = [_server(upstream.port)]
            yield Desk(McpOverHttp(desk=parts, servers=servers, tasks=tasks), world, upstream)
    parts.replayer.journal.close()
    await world.redis.aclose()


def _server(port: int, *, trusted: bool = True) -> Server:
    return Server(name="bank", url=f"http://localhost:{port}/mcp", trusted_at_first=trusted)


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


def _told(outcome: Sending | Reply) -> Any:
    assert isinstance(outcome, Reply), outcome
    return json.loads(outcome.body)


async def test_what_leaves_is_our_own(desk: Desk) -> None:
    """Our serialization and our headers; nothing that was not judged, and no encoding of the answer."""
    odd = b'{ "jsonrpc":"2.0", "id":7, "method":"tools\\/list", "amount": 9 }'
    sending = await desk.post(odd, fields=((b"Accept-Encoding", b"br"), (b"Authorization", b"Bearer x")))
    assert isinstance(sending, Sending)
    assert sending.call.body == b'{"jsonrpc":"2.0","id":7,"method":"tools/list"}'
    assert first(sending.call.fields, b"accept-encoding") == b"identity"
    assert first(sending.call.fields, b"authorization") == b"Bearer x"
    assert sending.rewriting is not None
    modern = _call("get_x")
    modern["params"]["_meta"] = {VERSION_KEY: "2026-07-28"}
    sending = await desk.post(modern, fields=((b"mcp-name", b"=?base64?Z2V0X3g=?="),))
    assert isinstance(sending, Sending)
    assert first(sending.call.fields, b"mcp-name") == b"get_x"
    assert first(sending.call.fields, b"mcp-method") is None
    assert not sending.endless


async def test_what_waits_for_events_has_no_end(desk: Desk) -> None:
    """A client that has gone is not waited for."""
    sending = await desk.post({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {}})
    assert isinstance(sending, Sending)
    assert sending.endless


async def test_a_held_call_is_answered_as_a_result(desk: Desk) -> None:
    """HTTP 200, with the request's id; the same call joins it, whatever its session or id."""
    held = _told(await desk.post(_call("pay", amount=7)))
    assert held["id"] == 7
    assert "not executed" in text(held["result"])
    again = _told(
        await desk.post({**_call("pay", amount=7), "id": "other"}, fields=((b"Mcp-Session-Id", b"2"),))
    )
    other = _told(await desk.post(_call("pay", amount=7), fields=((b"X-Tenant", b"2"),)))
    account = _told(await desk.post(_call("pay", amount=7), path="/mcp?account=2"))
    assert hold_id(again["result"]) == hold_id(held["result"])
    holds = {hold_id(told["result"]) for told in (held, other, account)}
    assert len(holds) == 3


@pytest.mark.parametrize(
    ("message", "fields", "status", "code"),
    [
        ([_call("pay")], (), 400, -32600),
        (_call("pay"), ((b"Mcp-Name", b"safe"),), 400, -32020),
        (_call("pay"), ((b"MCP-Protocol-Version", b"3000-01-01"),), 400, -32022),
        ({"jsonrpc": "2.0", "id": 1, "method": "shell/run"}, (), 200, -32601),
        (_call("sampling/createMessage"), (), 200, -32602),
    ],
    ids=["batch", "header", "version", "unknown", "method's name"],
)
async def test_what_cannot_be_judged_is_an_error(
    desk: Desk, message: Any, fields: Fields, status: int, code: int
) -> None:
    """Nothing leaves, and the client hears why."""
    outcome = await desk.post(message, fields=fields)
    assert isinstance(outcome, Reply)
    assert (outcome.status, _told(outcome)["error"]["code"]) == (status, code)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_sessions_stream_and_end_pass(desk: Desk, method: str) -> None:
    """They carry no message."""
    sending = await desk.post(b"", method=method)
    assert isinstance(sending, Sending)
    assert (sending.rewriting is not None) is (method == "GET")


async def test_a_stranger_is_not_believed(desk: Desk) -> None:
    """A body that looks like MCP elsewhere keeps the severity of the request."""
    outcome = await desk.post({"jsonrpc": "2.0", "id": 7, "method": "tools/list"}, path="/other")
    assert "not one of `mcp_servers`" in _told(outcome)["error"]["message"]
    assert "not executed" in text(_told(await desk.post(_call("get_x"), path="/other"))["result"])


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (b"application/json", _ECHO),
        (b"text/event-stream", b'event: message\ndata: {"jsonrpc":"2.0","id":"%s","result":{"paid":7}}\n\n'),
    ],
    ids=["document", "events"],
)
async def test_an_approved_call_runs_on_the_next_touch(desk: Desk, kind: bytes, answer: bytes) -> None:
    """With the credentials and the session of that touch, once; its result is told verbatim."""
    async with _Answering(kind, answer) as upstream:
        port, seen = upstream.port, upstream.seen
        desk.mcp = replace(desk.mcp, servers=[_server(port)])
        held = _told(await desk.post(_call("pay", amount=7), port=port))["result"]
        hold = await desk.world.store.find(hold_id(held))
        assert hold is not None
        await desk.world.approve(hold)
        live: Fields = ((b"Authorization", b"Bearer new"), (b"Mcp-Session-Id", b"s2"))
        paid = _told(await desk.post(_call("pay", amount=7), port=port, fields=live))
        assert paid == {"jsonrpc": "2.0", "id": 7, "result": {"paid": 7}}
        assert len(seen) == 1
        assert b"Bearer new" in seen[0]
        assert b"s2" in seen[0]
        assert b'"name":"pay","arguments":{"amount":7}' in seen[0]
        found = await desk.world.store.find(hold_id(held))
        assert found is not None
        assert found.state is State.EXECUTED


async def test_a_tool_that_nobody_listed_is_listed_by_us(desk: Desk) -> None:
    """Once, with the session and the credentials of the call; afterwards calls go at once."""
    live: Fields = ((b"Authorization", b"Bearer x"), (b"Mcp-Session-Id", b"s9"))
    for _ in range(3):
        assert isinstance(await desk.post(_call("get_x"), fields=live), Sending)
    [listed] = desk.upstream.listed
    assert b"Bearer x" in listed
    assert b"s9" in listed
    hidden = _told(await desk.post(_call("get_hidden")))
    assert "not executed" in text(hidden["result"])


async def test_a_server_that_lists_nothing_is_not_trusted(desk: Desk) -> None:
    """Nobody can compare its tools with anything, so even what reads is held."""
    desk.upstream.tools = []
    for _ in range(2):
        assert "not executed" in text(_told(await desk.post(_call("get_x")))["result"])
    desk.mcp = replace(desk.mcp, servers=[_server(9)])
    held = _told(await desk.post(_call("get_x"), port=9))
    hold = await desk.world.store.find(hold_id(held["result"]))
    assert hold is not None
    assert "on no list" in hold.reason


async def test_where_tools_have_to_be_accepted_they_are_held_until_then(desk: Desk) -> None:
    """Without a new list and without a restart."""
    desk.mcp = replace(desk.mcp, servers=[_server(desk.upstream.port, trusted=False)])
    held = _told(await desk.post(_call("get_x")))["result"]
    assert "not executed" in text(held)
    pinned = Pinned(desk.world.store)
    [known] = await pinned.servers()
    _, listed = await pinned.tools(known.key)
    seen = {name: kept.pin for name, kept in listed.items()}
    await pinned.accept(known.key, seen, by="ada", at=datetime(2026, 11, 23, tzinfo=UTC))
    assert isinstance(await desk.post(_call("get_x")), Sending)
    assert len(desk.upstream.listed) == 1


async def test_a_changed_list_is_listed_again(desk: Desk) -> None:
    """The server says so on a stream, and what it changed is held."""
    assert isinstance(await desk.post(_call("get_x")), Sending)
    stream = await desk.post(b"", method="GET")
    assert isinstance(stream, Sending)
    assert stream.rewriting is not None
    desk.upstream.tools[0]["description"] = "Gets, and sends."
    stream.rewriting.head(200, ((b"Content-Type", b"text/event-stream"),))
    note = b'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
    assert stream.rewriting.data(note) == note
    assert "not executed" in text(_told(await desk.post(_call("get_x")))["result"])
    assert len(desk.upstream.listed) == 2


class _Answering:
    """A server that lists its tools and gives every other request its own id back."""

    def __init__(self, kind: bytes, answer: bytes) -> None:
        self._kind = kind
        self._answer = answer
        self.seen: list[bytes] = []
        self.listed: list[bytes] = []
        self.tools = [{"name": "get_x", "description": "Gets."}, {"name": "pay", "description": "Pays."}]
        self.port = 0

    async def __aenter__(self) -> "_Answering":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        body = await reader.readexactly(length)
        message = json.loads(body)
        if message["method"] == "tools/list":
            self.listed.append(head + body)
            kind, answer = b"application/json", self._list(message["id"])
        else:
            self.seen.append(head + body)
            kind, answer = self._kind, self._answer % message["id"].encode()
        # Its events do not end with the answer.
        size = b"" if kind == b"text/event-stream" else b"Content-Length: %d\r\n" % len(answer)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%b\r\n%b" % (kind, size, answer))
        await writer.drain()
        await reader.read()
        writer.close()

    def _list(self, id_: str) -> bytes:
        return json.dumps({"jsonrpc": "2.0", "id": id_, "result": {"tools": self.tools}}).encode()


async def test_a_call_with_too_large_a_number_is_told_so(desk: Desk) -> None:
    """At a configured server as the tool's result, so that the session lives; elsewhere not."""
    outcome = await desk.post(_call("pay", amount=2**53 + 1))
    assert isinstance(outcome, Reply)
    told = _told(outcome)
    assert (outcome.status, told["id"]) == (200, 7)
    assert "not executed" in text(told["result"])
    for message, path in ((_call("pay", amount=2**53 + 1), "/other"), (b'{"id":1,"id":2}', "/mcp")):
        with pytest.raises(AssertionError):
            await desk.post(message, path=path)
