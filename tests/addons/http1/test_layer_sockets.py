"""The HTTP/1.1 layer with real sockets, TLS on both sides and mitmproxy's own connection handling."""

import asyncio
import http.client
import json
import socket
import ssl
import threading
from pathlib import Path
from typing import cast

import pytest

from addons.default_deny import DefaultDeny
from addons.exchange import Passage, Request
from rules.reply import Reply
from rules.request.body import MAX_BODY_BYTES
from tests.acceptance.answers import deterministic_bytes
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.addons.conftest import StartPlane
from tests.addons.plane import (
    Plane,
    Script,
    eventually,
    read_all,
    read_until,
    resident_bytes,
    to,
    until_stable,
)

GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"

# Records of a handshake message that says it has 16 MB.
ENDLESS_HELLO = b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"x" * 16_380
ENDLESS_HELLO += (b"\x16\x03\x01\x40\x00" + b"x" * 16_384) * 8

NO_HTTP = {
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMTP": b"EHLO client.test\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "binary": bytes(range(128, 256)),
    "TLS without a hello": b"\x16\x03\x01\x00\x00" + b"x" * 50,
    "TLS with a broken hello": b"\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03" + b"x" * 50,
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "endless hello": ENDLESS_HELLO,
    "HTTP/2 without TLS": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


def ask(connection: socket.socket, request: bytes) -> http.client.HTTPResponse:
    """Send a request and return its answer, read to the end."""
    connection.sendall(request)
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


def test_requests_over_tls(plane: Plane, upstream: Upstream) -> None:
    """GET and POST pass byte for byte over one connection on either side."""
    with plane.dial_tls(upstream.port) as client:
        connection = http.client.HTTPSConnection("localhost", upstream.port)
        connection.sock = client
        for number in range(1, 6):
            connection.request("POST", f"/x?n={number}", body=b"b" * number)
            assert connection.getresponse().read()
        connection.request("GET", "/bytes/100000")
        assert connection.getresponse().read() == deterministic_bytes(100_000)
    assert [received.body for received in upstream.select("POST")] == [b"b" * n for n in range(1, 6)]
    assert upstream.connections == 1
    assert plane.gate.asked[0].sni == "localhost"
    eventually(lambda: plane.busy == 0)


def test_an_unadmitted_connection_is_not_opened(
    plane: Plane, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the door's leave, a passage is none."""
    monkeypatch.setattr(DefaultDeny, "admit", lambda *_: None)
    with plane.dial_tls(upstream.port) as client:
        assert ask(client, GET).status == 502
    assert upstream.connections == 0


@pytest.mark.parametrize("wrong", ["raises", "none", "cancelled"])
def test_a_gate_that_goes_wrong_is_503(start_plane: StartPlane, upstream: Upstream, wrong: str) -> None:
    """The client hears it, the connection goes on, and no upstream is opened."""

    async def verdict(_: Request) -> Reply:
        if wrong == "none":
            return cast(Reply, None)
        raise {"raises": ValueError(), "cancelled": asyncio.CancelledError()}[wrong]

    plane = start_plane(Script(verdict=verdict))
    with plane.dial_tls(upstream.port) as client:
        for _ in range(2):
            response = ask(client, GET)
            assert response.status == 503
            assert json.loads(response.read())["reason_id"] == "gate_failed"
    assert upstream.connections == 0
    assert len(plane.gate.failures) == 2
    eventually(lambda: plane.busy == 0)


def test_plain_http_inside_a_tunnel_is_judged(start_plane: StartPlane) -> None:
    """A tunnel without TLS is no way round: its requests are judged for where it leads."""

    async def verdict(_: Request) -> Reply:
        return Reply(status=403, body=b"no")

    plane = start_plane(Script(verdict=verdict))
    with plane.tunnel("api.pay.test", 80) as client:
        assert ask(client, GET).status == 403
    [message] = plane.gate.asked
    assert (message.scheme, message.host, message.port, message.sni) == ("http", "api.pay.test", 80, None)


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_neither_tls_nor_http_is_closed(plane: Plane, upstream: Upstream, sent: bytes) -> None:
    """Another protocol in a tunnel gets no upstream connection and no patience."""
    with plane.tunnel("localhost", upstream.port) as client:
        client.sendall(sent)
        read_all(client)
    assert upstream.connections == 0
    assert not plane.gate.asked


def test_tls_inside_tls_is_refused(plane: Plane, upstream: Upstream) -> None:
    """The second handshake is no HTTP request."""
    with plane.dial_tls(upstream.port) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500)
        assert read_all(client).startswith(b"HTTP/1.1 400 ")
    assert upstream.connections == 0


def test_an_upstream_that_nobody_trusts_is_502(tmp_path: Path, start_plane: StartPlane) -> None:
    """The certificate is verified against the host's name, and nothing is sent before."""
    stranger = Authority.create(tmp_path / "stranger")
    with Upstream(stranger.issue()) as upstream:
        plane = start_plane(Script(verdict=to(upstream.port)))
        with plane.dial_tls(upstream.port) as client:
            response = ask(client, GET)
            assert response.status == 502
            assert json.loads(response.read())["reason_id"] == "upstream_failed"
        assert not upstream.executed


def test_an_upstream_for_another_name_is_502(authority: Authority, start_plane: StartPlane) -> None:
    """A trusted certificate for another host is not that host's."""
    with Upstream(authority.issue("other.test")) as upstream:
        plane = start_plane(Script(verdict=to(upstream.port)))
        with plane.dial_tls(upstream.port) as client:
            assert ask(client, GET).status == 502
        assert not upstream.executed


@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])
def test_a_large_body_hears_413_though_it_is_sent_to_its_end(
    plane: Plane, upstream: Upstream, tls: bool
) -> None:
    """The refusal reaches clients that write everything before they read."""
    dial = plane.dial_tls if tls else lambda port: plane.tunnel("localhost", port)
    head = b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)
    with dial(upstream.port) as client:
        client.sendall(head)
        for _ in range(MAX_BODY_BYTES // 65_536):
            client.sendall(b"x" * 65_536)
        client.sendall(b"x")
        assert read_until(client, b"\r\n").startswith(b"HTTP/1.1 413 ")
    assert upstream.connections == 0


@pytest.mark.parametrize("path", ["/half", "/close"])
def test_an_answer_that_breaks_off(plane: Plane, upstream: Upstream, path: str) -> None:
    """Before the head it is 502; after it, the client sees that the answer is not whole."""
    with plane.dial_tls(upstream.port) as client:
        response = ask(client, GET.replace(b"/x", path.encode()))
        if path == "/close":
            assert response.status == 502
        else:
            with pytest.raises((http.client.IncompleteRead, ssl.SSLEOFError)):
                response.read()
    eventually(lambda: plane.busy == 0)


def test_events_arrive_as_they_are_sent(plane: Plane, upstream: Upstream) -> None:
    """The second event is not there when the first is."""
    with plane.dial_tls(upstream.port) as client:
        client.sendall(GET.replace(b"/x", b"/events?n=2&interval=1"))
        first = b""
        while b'"n": 0' not in first:
            first += client.recv(65_536)
        assert b'"n": 1' not in first
        assert b'"n": 1' in read_until(client, b"0\r\n\r\n")


def test_a_client_that_leaves_a_stream_ends_it(plane: Plane, upstream: Upstream) -> None:
    """The upstream's connection does not outlive the client, and nothing counts as under way."""
    with plane.dial_tls(upstream.port) as client:
        client.sendall(GET.replace(b"/x", b"/stream/1000000000"))
        assert client.recv(1000)
        assert plane.busy == 1
    eventually(lambda: plane.busy == 0)
    eventually(lambda: not plane.connections)


def test_a_client_that_leaves_while_judged_is_noticed(start_plane: StartPlane, upstream: Upstream) -> None:
    """The gate learns that nobody listens, and nothing is left behind."""
    asked = threading.Event()

    async def verdict(request: Request) -> Reply:
        asked.set()
        async with asyncio.timeout(10):
            while not request.gone():  # noqa: ASYNC110 (a client's end is no event)
                await asyncio.sleep(0.01)
        return Reply(status=403)

    plane = start_plane(Script(verdict=verdict))
    with plane.dial_tls(upstream.port) as client:
        client.sendall(GET)
        assert asked.wait(10)
    eventually(lambda: plane.busy == 0)
    eventually(lambda: not plane.connections)


def test_a_verdict_after_the_client_has_reset_leaves_nothing(
    start_plane: StartPlane, upstream: Upstream
) -> None:
    """A reset looks like half a close until something is written: then everything ends."""
    asked, left = threading.Event(), threading.Event()

    async def verdict(_: Request) -> Passage:
        asked.set()
        await asyncio.to_thread(left.wait, 10)
        return Passage(address=("127.0.0.1", upstream.port))

    plane = start_plane(Script(verdict=verdict))
    client = plane.dial_tls(upstream.port)
    client.sendall(GET.replace(b"/x", b"/stream/1000000000"))
    assert asked.wait(10)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    left.set()
    eventually(lambda: plane.busy == 0)
    eventually(lambda: not plane.connections)


def test_a_client_that_ends_its_side_gets_its_answer(plane: Plane, upstream: Upstream) -> None:
    """Half a close is no close."""
    with plane.tunnel("localhost", upstream.port) as plain:
        plane.gate.verdict = _held
        plain.sendall(GET + GET)
        plain.shutdown(socket.SHUT_WR)
        assert read_all(plain).count(b"HTTP/1.1 403 ") == 2


async def _held(_: Request) -> Reply:
    return Reply(status=403)


def test_a_slow_client_slows_the_upstream_down(plane: Plane, upstream: Upstream) -> None:
    """What the client does not take is not fetched: memory stays as it is."""
    size = 96 * 1024 * 1024
    with plane.dial_tls(upstream.port) as client:
        client.sendall(GET.replace(b"/x", b"/stream/%d" % size))
        head = read_until(client, b"\r\n\r\n")
        assert b"Content-Length: %d\r\n" % size in head
        before = resident_bytes()
        until_stable()
        assert resident_bytes() - before < 16 * 1024 * 1024
        taken = 0
        while taken < size:
            taken += len(client.recv(1 << 20))
    assert taken == size
