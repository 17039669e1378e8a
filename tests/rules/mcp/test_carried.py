"""Which HTTP requests are MCP, and in which form their answers go back."""

from typing import Any

import pytest

from rules.call import HttpCall
from rules.headers import Fields
from rules.mcp.carried import Server, Use, carried, reply_of, steady
from rules.mcp.message import Result
from rules.message import Message
from rules.normalize import normalize

_SERVER = Server(
    name="bank",
    url="https://bank.example/mcp",
    authorization=frozenset({"https://login.example/token"}),
)
_CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay"}}'


def _call(method: str, url: str, body: bytes = b"", fields: Fields = ()) -> HttpCall:
    host, _, path = url.partition("/")
    kind: Fields = ((b"Content-Type", b"application/json"),) if body else ()
    call = normalize(
        Message(
            scheme="https",
            host=host,
            port=443,
            sni=host,
            method=method.encode(),
            target=f"/{path}".encode(),
            fields=((b"Host", host.encode()), *kind, *fields),
            body=body,
        )
    )
    assert isinstance(call, HttpCall)
    return call


@pytest.mark.parametrize(
    ("method", "url", "body", "found"),
    [
        ("POST", "bank.example/mcp", _CALL, (Use.MESSAGE, True)),
        ("POST", "bank.example/mcp", b'{"any": "thing"}', (Use.MESSAGE, True)),
        ("POST", "bank.example/mcp?account=2", _CALL, (Use.MESSAGE, True)),
        ("GET", "bank.example/mcp", b"", (Use.STREAM, True)),
        ("DELETE", "bank.example/mcp", b"", (Use.END, True)),
        ("POST", "login.example/token", b'{"a": 1}', (Use.AUTHORIZATION, True)),
        ("GET", "login.example/token", b"", None),
        ("PUT", "bank.example/mcp", _CALL, None),
        ("POST", "bank.example/mcp/", b'{"any": "thing"}', None),
        ("POST", "bank.example/other", b'{"any": "thing"}', None),
        ("POST", "other.example/x", _CALL, (Use.MESSAGE, False)),
        ("POST", "other.example/x", b"[" + _CALL + b"]", (Use.MESSAGE, False)),
        ("POST", "other.example/x", b'{"Jsonrpc":"2.0","Method":"tools/call"}', (Use.MESSAGE, False)),
        ("POST", "other.example/x", b'{"jsonrpc":"2.0","id":1,"method":"eth_call"}', None),
        ("GET", "other.example/x", b"", None),
    ],
    ids=[
        *("message", "anything", "with a query", "stream", "end", "token", "token by get", "put", "slash"),
        *("another path", "stranger", "batch", "look-alike", "another protocol", "plain"),
    ],
)
def test_what_is_mcp(method: str, url: str, body: bytes, found: Any) -> None:
    """Configured URLs are whatever is in them; elsewhere a message shows itself."""
    seen = carried(_call(method, url, body), [_SERVER])
    assert (None if seen is None else (seen.use, seen.server.configured)) == found


def test_headers_show_a_message_too() -> None:
    """However they are spelled."""
    for name in (b"Mcp-Param-A", b"mcp_param_a", b"MCP-SESSION-ID"):
        seen = carried(_call("POST", "other.example/x", b"{}", ((name, b"1"),)), [])
        assert seen is not None
        assert not seen.server.configured


def test_the_place_has_the_query() -> None:
    """Another query may mean another account."""
    places = {
        seen.place
        for query in ("", "?a=1", "?a=2")
        if (seen := carried(_call("POST", f"bank.example/mcp{query}", _CALL), [_SERVER]))
    }
    assert len(places) == 3


def test_steady_fields_are_those_of_an_honest_repetition() -> None:
    """Sessions, credentials and what varies are left out; what may mean something stays."""
    fields: Fields = (
        (b"Host", b"bank.example"),
        (b"Authorization", b"Bearer x"),
        (b"Mcp-Session-Id", b"1"),
        (b"MCP-Protocol-Version", b"2025-11-25"),
        (b"User-Agent", b"x"),
        (b"Accept", b"*/*"),
        (b"X-Tenant", b"7"),
        (b"X-Secret", b"s"),
    )
    assert steady(fields, credentials=[b"x-secret"]) == ((b"x-tenant", b"7"),)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (b"application/json, text/event-stream", b"application/json"),
        (b"text/event-stream", b"text/event-stream"),
        (b"*/*", b"application/json"),
        (b"text/event-stream, */*;q=0.1", b"application/json"),
        (b"", b"application/json"),
    ],
    ids=["both", "events", "any", "events or any", "none"],
)
def test_an_answer_has_a_form_that_its_client_takes(accept: bytes, kind: bytes) -> None:
    """A client that reads only events gets one."""
    reply = reply_of(Result(id=1, result={}), ((b"Accept", accept),))
    assert (reply.status, dict(reply.fields)[b"Content-Type"]) == (200, kind)
    assert reply.body.startswith(b"{" if kind == b"application/json" else b"event: message\ndata: {")
