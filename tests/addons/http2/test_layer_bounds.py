"""What HTTP/2 requests may take of memory and time, with real sockets."""

import asyncio
import json
import threading
from contextlib import suppress

import pytest

from addons.exchange import Passage, Request
from addons.http2.layer import BoundedHttp2
from addons.traffic import MAX_KEPT_BYTES, SMALL_BYTES
from rules.request.body import MAX_BODY_BYTES
from tests.acceptance.upstream import Upstream
from tests.addons.conftest import StartPlane
from tests.addons.http2.conftest import Dial
from tests.addons.plane import (
    Script,
    eventually,
    read_all,
    to,
)


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "unannounced"])
def test_a_body_over_the_limit_is_refused(dial: Dial, upstream: Upstream, announced: bool) -> None:
    """413 as a problem, and the other streams go on."""
    client, plane = dial(Script(verdict=to(upstream.port)), upstream.port)
    fields = [("content-length", str(MAX_BODY_BYTES + 1))] if announced else []
    stream = client.send("POST", "/x", fields=fields, end=False)
    if not announced:
        client.send_body(stream, b"x" * (MAX_BODY_BYTES + 1), end=False)
    answered = client.answer(stream)
    assert (answered.status, json.loads(answered.body)["reason_id"]) == (413, "body_too_large")
    assert plane.gate.tally.reasons == ["body_too_large"]
    assert client.ask("GET", "/bytes/10").status == 200
    assert not plane.busy
    assert not upstream.select("POST")


def test_a_body_of_just_the_limit_passes(dial: Dial, upstream: Upstream) -> None:
    """The limit itself is allowed."""
    client, _ = dial(Script(verdict=to(upstream.port)), upstream.port)
    assert client.ask("POST", "/x", body=b"x" * MAX_BODY_BYTES).status == 201


