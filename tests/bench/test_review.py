"""The review scenario: a slow view or a list that falls behind shows as a missed goal."""

import pytest

from tests.bench.review import View, section


@pytest.mark.parametrize(
    ("slowest", "lag", "met"),
    [(0.2, 0.5, [True, True]), (0.4, 0.5, [False, True]), (0.2, 1.5, [True, False])],
)
def test_goals(slowest: float, lag: float, met: list[bool]) -> None:
    """Each is about its own figure; one slow view among fast ones misses it."""
    views = [
        View(name="quick", seconds=(0.01,) * 20, found=100),
        View(name="slow", seconds=(0.01,) * 10 + (slowest,) * 10, found=3),
    ]
    found = section(views, lag)
    assert [goal.met for goal in found.goals] == met
    assert len(found.rows) == 2
