"""A short flood; `make cardinality` has the long one."""

from dataclasses import replace

import pytest

from proxy.metrics import Metrics
from tests.cardinality import flood as module
from tests.cardinality.flood import MOST_GROWTH, flood, series


@pytest.mark.observe
def test_distinct_hosts_tools_and_sessions_make_no_series() -> None:
    """Not one more than there are without any call but for those of counted reasons."""
    figures = flood(10_000)
    assert figures.within, figures
    assert figures.series == figures.series_before


def test_what_is_unbounded_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label with an id in it, as somebody might add one."""
    metrics = Metrics()
    before = series(metrics)
    for number in range(3):
        metrics.refusals.labels(f"id-{number}")
    assert series(metrics) == before + 6
    monkeypatch.setattr(module, "MOST_SERIES", before)
    figures = flood(0)
    assert not replace(figures, series=before + 6).within
    assert not replace(figures, series=0, growth=MOST_GROWTH).within
    assert str(figures).startswith("0 calls")
