"""HTTP/2 towards the client, with real sockets: bounds, refusals, streams, upstreams of either version."""

import asyncio
import gzip
import json
import threading
from typing import cast

import pytest

from addons.default_deny import DefaultDeny
from addons.exchange import Passage, Request
from addons.http2.layer import BoundedHttp2
from rules.reply import Reply
from tests.acceptance.answers import deterministic_bytes
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.addons.client2 import Client2
from tests.addons.conftest import StartPlane
from tests.addons.http2.conftest import Dial
from tests.addons.plane import (
    Script,
    eventually,
    read_until,
    resident_bytes,
    to,
    until_stable,
)
from tests.addons.scripted import scripted
from tests.ports import free_port


def replies(reply: object) -> Script:
    """A gate that gives this outcome, whatever it is."""

    async def verdict(_: Request) -> Reply:
        return cast(Reply, reply)

    return Script(verdict=verdict)


def test_requests_pass(dial: Dial, either: Upstream) -> None:
    """Methods, targets, bodies and answers arrive whole, one upstream request per stream."""
    client, plane = dial(Script(verdict=to(either.port)), either.port)
    assert bytes(client.ask("GET", "/bytes/100000").body) == deterministic_bytes(100_000)
    assert client.ask("POST", "/x?y=1", body=b"hello").status == 201
    [post] = either.select("POST")
    assert (post.target, post.body, post.values("content-length")) == ("/x?y=1", b"hello", ["5"])
    message = plane.gate.asked[0]
    assert (message.scheme, message.host, message.port, message.sni) == (
        "https",
        "localhost",
        either.port,
        "localhost",
    )
    eventually(lambda: plane.busy == 0)


def test_what_was_judged_is_what_leaves(dial: Dial, either: Upstream) -> None:
    """Headers of one hop stay behind, cookies are one field, and the framing is the judged body's."""
    client, plane = dial(Script(verdict=to(either.port)), either.port)
    fields = [
        ("cookie", "a=1"),
        ("te", "trailers"),
        ("cookie", "b=2"),
        ("proxy-authorization", "x"),
        ("x-a", "1"),
    ]
    stream = client.send("POST", "/x", fields=fields, end=False)
    client.send_body(stream, b"hel", end=False)
    client.send_body(stream, b"lo")
    assert client.answer(stream).status == 201
    [post] = either.select("POST")
    names = [name.lower() for name, _ in post.headers if not name.startswith(":") and name.lower() != "host"]
    assert sorted(names) == ["content-length", "cookie", "x-a"]
    assert post.values("cookie") == ["a=1; b=2"]
    assert post.body == b"hello" == plane.gate.asked[0].body


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_gates_own_answer(dial: Dial, upstream: Upstream, method: str) -> None:
    """Fields and body are the gate's; a HEAD gets no body; nothing goes upstream."""
    reply = Reply(status=403, fields=((b"Sidegate-Hold", b"01H"), (b"Connection", b"x")), body=b"{}")
    client, plane = dial(replies(reply), upstream.port)
    answered = client.ask(method, "/x")
    assert (answered.status, answered.fields) == (403, [("sidegate-hold", "01H"), ("content-length", "2")])
    assert bytes(answered.body) == (b"" if method == "HEAD" else b"{}")
    assert upstream.connections == 0
    eventually(lambda: plane.busy == 0)


def test_a_compressed_answer_is_not_compressed_again(dial: Dial, upstream: Upstream) -> None:
    """A stored answer goes out with the bytes it came with."""
    body = gzip.compress(b"hello")
    client, _ = dial(
        replies(Reply(status=200, fields=((b"Content-Encoding", b"gzip"),), body=body)), upstream.port
    )
    assert bytes(client.ask("GET", "/x").body) == body


@pytest.mark.parametrize(
    "outcome", [None, "yes", object(), Reply(status=99)], ids=["none", "text", "object", "status"]
)
def test_without_a_real_outcome_nothing_passes(dial: Dial, upstream: Upstream, outcome: object) -> None:
    """Anything but an outcome is 503 as a problem, and the upstream is not even opened."""
    client, plane = dial(replies(outcome), upstream.port)
    answered = client.ask("GET", "/x")
    assert answered.status == 503
    assert json.loads(answered.body)["reason_id"] == "gate_failed"
    assert upstream.connections == 0
    eventually(lambda: plane.busy == 0)


def test_trailers_are_refused(dial: Dial, either: Upstream) -> None:
    """Fields after the body are no part of what was judged."""
    client, plane = dial(Script(verdict=to(either.port)), either.port)
    stream = client.send("POST", "/x", body=b"hello", end=False)
    client.send_trailers(stream, [("x-t", "1")])
    answered = client.answer(stream)
    assert plane.gate.tally.reasons == ["framing_ambiguous"]
    assert (answered.status, json.loads(answered.body)["reason_id"]) == (400, "framing_ambiguous")
    assert not either.executed


