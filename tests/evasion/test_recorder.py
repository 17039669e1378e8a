"""The recording upstream: nothing that an upstream could have executed may escape its notice."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.evasion import wire2
from tests.evasion.places import Places
from tests.evasion.recorder import Record, Recorder
from tests.evasion.seen import Seen


def _low_ports_open() -> bool:
    try:
        socket.create_server((Places.of_this_run().http1, 80)).close()
    except OSError:
        return False
    return True


needs_low_ports = pytest.mark.skipif(not _low_ports_open(), reason="only root may listen on ports 80 and 443")
pytestmark = needs_low_ports

PLACES = Places.of_this_run()
FIELDS = b"Host: pay.test\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """A recorder on the usual ports and one more."""
    authority = Authority.create(tmp_path)
    with Recorder(PLACES, authority=authority, names=["pay.test", "h2.test"], ports=[25]) as recorder:
        yield recorder


def _say(data: bytes, *, port: int = 80, alpn: str = "", then: bytes = b"") -> bytes:
    """Send bytes, in TLS where `alpn` is given, hear the answer, and then perhaps send more."""
    address = PLACES.http2 if alpn == "h2" else PLACES.http1
    line = socket.create_connection((address, 443 if alpn else port), timeout=5)
    if alpn:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols([alpn])
        line = context.wrap_socket(line, server_hostname="pay.test")
    with line:
        line.sendall(data)
        line.settimeout(0.3)
        try:
            heard = line.recv(65_536)
        except TimeoutError:
            heard = b""
        line.sendall(then)
    return heard


def _taken(recorder: Recorder) -> Record:
    """What was recorded, once the line has been noticed at all."""
    until(lambda: recorder.noticed, deadline=5, what="a connection")
    return recorder.take()


CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = {
    "one": (b"POST /a HTTP/1.1\r\n" + FIELDS, 1),
    "two at once": (2 * (b"POST /a HTTP/1.1\r\n" + FIELDS), 2),
    "chunked": (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", 1),
}
DOUBTFUL = {
    "bare line feeds": b"POST /a HTTP/1.1\nHost: pay.test\nContent-Length: 2\n\n{}",
    "an empty line before": b"\r\nPOST /a HTTP/1.1\r\n" + FIELDS,
    "a carriage return in a value": b"POST /a HTTP/1.1\r\nX: y\rTransfer-Encoding: x\r\n" + FIELDS,
    "a folded line": b"POST /a HTTP/1.1\r\nX: y\r\n z\r\n" + FIELDS,
    "a blank before the colon": b"POST /a HTTP/1.1\r\nX : y\r\n" + FIELDS,
    "a nul in a value": b"POST /a HTTP/1.1\r\nX: y\0z\r\n" + FIELDS,
    "two lengths": b"POST /a HTTP/1.1\r\nContent-Length: 1\r\n" + FIELDS,
    "an odd length": b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n",
    "an odd coding": b"GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an odd chunk": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "no chunk at all": CHUNKED + b"zz\r\n",
    "a trailer": CHUNKED + b"0\r\nX: y\r\n\r\n",
    "no host": b"GET /a HTTP/1.1\r\nX: y\r\n\r\n",
    "two hosts": b"POST /a HTTP/1.1\r\nHost: b\r\n" + FIELDS,
    "no version": b"GET /a\r\n\r\n",
    "an old version": b"POST /a HTTP/1.0\r\n" + FIELDS,
    "tabs between the words": b"GET\x0b/a\x0bHTTP/1.1\r\nHost: a\r\n\r\n",
    "cut off in its body": b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{}",
}
ALPN = pytest.mark.parametrize("alpn", ["", "http/1.1"])


@ALPN
@pytest.mark.parametrize("case", PLAIN)
def test_plain_requests(case: str, alpn: str, recorder: Recorder) -> None:
    """What every server reads alike has no doubts, in clear and in TLS."""
    data, count = PLAIN[case]
    assert _say(data, alpn=alpn).startswith(b"HTTP/1.1 200 OK\r\n")
    record = _taken(recorder)
    assert [(seen.target, seen.body, seen.doubts) for seen in record.seen] == count * [(b"/a", b"{}", ())]
    assert [seen.clear for seen in record.seen] == count * [not alpn]
    assert record.stray == b""


@ALPN
@pytest.mark.parametrize("case", DOUBTFUL)
def test_doubtful_requests(case: str, alpn: str, recorder: Recorder) -> None:
    """What some server takes for a request is one, and why others do not is kept beside it."""
    _say(DOUBTFUL[case], alpn=alpn)
    record = _taken(recorder)
    assert [seen.target for seen in record.seen] == [b"/a"]
    assert record.seen[0].doubts
    assert record.stray == b""


STRAY = {
    "a greeting": b"SSH-2.0-tunnel\r\n",
    "a command": b"EHLO a\r\nMAIL FROM:<a@b>\r\n",
    "redis": b"*1\r\n$4\r\nPING\r\n",
    "binary": bytes(range(256)),
    "a method outside ascii": b"OPT\xc4\xb1ONS /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a head that is cut off": b"GET /a HTTP/1.1\r\nHost: a\r\n",
    "half a preface": wire2.PREFACE[:10],
}


@pytest.mark.parametrize("case", STRAY)
@pytest.mark.parametrize("port", [25, 443])
def test_bytes_that_are_no_request(case: str, port: int, recorder: Recorder) -> None:
    """They are kept too, on every port."""
    _say(STRAY[case], port=port)
    record = _taken(recorder)
    assert record.seen == []
    assert record.stray == STRAY[case]


def test_after_a_switch_of_protocols(recorder: Recorder) -> None:
    """An upgrade is granted, so that what follows is seen."""
    head = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert _say(head, then=b"\x81\x02hi").startswith(b"HTTP/1.1 101 ")
    record = _taken(recorder)
    assert len(record.seen) == 1
    assert record.switched == b"\x81\x02hi"


def test_http2(recorder: Recorder) -> None:
    """A request over HTTP/2 is read and answered; what is no frame is kept."""
    fields = b"\x83\x87\x44\x02/a\x41\x01b"
    head = len(fields).to_bytes(3, "big") + b"\x01\x04" + (1).to_bytes(4, "big") + fields
    body = (2).to_bytes(3, "big") + b"\x00\x01" + (1).to_bytes(4, "big") + b"{}"
    heard = _say(wire2.PREFACE + head + body + b"\x00", alpn="h2")
    assert heard
    record = _taken(recorder)
    assert [(seen.method, seen.target, seen.body) for seen in record.seen] == [(b"POST", b"/a", b"{}")]
    assert record.stray == b"\x00"


def test_each_take_is_for_one_case(recorder: Recorder) -> None:
    """What was taken once is not there again."""
    _say(b"POST /a HTTP/1.1\r\n" + FIELDS)
    assert len(_taken(recorder).seen) == 1
    assert recorder.take() == Record()


def test_own_reads_are_taken_out_once_each() -> None:
    """Only a plain GET of the very address, and as often as it was read: what is more than that counts."""
    read = Seen(method=b"GET", target=b"/a%20b?c=1")
    others = [replace(read, body=b"x"), replace(read, method=b"DELETE"), replace(read, target=b"/a%20b")]
    record = Record(seen=[read, read, *others])
    assert record.without(["https://pay.test:8443/a%20b?c=1"]).seen == [read, *others]
    assert record.without([]).seen == [read, read, *others]
