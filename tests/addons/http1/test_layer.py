"""The HTTP/1.1 layer: what goes upstream, what comes back, and how requests follow each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.exchange import Outcome
from addons.http1.layer import MAX_AHEAD_BYTES
from rules.reply import Reply
from rules.verdict import ReasonId
from tests.addons.driver import ADDRESS, PASSAGE, Driver

GET = b"GET http://api.pay.test/v1/x?y=1 HTTP/1.1\r\nHost: api.pay.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HELD = Reply(status=403, fields=((b"Sidegate-Hold", b"01H"),), body=b"{}", phrase="Held for approval 01H")


def post(body: bytes, *lines: bytes, version: bytes = b"1.1") -> bytes:
    """A POST with further header lines."""
    head = [b"POST http://api.pay.test/v1/x HTTP/" + version, b"Host: api.pay.test", *lines]
    return b"\r\n".join([*head, b"", body])


def test_a_request_reaches_the_upstream_as_it_was_judged() -> None:
    """Method, origin-form target, header order and spelling stay; the address is the verdict's."""
    driver = Driver()
    driver.send(
        b"GET http://api.pay.test/v1/x?y=1 HTTP/1.1\r\n"
        b"aCCept:  */*\t\r\nHost: api.pay.test\r\nX-B: 2\r\nX-A: 1\r\n\r\n"
    )
    driver.answer(OK)
    assert bytes(driver.line.received) == (
        b"GET /v1/x?y=1 HTTP/1.1\r\naCCept: */*\r\nHost: api.pay.test\r\nX-B: 2\r\nX-A: 1\r\n\r\n"
    )
    assert driver.line.server.address == ADDRESS
    assert driver.answers() == [(200, {"content-length": "2"}, b"ok")]
    judged = driver.asked[0].message
    assert (judged.scheme, judged.host, judged.port, judged.sni) == ("http", "api.pay.test", 80, None)
    assert not driver.traffic.busy


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (post(b"hello", b"Content-Length: 5"), b"hello"),
        (post(b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", b"transfer-encoding: Chunked"), b"hello world"),
        (post(b"0\r\n\r\n", b"Transfer-Encoding: chunked"), b""),
        (post(b""), b""),
        (post(b"", b"Content-Length: 0"), b""),
    ],
    ids=["sized", "chunked", "empty chunked", "unannounced", "empty"],
)
def test_the_body_leaves_in_our_own_framing(sent: bytes, body: bytes) -> None:
    """Whatever the client's framing was, the upstream gets one Content-Length and the judged bytes."""
    driver = Driver()
    driver.send(sent)
    [(request, received)] = driver.line.requests
    names = [name for name, _ in request.headers]
    assert received == body == driver.asked[0].message.body
    assert names.count(b"content-length") == 1
    assert b"transfer-encoding" not in names


def test_headers_of_one_hop_stay_behind_on_both_sides() -> None:
    """Hop-by-hop headers, and those that Connection names, end here; so does Expect."""
    driver = Driver()
    driver.send(
        post(
            b"x",
            b"Content-Length: 1",
            b"Connection: keep-alive, X-Hop",
            b"X-Hop: 1",
            b"Keep-Alive: 5",
            b"Proxy-Authorization: Basic eA==",
            b"Proxy-Connection: keep-alive",
            b"TE: trailers",
            b"Expect: 100-continue",
            b"X-End: 1",
        )
    )
    [(request, _)] = driver.line.requests
    assert [name for name, _ in request.headers] == [b"host", b"content-length", b"x-end"]
    driver.answer(
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
        b"Proxy-Authenticate: Basic\r\nTrailer: x\r\nUpgrade: h2c\r\n"
        b'Alt-svc: h3=":443"\r\nX-End: 1\r\nContent-Length: 0\r\n\r\n'
    )
    assert driver.answers("POST") == [(200, {"x-end": "1", "content-length": "0"}, b"")]


def test_requests_of_one_connection_share_one_upstream_connection() -> None:
    """Keep-alive on both sides: many requests, one connection, each judged."""
    driver = Driver()
    for _ in range(50):
        driver.send(GET)
        driver.answer(OK)
    assert len(driver.lines) == 1
    assert len(driver.asked) == len(driver.line.requests) == 50
    assert len(driver.answers(*["GET"] * 50)) == 50


