"""Shares with their intervals, and how far apart two of them are."""

from math import log

import pytest

from rules.quality import d_prime, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_intervals(hits: int, of: int, low: float, high: float) -> None:
    """Wilson's interval, at figures that are published."""
    found = wilson(hits, of)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0005)


@pytest.mark.parametrize(
    ("hits", "of", "low"), [(19, 20, 0.76), (28, 30, 0.79), (57, 60, 0.86), (95, 100, 0.89), (59, 59, 0.94)]
)
def test_bounds_of_catch_rates(hits: int, of: int, low: float) -> None:
    """What a catch rate of so many drills is at least."""
    found = wilson(hits, of)
    assert found is not None
    assert round(found.low, 2) == low


def test_of_nothing() -> None:
    """What was not tried has no share, and nothing to keep apart."""
    assert wilson(0, 0) is None
    assert d_prime(0, 0, 1, 5) is None
    assert d_prime(3, 5, 0, 0) is None


def test_guessing_keeps_nothing_apart() -> None:
    """Whoever stops as many harmless calls as violations has a d' of 0, whatever the share."""
    assert d_prime(7, 20, 7, 20) == pytest.approx(0)
    worse = d_prime(2, 20, 18, 20)
    assert worse is not None
    assert worse < 0


def test_by_hand() -> None:
    """18 of 20 violations stopped, 3 of 25 harmless calls: (ln(18.5/2.5) - ln(3.5/22.5)) * 0.5513."""
    found = d_prime(18, 20, 3, 25)
    assert found == pytest.approx(0.5513288954 * (log(18.5 / 2.5) - log(3.5 / 22.5)))
    assert found == pytest.approx(2.1294, abs=0.0001)


def test_the_perfect_reviewer_has_a_finite_one() -> None:
    """The correction keeps it from infinity."""
    found = d_prime(50, 50, 0, 50)
    assert found == pytest.approx(2 * 0.5513288954 * log(50.5 / 0.5))
