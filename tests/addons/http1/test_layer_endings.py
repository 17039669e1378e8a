"""How connections end: either side leaves, early or late, and nothing is left behind or taken for whole."""

import json
from collections.abc import Callable
from dataclasses import replace

import h11
import pytest
from mitmproxy.connection import ConnectionState

from tests.addons.driver import PASSAGE, Driver
from tests.addons.http1.test_layer import GET, HELD, OK, post

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"


def assert_nothing_left(driver: Driver) -> None:
    """No upstream connection stays open and no request counts as under way."""
    assert all(line.closed for line in driver.lines)
    assert not driver.traffic.busy


def test_nothing_is_begun_when_the_plane_is_closed() -> None:
    """What was under way goes on; what an open connection asks afterwards is not judged, and it is closed."""
    driver = Driver()
    driver.send(GET)
    driver.traffic.closed = True
    driver.answer(OK)
    assert [status for status, _, _ in driver.answers("GET")] == [200]
    driver.send(GET)
    assert len(driver.asked) == 1
    assert not driver.open
    assert_nothing_left(driver)


@pytest.mark.parametrize("answer", [CHUNKED, SIZED], ids=["chunked", "sized"])
def test_an_answer_cut_by_the_upstream_is_cut_for_the_client(answer: bytes) -> None:
    """Half an answer is never made to look whole."""
    driver = Driver()
    driver.send(GET)
    driver.answer(answer)
    driver.hang_up()
    assert not driver.open
    with pytest.raises(h11.RemoteProtocolError):
        driver.answers()
    assert_nothing_left(driver)


@pytest.mark.parametrize(
    "more",
    [b"nonsense\r\n", b"5\r\nhelloX\r\n", b"-1\r\n", b"0x1\r\n", b"5" * 16 + b"\r\n"],
    ids=["no size", "too long", "negative", "prefixed", "huge"],
)
def test_an_answer_that_breaks_off_in_nonsense_is_cut(more: bytes) -> None:
    """Broken chunks end the client's connection, without a last chunk."""
    driver = Driver()
    driver.send(GET)
    driver.answer(CHUNKED + more)
    assert not driver.open
    assert not driver.answered.endswith(b"0\r\n\r\n")
    assert_nothing_left(driver)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000,
    ],
    ids=[
        "nothing",
        "part of a head",
        "another protocol",
        "two lengths",
        "signed length",
        "unknown coding",
        "no field",
        "switches protocols",
        "another version",
        "no status",
        "endless head",
    ],
)
def test_without_a_readable_answer_the_client_hears_502(answer: bytes) -> None:
    """Before the head of an answer, a failure can be said, as a problem; the connection goes on."""
    driver = Driver()
    driver.send(GET)
    if answer:
        driver.answer(answer)
    incomplete = b"\r\n\r\n" not in answer and len(answer) < 100_000
    assert bool(driver.answered) is not incomplete
    if incomplete:
        driver.hang_up()
    [(status, fields, body)] = driver.answers()
    assert (status, fields["content-type"]) == (502, "application/problem+json")
    told = json.loads(body)
    assert (told["reason_id"], told["executed"]) == ("upstream_failed", None)
    assert driver.tally.reasons == ["upstream_failed"]
    assert "may have been executed" in told["detail"]
    assert_nothing_left(driver)
    driver.send(GET)
    driver.answer(OK)
    assert driver.answers("GET", "GET")[1][0] == 200
    assert len(driver.lines) == 2


def test_an_upstream_that_cannot_be_reached_is_502() -> None:
    """The reason is passed on, and the next request tries again."""
    driver = Driver(refuse_connections="no route")
    driver.send(GET)
    [(status, _, body)] = driver.answers()
    told = json.loads(body)
    assert (status, told["executed"], told["reason"]) == (502, False, "no route")
    assert driver.tally.lines == [("request.refused", {"sent": False})]
    assert "nothing was sent" in told["detail"]
    driver.refuse_connections = None
    driver.send(GET)
    driver.answer(OK)
    assert driver.answers("GET", "GET")[1][0] == 200


def test_an_upstream_that_closes_while_idle_is_replaced() -> None:
    """A connection that is known to be dead is not written to."""
    driver = Driver()
    driver.send(GET)
    driver.answer(OK)
    driver.hang_up()
    assert driver.lines[0].closed
    driver.send(GET)
    driver.answer(OK)
    assert len(driver.lines) == 2
    assert [status for status, _, _ in driver.answers("GET", "GET")] == [200, 200]


@pytest.mark.parametrize("together", [True, False], ids=["with the answer", "after it"])
def test_what_an_upstream_says_unasked_answers_nothing(together: bool) -> None:
    """A second answer would be taken for that of the next request."""
    driver = Driver()
    driver.send(GET)
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    if together:
        driver.answer(OK + forged)
    else:
        driver.answer(OK)
        driver.answer(forged)
    assert driver.lines[0].closed
    driver.send(GET)
    driver.answer(OK)
    assert [body for _, _, body in driver.answers("GET", "GET")] == [b"ok", b"ok"]
    assert len(driver.lines) == 2


def test_an_upstream_that_answers_and_closes_at_once_is_not_used_for_the_next() -> None:
    """Even a request that waits already goes to a new connection."""
    driver = Driver()
    driver.send(GET + GET)
    driver.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    driver.answer(OK)
    assert len(driver.lines) == 2
    assert len(driver.answers("GET", "GET")) == 2