def test_large_bodies_share_what_may_be_kept(dial: Dial, upstream: Upstream) -> None:
    """What others keep counts for every stream; a small request passes, and an end gives room back."""
    client, plane = dial(Script(verdict=to(upstream.port)), upstream.port)
    traffic = plane.data_plane.traffic
    assert traffic.keep("another", 1, MAX_KEPT_BYTES - MAX_BODY_BYTES)
    first = client.send("POST", "/x", body=b"x" * (MAX_BODY_BYTES - SMALL_BYTES), end=False)
    eventually(lambda: traffic.kept > MAX_KEPT_BYTES - 2 * SMALL_BYTES)
    second = client.send("POST", "/x", body=b"x" * (2 * SMALL_BYTES), end=False)
    answered = client.answer(second)
    assert (answered.status, json.loads(answered.body)["reason_id"]) == (503, "overloaded")
    assert plane.gate.tally.reasons == ["overloaded"]
    client.send_body(first, b"x")
    assert client.answer(first).status == 201
    assert client.ask("POST", "/x", body=b"x" * (MAX_BODY_BYTES // 2)).status == 201


@pytest.mark.parametrize("ending", ["reset", "close"])
def test_room_comes_back_with_a_request_that_is_given_up(dial: Dial, upstream: Upstream, ending: str) -> None:
    """Whether its stream or its connection ends."""
    client, plane = dial(Script(verdict=to(upstream.port)), upstream.port)
    traffic = plane.data_plane.traffic
    stream = client.send("POST", "/x", body=b"x" * (2 * SMALL_BYTES), end=False)
    eventually(lambda: traffic.kept > 2 * SMALL_BYTES)
    client.reset(stream) if ending == "reset" else client.close()
    eventually(lambda: not traffic.kept)


def test_what_waits_for_its_verdict_is_kept(dial: Dial, upstream: Upstream) -> None:
    """A body that has arrived is in memory until its answer."""
    over = threading.Event()

    async def verdict(_: Request) -> Passage:
        await asyncio.to_thread(over.wait, 10)
        return Passage(address=("127.0.0.1", upstream.port))

    client, plane = dial(Script(verdict=verdict), upstream.port)
    stream = client.send("POST", "/x", body=b"x" * (2 * SMALL_BYTES))
    eventually(lambda: len(plane.gate.asked) == 1)
    assert plane.data_plane.traffic.kept > 2 * SMALL_BYTES
    over.set()
    assert client.answer(stream).status == 201
    eventually(lambda: not plane.data_plane.traffic.kept)


def test_a_body_that_comes_too_slowly_is_refused(
    dial: Dial, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """408 when its time is over, with the room back; the connection and its other streams go on."""
    monkeypatch.setattr("addons.traffic.ARRIVAL_SECONDS", 0.0)
    client, plane = dial(Script(verdict=to(upstream.port)), upstream.port)
    slow = client.send("POST", "/x", body=b"x" * (SMALL_BYTES + 1), end=False)
    answered = client.answer(slow)
    assert (answered.status, json.loads(answered.body)["reason_id"]) == (408, "too_slow")
    assert plane.gate.tally.reasons == ["too_slow"]
    assert not plane.data_plane.traffic.kept
    assert client.ask("POST", "/x", body=b"x").status == 201
    assert len(plane.gate.asked) == 1


LENGTH_OF_A_FRAME = (1 << 24) - 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")


def frame(kind: int, payload: bytes, *, length: int | None = None, flags: int = 0) -> bytes:
    """A frame of stream 1 that says it has `length` bytes."""
    size = len(payload) if length is None else length
    return size.to_bytes(3) + bytes([kind, flags]) + (1).to_bytes(4) + payload


ENDLESS = {
    "a frame over the limit": frame(0, b"x" * 200_000, length=LENGTH_OF_A_FRAME),
    "a head in parts": frame(1, b"x" * 16_384) + frame(9, b"x" * 16_384) * 6,
}


@pytest.mark.parametrize("case", ENDLESS)
def test_what_never_becomes_a_request_is_bounded(
    start_plane: StartPlane, upstream: Upstream, case: str
) -> None:
    """A frame is refused by what has arrived of it, and not once all of it is in memory."""
    plane = start_plane(Script(verdict=to(upstream.port)))
    with plane.dial_tls(upstream.port, alpn=("h2",)) as connection:
        with suppress(OSError):
            connection.sendall(PREFACE + ENDLESS[case])
        read_all(connection)
    assert plane.gate.tally.reasons == ["headers_too_large"]
    assert not plane.data_plane.traffic.kept


@pytest.mark.parametrize("part", [frame(1, b"x"), frame(0, b"x", length=2)], ids=["a head", "a frame"])
def test_what_never_becomes_whole_has_its_time(
    start_plane: StartPlane, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, part: bytes
) -> None:
    """The connection ends, because there is no stream to answer on."""
    monkeypatch.setattr("addons.traffic.ARRIVAL_SECONDS", 0.0)
    plane = start_plane(Script(verdict=to(upstream.port)))
    with plane.dial_tls(upstream.port, alpn=("h2",)) as connection:
        connection.sendall(PREFACE + part)
        read_all(connection)
    assert plane.gate.tally.reasons == ["too_slow"]
    assert not plane.data_plane.traffic.kept


def test_refused_streams_are_forgotten(dial: Dial, upstream: Upstream, layers: list[BoundedHttp2]) -> None:
    """Their heads would fill the memory of a connection that never ends."""
    client, _ = dial(Script(verdict=to(upstream.port)), upstream.port)
    connect = [(":method", "CONNECT"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")]
    http = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")]
    for pseudo in (connect, http):
        assert client.answer(client.send("", "", pseudo=pseudo)).status == 400
    eventually(lambda: not layers[0].streams)


def test_inside_tls_the_scheme_is_https(dial: Dial, upstream: Upstream) -> None:
    """Another one is refused, because upstreams may go by it and the verdict does not."""
    client, plane = dial(Script(verdict=to(upstream.port)), upstream.port)
    pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")]
    answered = client.answer(client.send("", "", pseudo=pseudo))
    assert (answered.status, json.loads(answered.body)["reason_id"]) == (400, "protocol_refused")
    assert not plane.gate.asked