def test_another_place_gets_another_connection() -> None:
    """Requests to two hosts never share a connection, not even at one address."""
    driver = Driver()
    for host in (b"a.test", b"b.test"):
        driver.send(b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\n\r\n" % (host, host))
        driver.answer(OK)
    assert len(driver.lines) == 2
    assert driver.lines[0].closed


def test_two_requests_in_one_segment_are_answered_in_order() -> None:
    """The second is not even judged before the first has its answer."""
    driver = Driver()
    driver.send(GET.replace(b"y=1", b"n=1") + GET.replace(b"y=1", b"n=2"))
    assert len(driver.asked) == 1
    driver.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
    driver.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")
    assert [body for _, _, body in driver.answers("GET", "GET")] == [b"1", b"2"]
    assert [request.target for request, _ in driver.line.requests] == [b"/v1/x?n=1", b"/v1/x?n=2"]


def test_a_thousand_requests_in_one_segment() -> None:
    """Neither the gate's own answers nor the upstream's make the layer call itself."""
    turns = [b"http://api.pay.test/%d" % n for n in range(1000)]
    driver = Driver(judge=lambda message: PASSAGE if message.target.endswith(b"7") else HELD)
    driver.send(b"".join(b"GET %b HTTP/1.1\r\nHost: api.pay.test\r\n\r\n" % turn for turn in turns))
    for _ in range(100):
        driver.answer(OK)
    answers = driver.answers(*["GET"] * 1000)
    assert [status for status, _, _ in answers] == ([403] * 7 + [200] + [403] * 2) * 100


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_request_may_arrive_in_any_pieces(size: int) -> None:
    """Where segments end means nothing."""
    driver = Driver()
    sent = post(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"Transfer-Encoding: chunked") + post(
        b"xyz", b"Content-Length: 3"
    )
    for start in range(0, len(sent), size):
        driver.send(sent[start : start + size])
        if len(driver.asked) == 1 and not driver.answered:
            driver.answer(OK)
    assert [body for _, body in driver.line.requests] == [b"abcde", b"xyz"]


def test_a_request_may_be_cut_at_every_byte() -> None:
    """Two pieces, cut anywhere, are one request; nothing is judged before its last byte."""
    sent = post(b"5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: chunked")
    for at in range(1, len(sent)):
        driver = Driver()
        driver.send(sent[:at])
        assert not driver.asked
        driver.send(sent[at:])
        assert driver.asked[0].message.body == b"hello", at


def test_a_client_that_says_close_is_closed_after_its_answer() -> None:
    """What follows on the connection is not read."""
    driver = Driver()
    driver.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n") + GET)
    driver.answer(OK)
    assert driver.answers()[0][1]["connection"] == "close"
    assert not driver.open
    assert len(driver.asked) == 1


def test_a_client_that_waits_to_be_asked_is_asked() -> None:
    """Expect is ours to answer: once, and the upstream only ever sees the whole request."""
    driver = Driver()
    driver.send(post(b"", b"Content-Length: 5", b"Expect: 100-Continue"))
    assert bytes(driver.answered) == b"HTTP/1.1 100 Continue\r\n\r\n"
    driver.send(b"he")
    driver.send(b"llo")
    driver.answer(OK)
    assert driver.asked[0].message.body == b"hello"
    assert driver.answered.count(b"100 Continue") == 1
    assert driver.answers("POST") == [(200, {"content-length": "2"}, b"ok")]


@pytest.mark.parametrize(
    "sent",
    [
        post(b"hel", b"Content-Length: 5", b"Expect: 100-continue"),
        post(b"", b"Content-Length: 5", b"Expect: 100-continue", version=b"1.0"),
        post(b"", b"Content-Length: 5"),
    ],
    ids=["body has begun", "old client", "no expectation"],
)
def test_nobody_else_is_asked(sent: bytes) -> None:
    """A 100 goes only to clients that wait for it (RFC 9110 section 10.1.1)."""
    driver = Driver()
    driver.send(sent)
    assert not driver.answered


@pytest.mark.parametrize("outcome", [None, "yes", 1, object])
def test_without_a_real_outcome_nothing_passes(outcome: Outcome) -> None:
    """None and anything unknown are 503, and the upstream is not even opened."""
    driver = Driver(judge=lambda _: outcome)
    driver.send(GET)
    assert driver.answers()[0][0] == 503
    assert not driver.lines
    assert not driver.traffic.busy


def test_what_is_settled_at_once_needs_no_hook() -> None:
    """Passages and answers follow each other, in order and without a task for each."""
    driver = Driver(at_once=True, judge=lambda message: PASSAGE if message.method == b"GET" else HELD)
    driver.send((GET + post(b"x", b"Content-Length: 1")) * 500)
    for _ in range(500):
        driver.answer(OK)
    statuses = [status for status, _, _ in driver.answers(*["GET", "POST"] * 500)]
    assert statuses == [200, 403] * 500
    assert not driver.asked
    assert not driver.traffic.busy


def test_what_is_left_open_goes_to_the_hook() -> None:
    """Nothing passes before somebody has settled it."""
    driver = Driver(at_once=True, judge=lambda _: None)
    driver.send(GET)
    assert len(driver.asked) == 1
    assert driver.answers()[0][0] == 503
    assert not driver.lines


def test_requests_wait_while_one_is_judged() -> None:
    """Early ones are kept up to a bound and have their turn."""
    driver = Driver(judge=None)
    driver.send(GET)
    driver.send(GET)
    assert len(driver.asked) == 1
    assert driver.traffic.busy
    driver.decide(HELD)
    driver.decide(HELD)
    assert len(driver.answers("GET", "GET")) == 2


@pytest.mark.parametrize("answering", [False, True], ids=["while judged", "while answered"])
def test_a_flood_is_cut(answering: bool) -> None:
    """A client that sends on and on before its answer loses the connection, not the gate its memory."""
    driver = Driver(judge=None)
    driver.send(GET)
    if answering:
        driver.decide(PASSAGE)
    for _ in range(MAX_AHEAD_BYTES // 65_536 + 1):
        driver.send(b"x" * 65_536)
    assert not driver.open
    assert driver.tally.reasons == [ReasonId.OVERLOADED]
    assert not driver.traffic.busy
    assert all(line.closed for line in driver.lines)
    if not answering:
        driver.decide(PASSAGE)
    assert len(driver.lines) == answering


def test_pipelining_without_end_is_no_flood() -> None:
    """The bound is on what waits, not on what a connection ever carried."""
    driver = Driver(judge=None)
    request = post(b"x" * 50_000, b"Content-Length: 50000")
    driver.send(request)
    for _ in range(100):
        driver.send(request)
        driver.decide(HELD)
    assert driver.open


@given(st.lists(st.integers(1, 40), max_size=12))
def test_no_cut_changes_what_is_judged(cuts: list[int]) -> None:
    """Any segmentation of three requests gives the same three messages."""
    sent = GET + post(b"hello", b"Content-Length: 5") + GET
    driver = Driver(judge=lambda _: HELD)
    for size in cuts:
        driver.send(sent[:size])
        sent = sent[size:]
    driver.send(sent)
    assert [exchange.message.body for exchange in driver.asked] == [b"", b"hello", b""]
