"""The idle scenario: a missed goal shows, and what others take of a core does not count."""

import pytest

from tests.bench.idle import Start, section


@pytest.mark.parametrize(
    ("seconds", "megabytes", "met"),
    [(1.5, 110, [True, True]), (2.5, 110, [False, True]), (1.5, 121, [True, False])],
)
def test_goals(seconds: float, megabytes: float, met: list[bool]) -> None:
    """Each is about its own figure."""
    starts = [
        Start(seconds=seconds + n, waiting=float(n), cpu_seconds=1.0, megabytes=megabytes) for n in range(3)
    ]
    found = section(starts)
    assert [goal.met for goal in found.goals] == met
    assert len(found.rows) == 3
