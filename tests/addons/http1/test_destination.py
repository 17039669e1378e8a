"""Where a request goes: by its connection and its first line, whatever its headers say."""

from dataclasses import replace

import pytest
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context

from addons.http1.destination import addressed
from addons.http1.head import RequestHead
from rules.message import Message
from rules.verdict import ReasonId, Refusal


def context(*, tls: bool, address: tuple[str, int] | None = ("api.pay.test", 443)) -> Context:
    """A connection, through a tunnel to `address`."""
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
    client.tls = tls
    client.sni = "sni.test" if tls else None
    made = Context(client, Options())
    made.server.address = address
    return made


def head(method: bytes, target: bytes) -> RequestHead:
    """A request whose Host names somewhere else."""
    return RequestHead(
        method=method,
        target=target,
        version="HTTP/1.1",
        fields=((b"Host", b"evil.test"),),
        length=0,
        keep_alive=True,
        expects_continue=False,
    )


@pytest.mark.parametrize(
    ("tls", "scheme", "sni"), [(True, "https", "sni.test"), (False, "http", None)], ids=["TLS", "plain"]
)
def test_in_a_tunnel(tls: bool, scheme: str, sni: str | None) -> None:
    """The tunnel's end is the destination; TLS decides the scheme."""
    message = addressed(head(b"GET", b"/x"), b"body", context(tls=tls), served=None)
    assert message == Message(
        scheme=scheme,
        host="api.pay.test",
        port=443,
        sni=sni,
        method=b"GET",
        target=b"/x",
        fields=((b"Host", b"evil.test"),),
        body=b"body",
        version="HTTP/1.1",
    )


@pytest.mark.parametrize(
    ("method", "target", "place"),
    [
        (b"GET", b"http://api.pay.test/x?y=1", ("http", "api.pay.test", 80, b"/x?y=1")),
        (b"GET", b"HTTP://API.PAY.TEST:8080/x", ("http", "api.pay.test", 8080, b"/x")),
        (b"GET", b"http://api.pay.test", ("http", "api.pay.test", 80, b"/")),
        (b"GET", b"http://api.pay.test//x", ("http", "api.pay.test", 80, b"//x")),
        (b"GET", b"http://[2001:db8::1]:81/", ("http", "2001:db8::1", 81, b"/")),
        (b"CONNECT", b"api.pay.test:443", ("https", "api.pay.test", 443, b"")),
        (b"CONNECT", b"[2001:db8::1]:443", ("https", "2001:db8::1", 443, b"")),
    ],
)
def test_what_a_proxy_is_asked_for(method: bytes, target: bytes, place: tuple[str, str, int, bytes]) -> None:
    """The target of the first line is the destination."""
    message = addressed(head(method, target), b"", context(tls=False), served={})
    assert isinstance(message, Message)
    assert (message.scheme, message.host, message.port, message.target) == place
    assert message.sni is None


@pytest.mark.parametrize(
    ("method", "target", "explicit"),
    [
        (b"GET", b"/x", True),
        (b"GET", b"*", True),
        (b"GET", b"https://api.pay.test/", True),
        (b"GET", b"http:/api.pay.test/", True),
        (b"GET", b"://api.pay.test/", True),
        (b"GET", b"http://", True),
        (b"GET", b"http://u@api.pay.test/", True),
        (b"GET", b"http://api.pay.test#f", True),
        (b"GET", b"http://0x7f.1/", True),
        (b"CONNECT", b"api.pay.test", True),
        (b"CONNECT", b"http://api.pay.test:443/", True),
        (b"CONNECT", b":443", True),
        (b"CONNECT", b"api.pay.test:443", False),
    ],
)
def test_what_names_no_place(method: bytes, target: bytes, explicit: bool) -> None:
    """It is refused with a reason, never guessed."""
    refusal = addressed(head(method, target), b"", context(tls=False), served={} if explicit else None)
    assert isinstance(refusal, Refusal)
    assert refusal.reason_id is ReasonId.TARGET_MALFORMED


def test_a_tunnel_to_nowhere() -> None:
    """Without a known end there is no destination."""
    assert isinstance(
        addressed(head(b"GET", b"/"), b"", context(tls=True, address=None), served=None), Refusal
    )


_SERVED = {
    b"/mcp/bank": ("https", "bank.example", 443, b"/v1/mcp"),
    b"/mcp/near": ("http", "near.example", 3000, b"/mcp"),
}


def _by_path(target: bytes, *fields: tuple[bytes, bytes]) -> Message | Refusal:
    asked = replace(head(b"POST", target), fields=fields)
    return addressed(asked, b"{}", context(tls=False), served=_SERVED)


@pytest.mark.parametrize(
    ("target", "host", "place"),
    [
        (b"/mcp/bank", b"127.0.0.1:2", ("https", "bank.example", 443, "bank.example", b"/v1/mcp")),
        (b"/mcp/bank?a=1", b"localhost:2", ("https", "bank.example", 443, "bank.example", b"/v1/mcp?a=1")),
        (b"/mcp/near", b"[::1]:2", ("http", "near.example", 3000, None, b"/mcp")),
    ],
    ids=["https", "query", "http"],
)
def test_what_is_served_by_path_is_asked_of_its_place(
    target: bytes, host: bytes, place: tuple[str, str, int, str | None, bytes]
) -> None:
    """As if a proxy had been asked for it, with that place's Host."""
    message = _by_path(target, (b"HOST", host), (b"Authorization", b"Bearer x"))
    assert isinstance(message, Message)
    assert (message.scheme, message.host, message.port, message.sni, message.target) == place
    own = b"bank.example" if place[0] == "https" else b"near.example:3000"
    assert message.fields == ((b"HOST", own), (b"Authorization", b"Bearer x"))


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (b"/mcp/bank", ((b"Host", b"rebound.example:2"),)),
        (b"/mcp/bank", ((b"Host", b"127.0.0.1"),)),
        (b"/mcp/bank", ((b"Host", b"127.0.0.1:3"),)),
        (b"/mcp/bank", ((b"Host", b"127.0.0.1:2"), (b"host", b"127.0.0.1:2"))),
        (b"/mcp/bank", ()),
        (b"/mcp/bank", ((b"Host", b"localhost:2"), (b"Origin", b"http://localhost:2"))),
        (b"/mcp/bank", ((b"Host", b"localhost:2"), (b"origin", b"null"))),
        (b"/mcp/bank", ((b"Host", b"localhost:2"), (b"Sec-Fetch-Site", b"cross-site"))),
        (b"/mcp/other", ((b"Host", b"localhost:2"),)),
        (b"/mcp/bank/", ((b"Host", b"localhost:2"),)),
        (b"/", ((b"Host", b"localhost:2"),)),
    ],
    ids=[
        "rebound name",
        "no port",
        "other port",
        "two hosts",
        "no host",
        "origin",
        "opaque origin",
        "page",
        "not served",
        "below",
        "root",
    ],
)
def test_pages_and_other_paths_reach_nothing(target: bytes, fields: tuple[tuple[bytes, bytes], ...]) -> None:
    """Whatever a browser is led to, it has another name for this listener, or says that it is one."""
    assert isinstance(_by_path(target, *fields), Refusal)
