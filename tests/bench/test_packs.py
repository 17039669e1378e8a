"""The packs' scenario: what it measures is there, and a missed goal shows."""

import pytest

from tests.bench import packs
from tests.bench.packs import Load


def test_a_load_is_measured() -> None:
    """A fresh process reads real packs."""
    load = packs._load()
    assert load.rules > 100
    assert load.seconds > 0
    assert 1 < load.megabytes < 200


@pytest.mark.parametrize(
    ("seconds", "megabytes", "met"),
    [(0.5, 20, [True, True]), (1.5, 20, [False, True]), (0.5, 101, [True, False])],
)
def test_goals(seconds: float, megabytes: float, met: list[bool]) -> None:
    """Each is about its own figure."""
    loads = [Load(seconds=seconds, megabytes=megabytes, rules=7)] * 3
    section = packs.section(loads)
    assert [goal.met for goal in section.goals] == met
    assert len(section.rows) == 3
