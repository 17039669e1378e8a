"""A short exercise; `make drills` has a long one."""

from collections.abc import Iterator
from math import log, sqrt
from pathlib import Path

import pytest

from proxy.console.quality.rates import rates
from rules.drill.drill import Answer, Kind
from rules.quality import Rate
from tests.acceptance.authority import Authority
from tests.drills.exercise import Exercise, exercise
from tests.proxy.redis_child import redis_server

pytestmark = [pytest.mark.observe, pytest.mark.acceptance]

COUNT = 60


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """Run a store."""
    with redis_server() as url:
        yield url


async def test_drills_never_run_and_count_nowhere_else(redis_url: str, tmp_path: Path) -> None:
    """Of so many, none reached the upstream or any other series; the rates are those of the script."""
    check(await exercise(redis_url, Authority.create(tmp_path), COUNT), COUNT)


def check(found: Exercise, count: int) -> None:
    """Everything that has to hold after an exercise of `count` drills."""
    assert sum(found.tally.answers.values()) == count
    assert len(found.upstream.executed) == found.tally.real
    assert found.tally.counted == set()
    assert (found.tally.disguises, found.tally.untold) == (0, 0)
    check_rates(found)


def check_rates(found: Exercise) -> None:
    """The exported series, and what is made of them, are what the script counted itself."""
    counts, told = found.tally.answers, rates(found.world.metrics)
    value = found.world.metrics.registry.get_sample_value
    for kind in Kind:
        injected = value("sidegate_drills_injected_total", {"kind": kind})
        assert injected == sum(counts[kind, answer] for answer in Answer)
        for answer in Answer:
            labels = {"kind": str(kind), "answer": str(answer)}
            assert value("sidegate_drill_answers_total", labels) == counts[kind, answer]
    caught, missed = counts[Kind.VIOLATION, Answer.REJECTED], counts[Kind.VIOLATION, Answer.APPROVED]
    alarms, right = counts[Kind.BENIGN, Answer.REJECTED], counts[Kind.BENIGN, Answer.APPROVED]
    for rate, hits, of in ((told.catch, caught, caught + missed), (told.false_alarm, alarms, alarms + right)):
        assert rate is not None
        assert (rate.hits, rate.of, rate.share) == (hits, of, hits / of)
        _is_bounded(rate)
    hit = (caught + 0.5) / (caught + missed + 1)
    alarm = (alarms + 0.5) / (alarms + right + 1)
    by_hand = 0.5513288954 * (log(hit / (1 - hit)) - log(alarm / (1 - alarm)))
    assert told.d_prime == pytest.approx(by_hand)


def _is_bounded(rate: Rate) -> None:
    """At either bound the score test is exactly at its limit, which is what Wilson's interval means."""
    for bound in (rate.low, rate.high):
        if 0 < bound < 1:
            score = abs(rate.share - bound) / sqrt(bound * (1 - bound) / rate.of)
            assert score == pytest.approx(1.959964, abs=1e-5)
