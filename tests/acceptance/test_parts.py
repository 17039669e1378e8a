"""The recording upstream, checked without a sidecar."""

import asyncio
import hashlib
import json
import socket
import ssl
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.acceptance.answers import deterministic_bytes
from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.acceptance.received import Stage
from tests.acceptance.upstream import Upstream


@pytest.fixture(scope="module")
def witness() -> None:
    """There is none: these calls go to the upstream directly."""


def connect(upstream: Upstream, authority: Authority) -> ssl.SSLSocket:
    """A raw TLS connection."""
    plain = socket.create_connection(("127.0.0.1", upstream.port), timeout=10)
    return ssl.create_default_context(cafile=authority.ca).wrap_socket(plain, server_hostname="localhost")


def exchange(upstream: Upstream, authority: Authority, *pieces: bytes) -> bytes:
    """Send bytes as they are, with Connection: close among them, and read to the end."""
    with connect(upstream, authority) as line:
        for piece in pieces:
            line.sendall(piece)
        return read_all(line)


def stays_silent(line: ssl.SSLSocket) -> bool:
    """Tell whether nothing comes for a moment."""
    line.settimeout(0.2)
    try:
        line.recv(1)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        line.settimeout(10)


def http_client(authority: Authority, *, http2: bool = False) -> httpx2.Client:
    """A client that trusts the authority alone and offers HTTP/2 on demand."""
    trust = ssl.create_default_context(cafile=authority.ca)
    return httpx2.Client(verify=trust, http2=http2, trust_env=False)


def read_all(line: ssl.SSLSocket) -> bytes:
    """Everything that comes until the upstream closes."""
    return b"".join(iter(lambda: line.recv(65_536), b""))


