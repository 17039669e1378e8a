"""Which requests count as under way."""

import pytest

from addons.traffic import ARRIVAL_SECONDS, BYTES_PER_SECOND, MAX_KEPT_BYTES, SMALL_BYTES, Traffic


def test_requests_count_from_beginning_to_end() -> None:
    """Each counts once, whoever its client is."""
    traffic = Traffic()
    traffic.begin("a", 1)
    traffic.begin("a", 1)
    traffic.begin("a", 2)
    traffic.begin("b", 1)
    assert traffic.busy == 3
    traffic.end("a", 1)
    traffic.end("a", 1)
    traffic.end("c", 1)
    assert traffic.busy == 2


def test_a_client_takes_its_requests_with_it() -> None:
    """An end that is told late changes nothing."""
    traffic = Traffic()
    traffic.begin("a", 1)
    traffic.begin("b", 1)
    traffic.forget("a")
    traffic.end("a", 1)
    traffic.forget("a")
    assert traffic.busy == 1


def test_large_requests_share_what_may_be_kept() -> None:
    """What one keeps, another cannot; small requests always have room."""
    traffic = Traffic()
    assert traffic.keep("a", 1, MAX_KEPT_BYTES // 2)
    assert traffic.keep("a", 1, MAX_KEPT_BYTES)
    assert not traffic.keep("a", 1, MAX_KEPT_BYTES + 1)
    assert traffic.keep("a", 1, MAX_KEPT_BYTES // 2)
    assert not traffic.keep("b", 1, SMALL_BYTES + 1)
    assert traffic.keep("b", 1, SMALL_BYTES)


def test_small_requests_of_one_client_are_large_together() -> None:
    """Many streams of one connection cannot keep what one of them could not."""
    traffic = Traffic()
    assert traffic.keep("a", 1, MAX_KEPT_BYTES - SMALL_BYTES)
    assert traffic.keep("b", 1, SMALL_BYTES)
    assert not traffic.keep("b", 2, 1)
    traffic.end("a", 1)
    assert traffic.keep("b", 2, 1)
    traffic.end("b", 1)
    assert traffic.keep("a", 1, MAX_KEPT_BYTES)


@pytest.mark.parametrize("gone", [False, True], ids=["its answer", "its client"])
def test_room_comes_back_at_the_end_of_a_request(gone: bool) -> None:
    """With its answer or with its client, whichever is told."""
    traffic = Traffic()
    assert traffic.keep("a", 1, MAX_KEPT_BYTES)
    assert not traffic.keep("b", 1, SMALL_BYTES + 1)
    if gone:
        traffic.forget("a")
    else:
        traffic.end("a", 1)
    assert traffic.keep("b", 1, MAX_KEPT_BYTES)


def test_time_runs_from_the_first_byte_and_every_byte_adds_to_it() -> None:
    """A request that brings its bytes fast enough is never late; its end forgets when it began."""
    now = 5.0
    traffic = Traffic(lambda: now)
    assert traffic.keep("a", 1, 10)
    now += ARRIVAL_SECONDS - 1
    assert traffic.seconds_left("a", 1) == pytest.approx(1, abs=0.01)
    assert traffic.keep("a", 1, 10 * BYTES_PER_SECOND)
    assert traffic.seconds_left("a", 1) == 11
    assert traffic.seconds_left("a", 2) == ARRIVAL_SECONDS
    traffic.end("a", 1)
    assert traffic.seconds_left("a", 1) == ARRIVAL_SECONDS
