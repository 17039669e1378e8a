"""The HTTP/1.1 layer: answers of upstreams and of the gate, on their way to the client."""

import pytest

from rules.reply import Reply
from tests.addons.driver import Driver
from tests.addons.http1.test_layer import GET, HELD, OK


def test_an_answer_may_be_cut_at_every_byte() -> None:
    """Where the upstream's segments end means nothing."""
    sent = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    for at in range(1, len(sent)):
        driver = Driver()
        driver.send(GET)
        driver.answer(sent[:at])
        driver.answer(sent[at:])
        assert driver.answers()[0][2] == b"hello", at


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("GET", b"200 OK\r\nContent-Length: 2\r\n\r\nok", (200, {"content-length": "2"}, b"ok")),
        (
            "GET",
            b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
            (200, {"transfer-encoding": "chunked"}, b"ok"),
        ),
        (
            "GET",
            b"200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            (200, {"transfer-encoding": "chunked"}, b"ok"),
        ),
        ("HEAD", b"200 OK\r\nContent-Length: 2\r\n\r\n", (200, {"content-length": "2"}, b"")),
        ("HEAD", b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", (200, {}, b"")),
        ("GET", b"204 No Content\r\n\r\n", (204, {}, b"")),
        ("DELETE", b"204 No Content\r\nContent-Length: 0\r\n\r\n", (204, {}, b"")),
        ("GET", b"304 Not Modified\r\nContent-Length: 99\r\n\r\n", (304, {"content-length": "99"}, b"")),
        ("GET", b"304 Not Modified\r\nETag: x\r\n\r\n", (304, {"etag": "x"}, b"")),
        ("GET", b"200\r\nContent-Length: 0\r\n\r\n", (200, {"content-length": "0"}, b"")),
        (
            "GET",
            b"200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
            (200, {"x-a": "1 2", "content-length": "0"}, b""),
        ),
        ("GET", b"200 OK\nX-A: 1\nContent-Length: 1\n\nx", (200, {"x-a": "1", "content-length": "1"}, b"x")),
    ],
    ids=[
        "sized",
        "chunked with extension and trailers",
        "chunked beside a length",
        "head",
        "head of a chunked answer",
        "204",
        "204 with length",
        "304 with length",
        "304",
        "no phrase",
        "folded line",
        "bare line feeds",
    ],
)
def test_answers_keep_their_meaning(
    method: str, answer: bytes, expected: tuple[int, dict[str, str], bytes]
) -> None:
    """Every framing of an answer arrives in ours, and the connection serves the next request."""
    driver = Driver()
    driver.send(GET.replace(b"GET", method.encode()))
    driver.answer(b"HTTP/1.1 " + answer)
    assert driver.answers(method) == [expected]
    driver.send(GET)
    driver.answer(OK)
    assert len(driver.lines) == 1


def test_an_answer_of_unknown_length_ends_with_its_connection() -> None:
    """HTTP/1.0 servers close: the client gets chunks, stays, and the next request reconnects."""
    driver = Driver()
    driver.send(GET)
    driver.answer(b"HTTP/1.0 200 OK\r\n\r\nhel")
    driver.answer(b"lo")
    driver.hang_up()
    assert driver.answers() == [(200, {"transfer-encoding": "chunked"}, b"hello")]
    driver.send(GET)
    driver.answer(OK)
    assert len(driver.lines) == 2
    assert len(driver.answers("GET", "GET")) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["chunked", "sized"],
)
def test_an_old_client_gets_no_chunks_and_a_close(answer: bytes) -> None:
    """HTTP/1.0 knows no chunks and no keep-alive."""
    driver = Driver()
    driver.send(b"GET http://api.pay.test/ HTTP/1.0\r\nHost: api.pay.test\r\nConnection: keep-alive\r\n\r\n")
    driver.answer(answer)
    [(status, fields, body)] = driver.answers()
    assert (status, body, fields["connection"]) == (200, b"hello", "close")
    assert "transfer-encoding" not in fields
    assert not driver.open
    assert driver.line.closed


def test_an_upstream_that_says_close_is_not_used_again() -> None:
    """Its close is its own affair: the client's connection stays."""
    driver = Driver()
    driver.send(GET)
    driver.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    assert driver.lines[0].closed
    driver.send(GET)
    driver.answer(OK)
    assert "connection" not in driver.answers("GET", "GET")[0][1]
    assert len(driver.lines) == 2


def test_interim_answers_are_skipped() -> None:
    """100 and 103 say nothing that a client behind a gate needs."""
    driver = Driver()
    driver.send(GET)
    driver.answer(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
    assert bytes(driver.answered) == OK


def test_one_write_carries_what_arrived_together() -> None:
    """A head and its body leave in one piece."""
    driver = Driver()
    driver.send(GET)
    driver.answer(OK)
    assert driver.writes == [OK]


@pytest.mark.parametrize(
    ("kind", "awaited"),
    [(b"application/x-ndjson", True), (b"text/event-stream", False)],
    ids=["an answer", "events without an end"],
)
def test_answers_stream(kind: bytes, awaited: bool) -> None:
    """Every piece goes on at once, nothing is kept; a shutdown waits for what has an end."""
    driver = Driver()
    driver.send(GET)
    driver.answer(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % kind)
    for _ in range(3):
        driver.answer(b"6\r\ndata:1\r\n")
        assert driver.writes[-1] == b"6\r\ndata:1\r\n"
    assert bool(driver.traffic.busy) is awaited
    driver.answer(b"0\r\n\r\n")
    assert not driver.traffic.busy


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_gates_own_answer(method: str) -> None:
    """Phrase, fields and body are the gate's; nothing goes upstream and the connection stays."""
    driver = Driver(judge=lambda _: HELD)
    for _ in range(2):
        driver.send(GET.replace(b"GET", method.encode()))
    body = b"" if method == "HEAD" else b"{}"
    fields = {"sidegate-hold": "01H", "content-length": "2"}
    assert driver.answers(method, method) == [(403, fields, body)] * 2
    assert driver.answered.startswith(b"HTTP/1.1 403 Held for approval 01H\r\n")
    assert not driver.lines


@pytest.mark.parametrize(
    ("reply", "fields", "body"),
    [
        (Reply(status=204, fields=((b"ETag", b"x"),)), {"etag": "x"}, b""),
        (
            Reply(
                status=200,
                fields=((b"Content-Length", b"99"), (b"Connection", b"x-hop"), (b"X-Hop", b"1")),
                body=b"ok",
            ),
            {"content-length": "2"},
            b"ok",
        ),
        (
            Reply(status=200, fields=((b"Transfer-Encoding", b"chunked"),), body=b"ok"),
            {"content-length": "2"},
            b"ok",
        ),
    ],
    ids=["no content", "another length", "chunks"],
)
def test_a_stored_answer_is_framed_anew(reply: Reply, fields: dict[str, str], body: bytes) -> None:
    """What an upstream once said about its own connection is not repeated."""
    driver = Driver(judge=lambda _: reply)
    driver.send(GET)
    assert driver.answers() == [(reply.status, fields, body)]