@pytest.mark.parametrize("path", ["/half", "/close"])
def test_an_answer_that_breaks_off(dial: Dial, either: Upstream, path: str) -> None:
    """Before the head it is 502; after it, the stream is reset and never ended."""
    client, plane = dial(Script(verdict=to(either.port)), either.port)
    answered = client.ask("GET", path)
    if path == "/close":
        told = json.loads(answered.body)
        assert (answered.status, told["reason_id"], told["executed"]) == (502, "upstream_failed", None)
    else:
        assert answered.reset
    assert not (answered.ended and answered.status < 500)
    assert client.ask("GET", "/bytes/10").status == 200
    eventually(lambda: plane.busy == 0)


def test_an_upstream_that_cannot_be_reached_is_502(dial: Dial) -> None:
    """The failure is a problem of ours, not a page of mitmproxy's."""
    client, plane = dial(Script(verdict=to(1)), 443)
    answered = client.ask("GET", "/x")
    assert plane.gate.tally.lines == [("request.refused", {"sent": False})]
    assert (answered.status, json.loads(answered.body)["executed"]) == (502, False)
    assert ("content-type", "application/problem+json") in answered.fields


def test_events_arrive_as_they_are_sent(dial: Dial, either: Upstream) -> None:
    """The second event is not there when the first is."""
    client, _ = dial(Script(verdict=to(either.port)), either.port)
    stream = client.send("GET", "/events?n=2&interval=1")
    client.wait(stream, lambda answered: b'"n": 0' in answered.body)
    assert b'"n": 1' not in client.streams[stream].body
    assert b'"n": 1' in client.answer(stream).body


def test_many_streams_run_at_once(dial: Dial, either: Upstream) -> None:
    """A dozen streams that all stay open do not wait for each other."""
    client, _ = dial(Script(verdict=to(either.port)), either.port)
    streams = [client.send("GET", "/events?n=2&interval=3") for _ in range(12)]
    for stream in streams:
        client.wait(stream, lambda answered: b'"n": 0' in answered.body, seconds=2.5)


def test_a_stream_given_up_while_judged_is_not_sent(dial: Dial, upstream: Upstream) -> None:
    """A reset stream has nobody to hear an answer, so the verdict opens nothing."""
    asked, over = threading.Event(), threading.Event()

    async def verdict(request: Request) -> Passage:
        if request.message.target == b"/given-up":
            asked.set()
            await asyncio.to_thread(over.wait, 10)
        return Passage(address=("127.0.0.1", upstream.port))

    client, plane = dial(Script(verdict=verdict), upstream.port)
    stream = client.send("POST", "/given-up", body=b"x")
    assert asked.wait(10)
    client.reset(stream)
    assert client.ask("GET", "/bytes/10").status == 200
    over.set()
    eventually(lambda: plane.busy == 0)
    assert not upstream.select("POST")


def test_a_client_that_leaves_ends_everything(dial: Dial, either: Upstream) -> None:
    """Streams that were under way count no more, and their upstream connections are closed."""
    client, plane = dial(Script(verdict=to(either.port)), either.port)
    streams = [client.send("GET", "/stream/1000000000") for _ in range(3)]
    client.wait(streams[0], lambda answered: len(answered.body) > 0)
    client.close()
    eventually(lambda: plane.busy == 0)
    eventually(lambda: not plane.connections)


BAD: dict[str, list[tuple[str, str]]] = {
    "connect": [(":method", "CONNECT"), (":authority", "localhost")],
    "connect with path": [
        (":method", "CONNECT"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/"),
    ],
    "no path": [(":method", "GET"), (":scheme", "https"), (":authority", "localhost")],
    "no method": [(":scheme", "https"), (":authority", "localhost"), (":path", "/")],
    "path twice": [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":path", "/b")],
    "unknown pseudo field": [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":x", "y")],
    "transfer-encoding": [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/"),
        ("transfer-encoding", "chunked"),
    ],
    "connection": [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("connection", "x-a")],
    "upper case": [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("X-A", "1")],
    "websocket": [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/"),
    ],
    "upgrade": [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("upgrade", "h2c")],
    "line feed": [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("x-a", "1\nx-b: 2")],
    "bad length": [(":method", "POST"), (":scheme", "https"), (":path", "/"), ("content-length", "+1")],
    "huge head": [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("x-a", "x" * 100_000)],
}


@pytest.mark.parametrize("pseudo", BAD.values(), ids=BAD)
def test_requests_outside_the_grammar_never_arrive(
    dial: Dial, upstream: Upstream, pseudo: list[tuple[str, str]]
) -> None:
    """They are refused or end the connection; nobody is asked and nothing is sent."""
    client, plane = dial(Script(verdict=to(upstream.port)), upstream.port)
    stream = client.send("", "", pseudo=pseudo)
    answered = client.answer(stream)
    assert client.closed or answered.reset or 400 <= answered.status < 500
    eventually(lambda: len(plane.gate.tally.reasons) == 1)
    assert not plane.gate.asked
    assert upstream.connections == 0


