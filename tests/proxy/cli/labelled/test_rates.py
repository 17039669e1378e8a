"""The mean of several sources."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.cli.labelled.rates import mean
from rules.quality import Rate, wilson


def test_of_nothing() -> None:
    """No shares have no mean."""
    assert mean([None, None]) is None


def test_a_mean_is_over_sources() -> None:
    """A small source counts as much as a large one; one without rows does not count."""
    found = mean([wilson(1, 1), wilson(0, 99), None])
    assert found is not None
    assert (found.share, found.hits, found.of) == (0.5, 1, 100)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1))
def test_a_share_lies_in_its_interval(counts: list[tuple[int, int]]) -> None:
    """For every count, and for every mean."""
    rates: list[Rate | None] = [wilson(min(hits, of), of) for hits, of in counts]
    for found in (*rates, mean(rates)):
        assert found is not None
        assert 0 <= found.low <= found.share + 1e-9
        assert found.share - 1e-9 <= found.high <= 1