CLOSE = b"Connection: close\r\n"
EXACT = {
    "length": (
        b"POST /pay?a=%2F&b=1 HTTP/1.1\r\nhOsT:  localhost \r\nX-Two: a\r\nx-two: b\r\n"
        b"Content-Length: 7\r\nConnection: close\r\n\r\n",
        b"\x00\xff{ }\r\n",
        b"\x00\xff{ }\r\n",
    ),
    "chunks": (
        b"PUT /a//b/../c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        b"3;ext=1\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n",
        b"abc0123456789",
    ),
    "nothing": (b"DELETE /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b"", b""),
    "expectation": (
        b"POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
        b"Connection: close\r\n\r\n",
        b"ok",
        b"ok",
    ),
    "old version": (b"POST /old HTTP/1.0\r\nContent-Length: 1\r\n\r\n", b"x", b"x"),
}


@pytest.mark.parametrize(("head", "raw_body", "body"), EXACT.values(), ids=EXACT.keys())
def test_exact_bytes_are_kept(
    upstream: Upstream, authority: Authority, head: bytes, raw_body: bytes, body: bytes
) -> None:
    """Head and body are recorded as they were sent, and the body once more without framing."""
    answer = exchange(upstream, authority, head, raw_body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 ") == (b"100-continue" in head)
    (received,) = upstream.executed
    assert (received.head, received.raw_body, received.body) == (head, raw_body, body)
    assert f"{received.method} {received.target} ".encode() == head[: head.index(b"HTTP/")]


def test_headers_keep_order_case_and_repetition(upstream: Upstream, authority: Authority) -> None:
    """The header list is what was sent, name by name."""
    exchange(upstream, authority, *EXACT["length"][:2])
    (received,) = upstream.executed
    names = [name for name, _ in received.headers]
    assert names == ["hOsT", "X-Two", "x-two", "Content-Length", "Connection"]
    assert received.values("X-TWO") == ["a", "b"]
    assert (received.path, received.query) == ("/pay", {"a": "/", "b": "1"})


REFUSED = {
    "cut head": (b"POST /pay HTTP/1.1\r\nHost: h\r\n", b""),
    "cut body": (b"POST /pay HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", b""),
    "cut chunk": (b"POST /pay HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", b""),
    "both framings": (
        b"POST /pay HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0\r\n\r\n",
    ),
    "two lengths": (
        b"POST /pay HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"x",
    ),
    "signed length": (b"POST /pay HTTP/1.1\r\nContent-Length: +1\r\n\r\n", b"x"),
    "signed chunk": (
        b"POST /pay HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n",
        b"x\r\n0\r\n\r\n",
    ),
    "long chunk": (
        b"POST /pay HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n",
        b"0\r\n\r\n",
    ),
    "folded header": (b"POST /pay HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", b""),
    "not HTTP": (b"\x16\x03\x01\r\n\r\n", b""),
    "unknown version": (b"POST /pay HTTP/3.0\r\n\r\n", b""),
}


@pytest.mark.parametrize(("kept", "unread"), REFUSED.values(), ids=REFUSED.keys())
def test_broken_requests_are_kept_but_not_executed(
    upstream: Upstream, authority: Authority, kept: bytes, unread: bytes
) -> None:
    """What is malformed or cut short counts as no request, and what was read of it can be seen."""
    with connect(upstream, authority) as line:
        line.sendall(kept + unread)
        line.shutdown(socket.SHUT_WR)
        read_all(line)
    assert until(lambda: upstream.fragments, deadline=5, what="the fragment") == [kept]
    assert upstream.count() == 0


def test_requests_on_one_connection_share_its_number(upstream: Upstream, authority: Authority) -> None:
    """Two pipelined requests and one of another connection are told apart."""
    one = b"POST /one HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    last = b"POST /two HTTP/1.1\r\nContent-Length: 0\r\n" + CLOSE + b"\r\n"
    exchange(upstream, authority, one + last)
    answers = exchange(upstream, authority, last)
    assert [(r.number, r.connection, r.path) for r in upstream.executed] == [
        (1, 1, "/one"),
        (2, 1, "/two"),
        (3, 2, "/two"),
    ]
    assert b"X-Upstream-Count: 3\r\n" in answers
    assert upstream.count("POST", "/two") == 2


def test_connection_without_tls_is_counted(upstream: Upstream) -> None:
    """An accepted connection shows even when no request could come of it."""
    with socket.create_connection(("127.0.0.1", upstream.port), timeout=10) as line:
        line.sendall(b"GET / HTTP/1.1\r\n\r\n")
        until(lambda: upstream.connections == 1, deadline=5, what="the connection")
    assert upstream.executed == []


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/close", b""),
        ("/half", b"HTTP/1.1 201 Created\r\n"),
        ("/status/204", b"HTTP/1.1 204 No Content\r\n"),
        ("/status/304", b"HTTP/1.1 304 Not Modified\r\n"),
        ("/status/503", b"HTTP/1.1 503 Service Unavailable\r\n"),
        ("/status/599", b"HTTP/1.1 599 Scripted\r\n"),
        ("/status/1", b"HTTP/1.1 400 Bad Request\r\n"),
        ("/anything", b"HTTP/1.1 201 Created\r\n"),
    ],
)
def test_scripted_endings(upstream: Upstream, authority: Authority, path: str, answer: bytes) -> None:
    """Each scripted path answers, or fails to, as its name says; all are executed."""
    request = b"POST %b HTTP/1.1\r\nContent-Length: 0\r\n" % path.encode() + CLOSE + b"\r\n"
    got = exchange(upstream, authority, request)
    head, _, body = got.partition(b"\r\n\r\n")
    assert (head + b"\r\n").startswith(answer) if answer else got == b""
    assert upstream.count("POST", path) == 1
    if path == "/half":
        assert len(body) == int(head.rpartition(b"Content-Length: ")[2]) // 2
    if path in ("/status/204", "/status/304"):
        assert body == b""


