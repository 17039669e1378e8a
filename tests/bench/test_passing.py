"""Tests of passing: the ratio of two series and what becomes of it."""

import pytest

from tests.bench.passing import Series, Slice, ratios_of, section


def made_series(name: str, *cpu_us: float, requests: int = 100, busy: float = 0.95) -> Series:
    """Return a series with one turn per given cost."""
    slices = tuple(
        Slice(
            cpu_seconds=each * requests / 1e6,
            store_cpu_seconds=0.0,
            wall_seconds=each * requests / 1e6 / busy,
            latencies=(0.002,) * requests,
        )
        for each in cpu_us
    )
    return Series(name=name, version="1.0", slices=slices, rss_bytes=80 * 1024**2)


def test_rounds_are_compared_one_by_one() -> None:
    """A machine that halves its speed between rounds leaves the ratios alone."""
    yardstick = made_series("mitmdump", 1000.0, 2000.0)
    subject = made_series("sidegate", 300.0, 600.0)
    assert ratios_of(yardstick, subject) == pytest.approx((0.3, 0.3))


def test_a_round_of_one_turn_is_refused() -> None:
    """A round in which only one proxy was measured is an error, not dropped."""
    with pytest.raises(ValueError, match="shorter"):
        ratios_of(made_series("mitmdump", 1000.0, 1000.0), made_series("sidegate", 300.0))


@pytest.mark.parametrize(
    ("cost", "met"),
    [
        pytest.param(250.0, [True, True], id="at the full goal"),
        pytest.param(251.0, [False, True], id="above it"),
        pytest.param(600.0, [False, True], id="at the first goal"),
        pytest.param(601.0, [False, False], id="above both"),
    ],
)
def test_goals(cost: float, met: list[bool]) -> None:
    """The median ratio may be at most each goal, and the last line is that of the first cut."""
    yardstick = made_series("mitmdump", 1000.0, 1000.0, 1000.0)
    subject = made_series("sidegate", cost, cost, 5000.0)
    result = section(yardstick, subject, goals=(0.25, 0.6))
    assert [goal.met for goal in result.goals] == met
    ratio = f"ratio {cost / 1000:.3f} of mitmdump's CPU per request"
    assert [goal.text for goal in result.goals] == [f"{ratio} (goal 0.25)", f"{ratio} (goal 0.60)"]


def test_an_idle_proxy_is_pointed_out() -> None:
    """Below 80 % busy the requests per second say nothing about the proxy."""
    result = section(made_series("mitmdump", 1000.0), made_series("sidegate", 100.0, busy=0.5), goals=(0.6,))
    idle = [note for note in result.notes if "busy" in note]
    assert idle == ["sidegate was busy for only 50%: its requests/s are not its limit"]
