"""One connection to an upstream: what it may be used for, and when no more."""

from dataclasses import replace

import pytest
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ServerTLSLayer

from addons.http1.head import AnswerHead
from addons.http1.upstream import Ended, Failed, Part, Send, Upstream
from rules.message import Message

ADDRESS = ("192.0.2.7", 80)
GET = Message(
    scheme="http",
    host="api.pay.test",
    port=80,
    sni=None,
    method=b"GET",
    target=b"/",
    fields=((b"Host", b"api.pay.test"),),
    body=b"",
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Line:
    """An upstream, driven by hand."""

    def __init__(self, scheme: str = "http", *, error: str | None = None) -> None:
        client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
        self.upstream = Upstream.towards(Context(client, Options()), ADDRESS, scheme, "api.pay.test")
        self.sent = b""
        self.longest = 0
        self.closed = False
        [opening] = list(self.upstream.stack.handle_event(events.Start()))
        assert isinstance(opening, commands.OpenConnection)
        if scheme == "http":
            self.do(events.OpenConnectionCompleted(opening, error))

    def do(self, event: events.Event) -> list[Part]:
        """Hand over an event and return what came of the answer."""
        for command in self.upstream.stack.handle_event(event):
            assert command.connection is self.upstream.server  # type: ignore[attr-defined]
            self.closed = self.closed or isinstance(command, commands.CloseConnection)
            if isinstance(command, commands.SendData):
                self.sent += command.data
                self.longest = max(self.longest, len(command.data))
        return self.upstream.parts()

    def ask(self, message: Message = GET) -> list[Part]:
        """Send a request."""
        return self.do(Send(message))

    def hear(self, data: bytes) -> list[Part]:
        """Receive."""
        return self.do(events.DataReceived(self.upstream.server, data))

    def hang_up(self) -> list[Part]:
        """Let the upstream close."""
        return self.do(events.ConnectionClosed(self.upstream.server))


def test_secrets_go_out_in_place_of_what_was_judged() -> None:
    """Only values change, on the wire alone, and for this one request."""
    line = Line()
    fields = ((b"Host", b"api.pay.test"), (b"AUTHORIZATION", b"Bearer x"), (b"X-A", b"x"))
    message = replace(GET, fields=fields)
    line.do(Send(message, ((b"authorization", b"Bearer s3cret"), (b"x-nobody", b"s3cret"))))
    assert line.sent == (
        b"GET / HTTP/1.1\r\nHost: api.pay.test\r\nAUTHORIZATION: Bearer s3cret\r\nX-A: x\r\n\r\n"
    )
    assert message.fields == fields
    line.hear(OK)
    line.sent = b""
    line.ask(message)
    assert b"AUTHORIZATION: Bearer x\r\n" in line.sent


def test_an_answer_comes_in_parts() -> None:
    """Its head, what there is of its body, and its end; then the connection is free again."""
    line = Line()
    assert line.ask() == []
    assert line.sent == b"GET / HTTP/1.1\r\nHost: api.pay.test\r\n\r\n"
    [head, body] = line.hear(OK[:-1])
    assert isinstance(head, AnswerHead)
    assert (head.status, body) == (200, b"o")
    assert line.hear(b"k") == [b"k", Ended()]
    assert line.upstream.usable
    assert not line.closed


def test_a_large_request_leaves_in_pieces() -> None:
    """All of it, in order, and never so much at once that others would wait for its encryption."""
    body = bytes(range(256)) * 4000
    line = Line()
    line.ask(replace(GET, method=b"POST", body=body))
    head, _, sent = line.sent.partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert sent == body
    assert line.longest == 64 * 1024


def test_tls_is_verified_against_the_host() -> None:
    """The name is the host's though the address was resolved before, and only HTTP/1.1 is offered."""
    upstream = Line("https").upstream
    assert isinstance(upstream.stack, ServerTLSLayer)
    assert (upstream.server.address, upstream.server.sni) == (ADDRESS, "api.pay.test")
    assert list(upstream.server.alpn_offers) == [b"http/1.1"]


def test_a_connection_that_did_not_open_says_why() -> None:
    """For every request that is sent on it."""
    line = Line(error="no route")
    assert not line.upstream.usable
    assert line.ask() == [Failed("no route", sent=False)]
    assert line.sent == b""


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"x",
        OK.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["more than was asked for", "close", "old"],
)
def test_a_connection_that_is_used_up(answer: bytes) -> None:
    """The answer counts, and the connection is closed."""
    line = Line()
    line.ask()
    assert line.hear(answer)[-1] == Ended()
    assert line.closed
    assert not line.upstream.usable
    assert line.ask() == [Failed("the connection is used up", sent=False)]


@pytest.mark.parametrize("how", ["speaks", "closes"])
def test_an_idle_connection_ends_when_something_happens(how: str) -> None:
    """Nobody waits for anything, so nobody is told."""
    line = Line()
    assert (line.hear(OK) if how == "speaks" else line.hang_up()) == []
    assert line.closed
    assert not line.upstream.usable


def test_an_answer_until_close_is_whole_at_the_close() -> None:
    """Then, and only then."""
    line = Line()
    line.ask()
    assert line.hear(b"HTTP/1.1 200 OK\r\n\r\nhello")[1:] == [b"hello"]
    assert line.hang_up() == [Ended()]
    assert not line.upstream.usable


@pytest.mark.parametrize(
    "heard", [b"", OK[:10], OK[:-1]], ids=["nothing", "part of a head", "part of a body"]
)
def test_an_answer_that_breaks_off_has_failed(heard: bytes) -> None:
    """With one end, and only one."""
    line = Line()
    line.ask()
    parts = line.hear(heard) if heard else []
    assert [*parts, *line.hang_up()][-1] == Failed("it closed the connection", sent=True)
    assert line.hang_up() == []
