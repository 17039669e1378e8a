"""Shares and their intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cli.labelled.rates import Rate, mean, rate


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_intervals(hits: int, of: int, low: float, high: float) -> None:
    """Wilson's interval, at figures that are published."""
    found = rate(hits, of)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0005)


def test_of_nothing() -> None:
    """No rows have no share."""
    assert rate(0, 0) is None
    assert mean([None, None]) is None


def test_a_mean_is_over_sources() -> None:
    """A small source counts as much as a large one; one without rows does not count."""
    found = mean([rate(1, 1), rate(0, 99), None])
    assert found is not None
    assert (found.share, found.hits, found.of) == (0.5, 1, 100)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1))
def test_a_share_lies_in_its_interval(counts: list[tuple[int, int]]) -> None:
    """For every count, and for every mean."""
    rates: list[Rate | None] = [rate(min(hits, of), of) for hits, of in counts]
    for found in (*rates, mean(rates)):
        assert found is not None
        assert 0 <= found.low <= found.share + 1e-9
        assert found.share - 1e-9 <= found.high <= 1