def test_a_slow_client_slows_the_upstream_down(dial: Dial, either: Upstream) -> None:
    """What the client's window does not let through is not fetched, and other streams go on."""
    size = 64 * 1024 * 1024
    client, _ = dial(Script(verdict=to(either.port)), either.port, take=False)
    stream = client.send("GET", f"/stream/{size}")
    client.wait(stream, lambda answered: len(answered.body) == 65_535)
    before = resident_bytes()
    until_stable()
    assert resident_bytes() - before < 16 * 1024 * 1024
    assert client.ask("GET", "/bytes/10").status == 200
    client.catch_up(stream)
    assert len(client.answer(stream).body) == size


LEADING_AWAY = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nALT-Svc: h3=":443"\r\nX-A: 1\r\nAlt-Svc: h2="x:1"\r\n\r\n'
)
TRAILING = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"


def test_trailers_of_an_answer_are_dropped(dial: Dial, authority: Authority) -> None:
    """The answer is whole without them."""
    with scripted(TRAILING, authority.issue()) as port:
        client, _ = dial(Script(verdict=to(port)), port)
        for _ in range(2):
            answered = client.ask("GET", "/x")
            assert (answered.status, bytes(answered.body), answered.ended) == (200, b"ok", True)


def test_no_answer_leads_past_the_gate(dial: Dial, authority: Authority) -> None:
    """A client that believed Alt-Svc would go on over QUIC, where nothing is judged."""
    with scripted(LEADING_AWAY, authority.issue()) as port:
        client, _ = dial(Script(verdict=to(port)), port)
        assert client.ask("GET", "/x").fields == [("content-length", "0"), ("x-a", "1")]


def test_an_endless_head_of_an_answer_is_502(dial: Dial, authority: Authority) -> None:
    """It is not kept until memory ends."""
    with scripted(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000, authority.issue()) as port:
        client, _ = dial(Script(verdict=to(port)), port)
        assert client.ask("GET", "/x").status == 502


def test_a_failure_is_not_remembered(dial: Dial, authority: Authority, layers: list[BoundedHttp2]) -> None:
    """An upstream that comes back is reached again, on the same client connection."""
    port = free_port()
    client, _ = dial(Script(verdict=to(port)), port)
    assert client.ask("GET", "/x").status == 502
    assert len(layers[0].connections) == 1
    with scripted(b"HTTP/1.1 204 No Content\r\n\r\n", authority.issue(), port=port):
        assert client.ask("GET", "/x").status == 204


def test_connections_are_forgotten_after_their_answer(
    dial: Dial, upstream: Upstream, layers: list[BoundedHttp2]
) -> None:
    """An HTTP/1.1 upstream is connected to once per stream, and nothing of it stays."""
    client, plane = dial(Script(verdict=to(upstream.port)), upstream.port)
    for _ in range(20):
        assert client.ask("GET", "/bytes/10").status == 200
    eventually(lambda: plane.transports == 1)
    eventually(lambda: len(layers[0].connections) == 1)
    assert not layers[0].streams


@pytest.mark.parametrize(("name", "status"), [("localhost", 200), ("127.0.0.1", 502)])
def test_the_upstream_is_verified_against_the_host(
    dial: Dial, authority: Authority, name: str, status: int
) -> None:
    """Not against the address to which the host was resolved."""
    with scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", authority.issue(name)) as port:
        client, _ = dial(Script(verdict=to(port)), port)
        assert client.ask("GET", "/x").status == status


@pytest.mark.parametrize("missing", ["leave", "address"])
def test_an_unadmitted_stream_opens_nothing(
    dial: Dial, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Without the door's leave a passage is none; without an address there is nothing to ask the door."""
    if missing == "leave":
        monkeypatch.setattr(DefaultDeny, "admit", lambda *_: None)
    else:
        monkeypatch.setattr("addons.enforce.ADMITTED", "something else")
    client, _ = dial(Script(verdict=to(upstream.port)), upstream.port)
    assert client.ask("GET", "/x").status == 502
    assert upstream.connections == 0


def test_a_tunnel_after_a_plain_request(start_plane: StartPlane, upstream_http2: Upstream) -> None:
    """The plain connection's end does not disturb the streams in the tunnel."""
    with scripted(b"HTTP/1.1 204 No Content\r\n\r\n") as plain_port:

        async def verdict(request: Request) -> Passage:
            plain = request.message.scheme == "http"
            return Passage(address=("127.0.0.1", plain_port if plain else upstream_http2.port))

        plane = start_plane(Script(verdict=verdict))
        with plane.dial() as plain:
            plain.sendall(b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert read_until(plain, b"\r\n\r\n").startswith(b"HTTP/1.1 204 ")
            with plane.dial_tls(upstream_http2.port, alpn=("h2",), through=plain) as connection:
                client = Client2(connection, authority=f"localhost:{upstream_http2.port}")
                assert client.ask("GET", "/bytes/10").status == 200