@pytest.mark.parametrize("when", ["before", "while judged", "while answered", "while streaming"])
def test_a_client_that_only_ends_its_own_side_gets_its_answer(when: str) -> None:
    """Half a close after a whole request is no reason to drop it."""
    driver = Driver(judge=None)
    steps: dict[str, Callable[[], None]] = {
        "before": lambda: driver.send(GET),
        "while judged": lambda: driver.decide(PASSAGE),
        "while answered": lambda: driver.answer(SIZED),
        "while streaming": lambda: driver.answer(b"more"),
    }
    for name, step in steps.items():
        step()
        if name == when:
            driver.half_close()
    if when == "while streaming":
        assert not driver.open
    assert driver.answers()[0][2] == b"hellomore"
    assert not driver.open
    assert_nothing_left(driver)


@pytest.mark.parametrize("request_", [GET, post(b"", b"Content-Length: 0")], ids=["get", "post"])
def test_a_client_that_waited_for_events_has_gone_when_it_ends_its_side(request_: bytes) -> None:
    """Its stream may never say another word, and no shutdown waits for one either."""
    driver = Driver(judge=lambda _: replace(PASSAGE, endless=request_ is not GET))
    driver.send(request_)
    driver.answer(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n")
    assert driver.traffic.busy == 0
    driver.half_close()
    assert not driver.open
    assert driver.line.closed
    assert_nothing_left(driver)


def test_a_client_that_ends_its_side_gets_all_its_answers() -> None:
    """Requests that arrived whole before the end are all answered, the last incomplete one is not."""
    driver = Driver(judge=lambda _: HELD)
    driver.judge = None
    driver.send(GET + GET + GET[:-2])
    driver.half_close()
    driver.decide(HELD)
    driver.decide(PASSAGE)
    driver.answer(OK)
    assert [status for status, _, _ in driver.answers("GET", "GET")] == [403, 200]
    assert not driver.open
    assert_nothing_left(driver)


@pytest.mark.parametrize("sent", [b"", b"GET", GET[:-1], post(b"hel", b"Content-Length: 5")])
def test_a_client_that_ends_in_the_middle_is_closed(sent: bytes) -> None:
    """Part of a request is no request."""
    driver = Driver()
    if sent:
        driver.send(sent)
    driver.half_close()
    assert not driver.open
    assert not driver.asked
    assert_nothing_left(driver)


@pytest.mark.parametrize("state", ["reading", "idle", "judged", "answered", "streaming"])
def test_a_client_that_vanishes_leaves_nothing_behind(state: str) -> None:
    """Whatever was under way ends, and a verdict that comes later opens nothing."""
    driver = Driver(judge=None)
    steps: dict[str, Callable[[], None]] = {
        "reading": lambda: driver.send(GET[:-2]),
        "idle": lambda: None,
        "judged": lambda: driver.send(GET[-2:] if driver.asked == [] else GET),
        "answered": lambda: driver.decide(PASSAGE),
        "streaming": lambda: driver.answer(CHUNKED),
    }
    for name, step in steps.items():
        step()
        if name == state:
            break
    driver.vanish()
    assert_nothing_left(driver)
    if state == "judged":
        driver.decide(PASSAGE)
        assert not driver.lines
    assert_nothing_left(driver)


def test_a_client_whose_end_nobody_told_gets_nothing_sent() -> None:
    """Its state is enough: a verdict that comes then opens nothing."""
    driver = Driver(judge=None)
    driver.send(GET)
    driver.client.state = ConnectionState.CLOSED
    driver.decide(PASSAGE)
    assert not driver.lines
    assert_nothing_left(driver)


def test_a_client_that_vanishes_while_its_upstream_opens_gets_nothing_sent() -> None:
    """A connection that opens after all carries no request."""
    driver = Driver(open_late=True)
    driver.send(GET)
    driver.vanish()
    driver.open_lines()
    assert driver.line.received == b""
    assert not driver.traffic.busy


def test_a_request_waits_for_its_upstream_to_open() -> None:
    """And so does the next one, which is not judged before."""
    driver = Driver(open_late=True)
    driver.send(GET + GET)
    assert len(driver.asked) == 1
    driver.open_lines()
    driver.answer(OK)
    driver.answer(OK)
    assert len(driver.answers("GET", "GET")) == 2


def test_an_idle_client_that_vanishes_closes_its_upstream() -> None:
    """A kept connection does not outlive the client that it was kept for."""
    driver = Driver()
    driver.send(GET)
    driver.answer(OK)
    driver.vanish()
    assert_nothing_left(driver)


def test_what_an_abandoned_upstream_says_is_nobodys_answer() -> None:
    """Only the current connection's answer counts."""
    driver = Driver()
    driver.send(GET)
    driver.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    driver.send(GET)
    driver.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", line=driver.lines[0])
    driver.hang_up(driver.lines[0])
    driver.answer(OK)
    assert [body for _, _, body in driver.answers("GET", "GET")] == [b"ok", b"ok"]


def test_a_refusal_is_heard_before_the_connection_ends() -> None:
    """Our side ends first; what the client still sends is thrown away until it has ended too."""
    driver = Driver()
    driver.send(b"POST http://api.pay.test/ HTTP/1.1\r\nHost: api.pay.test\r\nContent-Length: x\r\n\r\n")
    assert driver.answers("POST")[0][0] == 400
    assert not driver.open
    driver.send(b"x" * 100_000)
    driver.half_close()
    assert driver.client.state.value == 0


@pytest.mark.parametrize("by", ["time", "bytes"])
def test_a_client_that_does_not_end_is_closed(by: str) -> None:
    """After a refusal nobody is listened to for long."""
    driver = Driver()
    driver.send(b"nonsense\r\n\r\n")
    assert driver.client.state.value != 0
    if by == "time":
        driver.wake()
    else:
        for _ in range(65):
            driver.send(b"x" * 1_048_576)
    assert driver.client.state.value == 0
