"""The rates of drills, from the series of this process."""

import pytest

from proxy.console.quality.rates import of, rates
from proxy.metrics import Metrics
from rules.drill.drill import Answer, Kind

NONE = {(kind, answer): 0 for kind in Kind for answer in Answer}


def test_of_none() -> None:
    """There is no rate, and nothing to keep apart."""
    told = rates(Metrics())
    assert (told.catch, told.false_alarm, told.d_prime, told.expired) == (None, None, None, 0)


def test_by_hand() -> None:
    """19 of 20 violations were caught and 2 of 10 twins rejected; what expired is in neither."""
    metrics = Metrics()
    counts = {
        (Kind.VIOLATION, Answer.REJECTED): 19,
        (Kind.VIOLATION, Answer.APPROVED): 1,
        (Kind.VIOLATION, Answer.EXPIRED): 4,
        (Kind.BENIGN, Answer.REJECTED): 2,
        (Kind.BENIGN, Answer.APPROVED): 8,
        (Kind.BENIGN, Answer.EXPIRED): 1,
    }
    for labels, count in counts.items():
        metrics.drill_answers.labels(*labels).inc(count)
    told = rates(metrics)
    assert told == of(counts)
    assert told.catch is not None
    assert told.false_alarm is not None
    assert (told.catch.share, round(told.catch.low, 2), told.expired) == (0.95, 0.76, 5)
    assert (told.false_alarm.share, told.false_alarm.of) == (0.2, 10)
    # ln(19.5/1.5) = 2.5649, ln(2.5/8.5) = -1.2238
    assert told.d_prime == pytest.approx(0.5513289 * (2.564949 + 1.223775), abs=1e-5)


def test_one_kind_alone() -> None:
    """Its rate stands, and there is no d'."""
    told = of(NONE | {(Kind.VIOLATION, Answer.REJECTED): 3})
    assert told.catch is not None
    assert told.d_prime is None