def test_hang_never_answers(upstream: Upstream, authority: Authority) -> None:
    """The request is executed and nothing comes back."""
    with connect(upstream, authority) as line:
        line.sendall(b"POST /hang HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        upstream.wait_for(1, method="POST", path="/hang")
        assert stays_silent(line)


def test_slow_answers_late(upstream: Upstream, authority: Authority) -> None:
    """The answer comes after the asked time and not before."""
    start = time.monotonic()
    with http_client(authority) as client:
        assert client.post(upstream.url("/slow?seconds=0.3")).status_code == 201
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("offer", ["http/1.1", "h2"])
def test_large_answers_are_streamed(upstream_http2: Upstream, authority: Authority, offer: str) -> None:
    """20 MB arrive whole over either wire, in pieces."""
    size = 20_000_000
    seen = hashlib.sha256()
    with (
        http_client(authority, http2=offer == "h2") as client,
        client.stream("GET", upstream_http2.url(f"/stream/{size}")) as response,
    ):
        for piece in response.iter_bytes():
            seen.update(piece)
    assert seen.digest() == hashlib.sha256(deterministic_bytes(size)).digest()


@pytest.mark.parametrize("offer", ["http/1.1", "h2"])
def test_events_arrive_one_by_one(upstream_http2: Upstream, authority: Authority, offer: str) -> None:
    """The first event is there while the rest is not yet sent."""
    url = upstream_http2.url("/events?n=3&interval=0.2")
    with (
        http_client(authority, http2=offer == "h2") as client,
        client.stream("GET", url) as response,
    ):
        came = [
            (time.time(), json.loads(line.removeprefix("data: ")))
            for line in response.iter_lines()
            if line.startswith("data: ")
        ]
    assert response.headers["content-type"] == "text/event-stream"
    assert [event["n"] for _, event in came] == [0, 1, 2]
    assert came[0][0] < came[2][1]["sent"]


def test_http2_requests_are_kept(upstream_http2: Upstream, authority: Authority) -> None:
    """Method, target, headers and body of both a read and a write are recorded."""
    with http_client(authority, http2=True) as client:
        read = client.get(upstream_http2.url("/bytes/100000"))
        write = client.post(
            upstream_http2.url("/pay?x=1"), content=b"\x00" * 200_000, headers={"X-Mark": "m"}
        )
    assert (read.http_version, read.content) == ("HTTP/2", deterministic_bytes(100_000))
    assert (write.status_code, write.headers["x-upstream-count"]) == (201, "2")
    (received,) = upstream_http2.select("POST", "/pay")
    assert (received.protocol, received.target) == ("h2", "/pay?x=1")
    assert (received.body, received.values("x-mark")) == (b"\x00" * 200_000, ["m"])
    assert received.connection == upstream_http2.executed[0].connection == 1


def test_http1_client_is_served_where_http2_is_offered(
    upstream_http2: Upstream, authority: Authority
) -> None:
    """A client that does not offer HTTP/2 gets HTTP/1.1 from the same port."""
    with http_client(authority) as client:
        answer = client.get(upstream_http2.url("/echo"), headers={"X-Mark": "m"})
    assert answer.http_version == "HTTP/1.1"
    assert ["X-Mark", "m"] in answer.json()["headers"]


@pytest.mark.parametrize("path", ["/half", "/close"])
@pytest.mark.parametrize("http2", [False, True], ids=["http/1.1", "h2"])
def test_broken_answers_fail_the_client(
    upstream_http2: Upstream, authority: Authority, path: str, http2: bool
) -> None:
    """A client sees an error, not a shorter answer, and the request counts as executed."""
    with http_client(authority, http2=http2) as client, pytest.raises(httpx2.TransportError):
        client.post(upstream_http2.url(path), content=b"{}")
    assert upstream_http2.count("POST", path) == 1


def test_http2_stream_that_is_given_up_executes_nothing(
    upstream_http2: Upstream, authority: Authority
) -> None:
    """A body that never ends before the client leaves is a fragment."""

    with upstream_http2.stop_at(Stage.HEAD, path="/pay") as stop:

        def endless() -> Iterator[bytes]:
            yield b"part"
            stop.wait()
            raise ZeroDivisionError

        with http_client(authority, http2=True) as client, pytest.raises(ZeroDivisionError):
            client.post(upstream_http2.url("/pay"), content=endless())
        (fragment,) = until(lambda: upstream_http2.fragments, deadline=5, what="the fragment")
    assert fragment.startswith(b"POST /pay\n")
    assert upstream_http2.count() == 0


async def test_http2_streams_are_held_one_by_one(upstream_http2: Upstream, authority: Authority) -> None:
    """A stop on one stream does not hold up another on the same connection."""
    trust = ssl.create_default_context(cafile=authority.ca)
    async with (
        httpx2.AsyncClient(verify=trust, http2=True, trust_env=False) as client,
        asyncio.TaskGroup() as tasks,
    ):
        with upstream_http2.stop_at(Stage.RECEIVED, path="/held") as stop:
            held = tasks.create_task(client.post(upstream_http2.url("/held")))
            await asyncio.to_thread(stop.wait)
            assert (await client.post(upstream_http2.url("/free"))).status_code == 201
            assert not held.done()
            stop.release()
            assert (await held).status_code == 201
    assert {received.connection for received in upstream_http2.executed} == {1}


def test_stop_when_received_holds_the_answer_back(upstream: Upstream, authority: Authority) -> None:
    """The request counts as executed, and no byte of the answer leaves before the release."""
    with (
        upstream.stop_at(Stage.RECEIVED, path="/pay") as stop,
        connect(upstream, authority) as line,
    ):
        line.sendall(b"POST /pay HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        assert stop.wait().body == b"{}"
        assert upstream.count("POST", "/pay") == 1
        assert stays_silent(line)
        stop.release()
        assert line.recv(12) == b"HTTP/1.1 201"


def test_stop_at_the_head_leaves_the_body_unread(upstream: Upstream, authority: Authority) -> None:
    """A sender that dies there has executed nothing."""
    with upstream.stop_at(Stage.HEAD, path="/pay") as stop:
        with connect(upstream, authority) as line:
            line.sendall(b"POST /pay HTTP/1.1\r\nContent-Length: 4\r\n\r\n{}")
            assert stop.wait().number == 0
            assert upstream.count() == 0
        stop.release()
        until(lambda: upstream.fragments, deadline=5, what="the fragment")
    assert upstream.count() == 0


def test_stop_after_the_answer_is_reached_without_a_reader(upstream: Upstream, authority: Authority) -> None:
    """The answer waits in the sender's socket although the sender has read nothing."""
    with (
        upstream.stop_at(Stage.ANSWERED, path="/pay") as stop,
        connect(upstream, authority) as line,
    ):
        line.sendall(b"POST /pay HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        assert stop.wait().number == 1
        assert line.recv(12) == b"HTTP/1.1 201"


def test_stop_that_nobody_reaches_says_so(upstream: Upstream) -> None:
    """Waiting in vain ends with what was waited for."""
    with (
        upstream.stop_at(Stage.RECEIVED, path="/pay") as stop,
        pytest.raises(TimeoutError, match="no POST /pay came to `received`"),
    ):
        stop.wait(deadline=0.05)


def test_upstream_ends_at_once_with_lines_open(authority: Authority) -> None:
    """Idle, hanging and stopped connections do not hold up its end."""
    with Upstream(authority.issue()) as upstream, connect(upstream, authority) as idle:
        with connect(upstream, authority) as hanging, connect(upstream, authority) as stopped:
            hanging.sendall(b"POST /hang HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            stopped.sendall(b"POST /slow?seconds=60 HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            upstream.wait_for(2)
            start = time.monotonic()
            upstream.close()
        assert time.monotonic() - start < 1
        idle.close()
