"""Requests that arrive slowly: time runs from the first byte, and nobody keeps a share without end."""

import json

import pytest
from mitmproxy.proxy import commands, events

from addons.traffic import ARRIVAL_SECONDS, BYTES_PER_SECOND, MAX_KEPT_BYTES
from rules.verdict import ReasonId
from tests.addons.driver import Driver
from tests.addons.http1.test_layer import GET, OK, post

CONNECT = b"CONNECT api.pay.test:443 HTTP/1.1\r\nHost: api.pay.test:443\r\n\r\n"
LARGE = post(b"", b"Content-Length: 16000000")
PARTS = {
    "a letter": b"G",
    "part of a head": GET[:30],
    "a head": post(b"", b"Content-Length: 5"),
    "part of a body": post(b"hel", b"Content-Length: 5"),
    "part of a chunk": post(b"5\r\nhel", b"Transfer-Encoding: chunked"),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_request_that_stops_is_refused(part: bytes) -> None:
    """408 when its time is over, then the end; what it kept is free again."""
    driver = Driver()
    driver.send(part)
    driver.wake()
    assert driver.now == pytest.approx(ARRIVAL_SECONDS, abs=1)
    [(status, fields, body)] = driver.answers("POST")
    assert (status, json.loads(body)["reason_id"]) == (408, "too_slow")
    assert fields["connection"] == "close"
    assert driver.tally.reasons == [ReasonId.TOO_SLOW]
    assert not driver.open
    assert not driver.asked
    assert driver.traffic.keep("another", 1, MAX_KEPT_BYTES)


def test_a_trickle_does_not_help() -> None:
    """A byte a second buys no time worth the name."""
    driver = Driver()
    driver.send(LARGE)
    for _ in range(int(ARRIVAL_SECONDS)):
        driver.send(b"x")
    while driver.open:
        driver.wake()
        driver.send(b"x")
    assert driver.now < ARRIVAL_SECONDS + 3


def test_a_slow_line_that_goes_on_is_waited_for() -> None:
    """At the least rate, a body may take its time."""
    driver = Driver()
    driver.send(LARGE)
    left = 16_000_000
    while left:
        size = min(left, 30 * BYTES_PER_SECOND)
        driver.send(b"x" * size)
        driver.now += 30
        left -= size
        if driver.wakeups[0].delay <= driver.now and left:
            driver.now -= driver.wakeups[0].delay
            driver.wake()
    assert driver.open
    assert len(driver.asked) == 1


def test_the_next_request_has_its_own_time() -> None:
    """An alarm that rings for a request that is there already says nothing of the next one."""
    driver = Driver(judge=None)
    driver.send(GET[:5])
    driver.now += ARRIVAL_SECONDS - 1
    driver.send(GET[5:])
    driver.decide(None)
    driver.send(GET[:5])
    driver.now -= ARRIVAL_SECONDS - 1
    driver.wake()
    assert not driver.tally.reasons[1:]
    assert len(driver.wakeups) == 1
    driver.wake()
    assert driver.tally.reasons[1:] == [ReasonId.TOO_SLOW]
    assert driver.now == pytest.approx(2 * ARRIVAL_SECONDS - 1, abs=1)


def test_a_request_that_waits_behind_another_has_its_own_time() -> None:
    """What came early begins to count when its turn comes."""
    driver = Driver()
    driver.send(GET + GET[:5])
    assert not driver.wakeups
    driver.answer(OK)
    driver.wake()
    assert [status for status, _, _ in driver.answers("GET", "GET")] == [200, 408]


@pytest.mark.parametrize("waiting", ["for a first byte", "for a verdict", "for an answer", "idle"])
def test_only_what_arrives_has_a_deadline(waiting: str) -> None:
    """Nothing rings where the client owes nothing."""
    driver = Driver(judge=None)
    if waiting != "for a first byte":
        driver.send(GET)
    if waiting == "for an answer":
        driver.decide(None)
    if waiting == "idle":
        driver.decide(None)
        driver.answers()
    assert not driver.wakeups


@pytest.mark.parametrize("stage", ["judging", "after a refusal"])
def test_an_alarm_that_rings_late_means_nothing(stage: str) -> None:
    """A request that is there has no deadline; one that was refused keeps its own."""
    driver = Driver(judge=None)
    driver.send(GET[:5])
    driver.send(GET[5:] if stage == "judging" else b"\0")
    answered = bytes(driver.answered)
    driver.wake()
    assert bytes(driver.answered) == answered
    assert driver.client.state.value != 0


def test_an_alarm_is_not_for_the_tunnel() -> None:
    """It was set for the CONNECT; what the tunnel's own layers set reaches them."""
    driver = Driver()
    driver.send(CONNECT[:9])
    driver.send(CONNECT[9:] + b"early")
    driver.wakeups.append(theirs := commands.RequestWakeup(1))
    driver.wake()
    driver.wake()
    rung = [event for event in driver.next_layers[0].events if isinstance(event, events.Wakeup)]
    assert [event.command for event in rung] == [theirs]
