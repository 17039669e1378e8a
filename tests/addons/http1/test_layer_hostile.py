"""Requests without a single reading, and places where a proxy does not go: refused, and never sent on."""

import json

import pytest

from addons.exchange import Passage, Tunnel
from addons.http1.layer import StrictHttp1
from addons.traffic import MAX_KEPT_BYTES, SMALL_BYTES
from rules.normalize import MAX_HEAD_BYTES
from rules.request.body import MAX_BODY_BYTES
from tests.addons.driver import ADDRESS, PASSAGE, Driver
from tests.addons.http1.test_layer import GET, OK, post

HOST = b"Host: api.pay.test\r\n"
LINE = b"GET http://api.pay.test/ HTTP/1.1\r\n"
CONNECT = b"CONNECT api.pay.test:443 HTTP/1.1\r\nHost: api.pay.test:443\r\n\r\n"

UNREADABLE: dict[str, tuple[bytes, int, str]] = {
    "both framings": (
        post(b"0\r\n\r\n", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        400,
        "framing_ambiguous",
    ),
    "chunks in HTTP/1.0": (
        post(b"0\r\n\r\n", b"Transfer-Encoding: chunked", version=b"1.0"),
        400,
        "framing_ambiguous",
    ),
    "two codings": (post(b"", b"Transfer-Encoding: chunked, chunked"), 501, "framing_ambiguous"),
    "unknown coding": (post(b"", b"Transfer-Encoding: xchunked"), 501, "framing_ambiguous"),
    "coding twice": (
        post(b"", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        400,
        "framing_ambiguous",
    ),
    "length twice": (post(b"", b"Content-Length: 0", b"Content-Length: 0"), 400, "framing_ambiguous"),
    "list of lengths": (post(b"hello", b"Content-Length: 5, 5"), 400, "framing_ambiguous"),
    "negative length": (post(b"", b"Content-Length: -1"), 400, "framing_ambiguous"),
    "signed length": (post(b"hello", b"Content-Length: +5"), 400, "framing_ambiguous"),
    "hexadecimal length": (post(b"hello", b"Content-Length: 0x5"), 400, "framing_ambiguous"),
    "endless length": (post(b"", b"Content-Length: " + b"9" * 40), 400, "framing_ambiguous"),
    "length in other digits": (post(b"", "Content-Length: \u0665".encode()), 400, "framing_ambiguous"),
    "empty length": (post(b"", b"Content-Length:"), 400, "framing_ambiguous"),
    "trailers": (
        post(b"1\r\nx\r\n0\r\nX-T: 1\r\n\r\n", b"Transfer-Encoding: chunked"),
        400,
        "framing_ambiguous",
    ),
    "chunk without size": (post(b"\r\nx\r\n", b"Transfer-Encoding: chunked"), 400, "framing_ambiguous"),
    "chunk with bare line feed": (
        post(b"1\nx\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
        400,
        "framing_ambiguous",
    ),
    "negative chunk": (post(b"-1\r\nx\r\n", b"Transfer-Encoding: chunked"), 400, "framing_ambiguous"),
    "prefixed chunk": (post(b"0x1\r\nx\r\n", b"Transfer-Encoding: chunked"), 400, "framing_ambiguous"),
    "long chunk": (post(b"1\r\nxy\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400, "framing_ambiguous"),
    "chunk with huge extension": (
        post(b"1;" + b"x" * 5000, b"Transfer-Encoding: chunked"),
        400,
        "framing_ambiguous",
    ),
    "folded line": (LINE + HOST + b"X-A: 1\r\n 2\r\n\r\n", 400, "header_malformed"),
    "fold at the start": (LINE + b" x: 1\r\n" + HOST + b"\r\n", 400, "header_malformed"),
    "bare line feed in a head": (LINE + HOST + b"X-A: 1\nX-B: 2\r\n\r\n", 400, "header_malformed"),
    "bare carriage return": (LINE + HOST + b"X-A: 1\rX-B: 2\r\n\r\n", 400, "header_malformed"),
    "null": (LINE + HOST + b"X-A: 1\0\r\n\r\n", 400, "header_malformed"),
    "control character": (LINE + HOST + b"X-A: \x01\r\n\r\n", 400, "header_malformed"),
    "space before the colon": (LINE + HOST + b"X-A : 1\r\n\r\n", 400, "header_malformed"),
    "no name": (LINE + HOST + b": 1\r\n\r\n", 400, "header_malformed"),
    "no colon": (LINE + HOST + b"X-A\r\n\r\n", 400, "header_malformed"),
    "bare line feeds only": (b"GET http://api.pay.test/ HTTP/1.1\nHost: x\n\n", 400, "protocol_refused"),
    "empty line first": (b"\r\n" + GET, 400, "protocol_refused"),
    "two spaces": (GET.replace(b"GET ", b"GET  "), 400, "protocol_refused"),
    "tab": (GET.replace(b"GET ", b"GET\t"), 400, "protocol_refused"),
    "no version": (b"GET http://api.pay.test/\r\n", 400, "protocol_refused"),
    "space in the target": (GET.replace(b"/v1/x", b"/v1 /x"), 400, "protocol_refused"),
    "byte beyond ASCII in the target": (GET.replace(b"/v1", b"/\xff"), 400, "protocol_refused"),
    "null in the target": (GET.replace(b"/v1", b"/\0"), 400, "protocol_refused"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "protocol_refused"),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", 400, "protocol_refused"),
    "SMTP": (b"EHLO client.test\r\n", 400, "protocol_refused"),
    "Redis": (b"*1\r\n$4\r\nPING\r\n", 400, "protocol_refused"),
    "HTTP/2 by prior knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_unsupported"),
    "version to come": (GET.replace(b"HTTP/1.1", b"HTTP/1.2"), 505, "version_unsupported"),
    "endless target": (b"GET http://api.pay.test/" + b"x" * MAX_HEAD_BYTES, 431, "headers_too_large"),
    "endless head": (LINE + b"X-A: 1\r\n" * (MAX_HEAD_BYTES // 8), 431, "headers_too_large"),
    "CONNECT with body": (
        CONNECT.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\nx"),
        400,
        "framing_ambiguous",
    ),
    "CONNECT with chunks": (
        CONNECT.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        400,
        "framing_ambiguous",
    ),
}

NOWHERE: dict[str, bytes] = {
    "absolute https": b"GET https://api.pay.test/ HTTP/1.1\r\n",
    "absolute ftp": b"GET ftp://api.pay.test/ HTTP/1.1\r\n",
    "origin-form": b"GET / HTTP/1.1\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n",
    "authority": b"GET api.pay.test:80 HTTP/1.1\r\n",
    "no host": b"GET http:///x HTTP/1.1\r\n",
    "user information": b"GET http://u:p@api.pay.test/ HTTP/1.1\r\n",
    "query without path": b"GET http://api.pay.test?x=1 HTTP/1.1\r\n",
    "backslash": b"GET http://api.pay.test\\@evil.test/ HTTP/1.1\r\n",
    "number for an address": b"GET http://2130706433/ HTTP/1.1\r\n",
    "port zero": b"GET http://api.pay.test:0/ HTTP/1.1\r\n",
    "port too high": b"GET http://api.pay.test:65536/ HTTP/1.1\r\n",
    "CONNECT without port": b"CONNECT api.pay.test HTTP/1.1\r\n",
    "CONNECT with user information": b"CONNECT u@api.pay.test:443 HTTP/1.1\r\n",
    "CONNECT with scheme": b"CONNECT https://api.pay.test:443 HTTP/1.1\r\n",
    "CONNECT with path": b"CONNECT api.pay.test:443/x HTTP/1.1\r\n",
    "CONNECT to port zero": b"CONNECT api.pay.test:0 HTTP/1.1\r\n",
}


@pytest.mark.parametrize(("sent", "status", "reason_id"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_in_one_way_is_refused(sent: bytes, status: int, reason_id: str) -> None:
    """A problem names the reason, the connection ends, nobody was asked and nothing was sent."""
    driver = Driver()
    driver.send(sent + GET)
    [(got, fields, body)] = driver.answers("POST")
    assert (got, json.loads(body)["reason_id"]) == (status, reason_id)
    assert driver.tally.reasons == [reason_id]
    assert fields["connection"] == "close"
    assert not driver.open
    assert not driver.asked
    assert not driver.lines


@pytest.mark.parametrize("line", NOWHERE.values(), ids=NOWHERE)
def test_a_target_that_names_no_place_is_refused(line: bytes) -> None:
    """A proxy is asked for an absolute http target or a tunnel to a host and port, nothing else."""
    driver = Driver()
    driver.send(line + HOST + b"\r\n")
    [(status, _, body)] = driver.answers()
    assert (status, json.loads(body)["reason_id"]) == (400, "target_malformed")
    assert "name this address as their proxy" in json.loads(body)["reason"]
    assert driver.tally.reasons == ["target_malformed"]
    assert not driver.asked
    assert driver.open


def test_inside_a_tunnel_there_is_no_tunnel() -> None:
    """A CONNECT where the destination is fixed is refused."""
    driver = Driver(explicit=False)
    driver.send(CONNECT)
    assert driver.answers("POST")[0][0] == 400
    assert not driver.asked


@pytest.mark.parametrize("target", [b"/v1/x", b"http://evil.test/v1/x", b"*"])
def test_inside_a_tunnel_the_target_moves_nothing(target: bytes) -> None:
    """The gate is told where the tunnel leads, and gets the target as it stands."""
    driver = Driver(explicit=False)
    driver.send(b"GET " + target + b" HTTP/1.1\r\nHost: evil.test\r\n\r\n")
    message = driver.asked[0].message
    assert (message.host, message.port, message.target) == ("api.pay.test", 80, target)


def test_other_lengths_of_targets() -> None:
    """An absolute target without a path asks for the root, one with a port for that port."""
    driver = Driver()
    driver.send(b"GET HTTP://API.pay.test:8080 HTTP/1.1\r\nHost: api.pay.test:8080\r\n\r\n")
    message = driver.asked[0].message
    assert (message.host, message.port, message.target) == ("api.pay.test", 8080, b"/")


@pytest.mark.parametrize(
    "sent",
    [
        post(b"", b"Content-Length: %d" % (MAX_BODY_BYTES + 1)),
        post(b"", b"Content-Length: %d" % (MAX_BODY_BYTES + 1), b"Expect: 100-continue"),
        post(b"x" * (MAX_BODY_BYTES + 1), b"Content-Length: 999999999"),
        post(b"%x\r\n%b\r\n1\r\nx" % (MAX_BODY_BYTES, b"x" * MAX_BODY_BYTES), b"Transfer-Encoding: chunked"),
    ],
    ids=["announced", "announced and waiting", "sent", "in chunks"],
)
def test_a_body_over_the_limit_is_refused(sent: bytes) -> None:
    """413 as soon as it is known, and what is still sent is thrown away."""
    driver = Driver()
    for start in range(0, len(sent), 1 << 20):
        driver.send(sent[start : start + (1 << 20)])
    [(status, _, body)] = driver.answers("POST")
    assert (status, json.loads(body)["reason_id"]) == (413, "body_too_large")
    assert driver.tally.reasons == ["body_too_large"]
    assert b"100 Continue" not in driver.answered
    assert not driver.open
    assert not driver.asked


def test_a_large_body_has_to_find_room() -> None:
    """503 while others keep all there is; a small body passes, and an answer gives the room back."""
    driver = Driver()
    driver.send(post(b"x" * MAX_BODY_BYTES, b"Content-Length: %d" % MAX_BODY_BYTES))
    assert not driver.traffic.keep("another", 1, MAX_KEPT_BYTES)
    driver.answer(OK)
    assert driver.traffic.keep("another", 1, MAX_KEPT_BYTES)
    driver.send(post(b"x" * 1000, b"Content-Length: 1000"))
    driver.answer(OK)
    driver.send(post(b"x" * SMALL_BYTES, b"Content-Length: %d" % SMALL_BYTES))
    assert len(driver.asked) == 2
    status, _, body = driver.answers("POST", "POST", "POST")[-1]
    assert (status, json.loads(body)["reason_id"]) == (503, "overloaded")
    assert driver.tally.reasons == ["overloaded"]
    assert not driver.open


def test_a_body_of_just_the_limit_passes() -> None:
    """The limit itself is allowed."""
    driver = Driver()
    driver.send(post(b"x" * MAX_BODY_BYTES, b"Content-Length: %d" % MAX_BODY_BYTES))
    driver.answer(OK)
    assert len(driver.asked[0].message.body) == MAX_BODY_BYTES
    assert driver.line.received.endswith(b"\r\n\r\n" + b"x" * MAX_BODY_BYTES)


def test_a_tunnel_begins_with_what_came_early() -> None:
    """Bytes right behind a CONNECT belong to the tunnel, whose end the next layer knows."""
    driver = Driver()
    driver.send(CONNECT + b"\x16\x03\x01early")
    assert bytes(driver.answered) == b"HTTP/1.1 200 Connected\r\n\r\n"
    assert driver.context.server.address == ("api.pay.test", 443)
    assert driver.next_layers[0].data_client() == b"\x16\x03\x01early"
    assert not driver.lines
    assert not driver.traffic.busy


def test_a_tunnel_may_follow_plain_requests() -> None:
    """The plain upstream connection is closed, and its end does not enter the tunnel."""
    driver = Driver()
    driver.send(GET)
    driver.answer(OK)
    driver.send(CONNECT)
    assert driver.lines[0].closed
    driver.send(b"early")
    assert driver.next_layers[0].data_client() == b"early"


def test_a_tunnel_is_not_what_a_get_gets() -> None:
    """An outcome that does not fit the request passes nothing."""
    driver = Driver(judge=lambda _: Tunnel())
    driver.send(GET)
    assert driver.answers()[0][0] == 503
    assert not driver.next_layers
    driver = Driver(judge=lambda _: PASSAGE)
    driver.send(CONNECT)
    assert driver.answers("POST")[0][0] == 503
    assert not driver.lines


def test_plain_http_in_a_tunnel_is_judged_for_where_the_tunnel_leads() -> None:
    """Each request in a tunnel is judged by itself; nothing opens before."""
    driver = Driver()
    driver.send(CONNECT)
    inner = Driver(explicit=False, judge=lambda _: Passage(address=ADDRESS))
    assert isinstance(inner.layer, StrictHttp1)
    inner.send(b"GET /x HTTP/1.1\r\nHost: api.pay.test\r\n\r\n")
    assert inner.asked[0].message.scheme == "http"
