"""Tests of large: how waits are counted, and what becomes of them."""

import time
from itertools import pairwise

import pytest

from tests.bench.large import Wait, paced, section


def test_a_wait_counts_for_all_that_were_due_in_it() -> None:
    """A first call of four gaps is five calls that waited, each a gap less than the one before."""
    pauses = iter([0.04])
    latencies = paced(lambda: _busy(next(pauses, 0.0)), gap=0.01, seconds=0.02)
    assert len(latencies) >= 5
    assert latencies[0] >= 0.04
    assert [later - earlier for earlier, later in pairwise(latencies[:5])] == (pytest.approx([-0.01] * 4))


def _busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def made_wait(name: str, *latencies_ms: float) -> Wait:
    """Return what was seen beside one load."""
    return Wait(
        name=name,
        sent_bytes=9,
        latencies=tuple(each / 1e3 for each in latencies_ms),
        large_seconds=(0.1,),
    )


@pytest.mark.parametrize(
    ("worst", "met"), [pytest.param(50.0, True, id="at the goal"), pytest.param(51.0, False, id="above")]
)
def test_the_worst_load_is_the_goal(worst: float, met: bool) -> None:
    """Neither what was measured without a load nor the direct way counts."""
    waits = [made_wait("nothing", 90.0), made_wait("records", 5.0), made_wait("depth", worst)]
    result = section(waits, made_wait("direct", 99.0))
    assert [goal.met for goal in result.goals] == [met]
    assert f"p99 {worst:.1f} ms of small calls beside depth" in result.goals[0].text
