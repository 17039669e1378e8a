"""Three-valued logic: the truth tables, and the laws that a doubt must keep."""

import itertools

import pytest

from rules.matching.truth import Truth, agreed, all_of, any_of, negate

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE
PAIRS = list(itertools.product(Truth, repeat=2))


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (F, F, F, F),
        (F, U, F, U),
        (F, T, F, T),
        (U, U, U, U),
        (U, T, U, T),
        (T, T, T, T),
    ],
)
def test_tables_of_and_and_or(one: Truth, other: Truth, both: Truth, either: Truth) -> None:
    """Kleene's tables, in both orders."""
    assert all_of((one, other)) is all_of((other, one)) is both
    assert any_of((one, other)) is any_of((other, one)) is either


@pytest.mark.parametrize(("truth", "opposite"), [(F, T), (U, U), (T, F)])
def test_table_of_not(truth: Truth, opposite: Truth) -> None:
    """What is unknown stays unknown."""
    assert negate(truth) is opposite


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_de_morgan(one: Truth, other: Truth) -> None:
    """Not both is the same as one or the other not."""
    assert negate(all_of((one, other))) is any_of((negate(one), negate(other)))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_doubt_never_decides(one: Truth, other: Truth) -> None:
    """Putting UNKNOWN for one part either leaves the result or makes it UNKNOWN, never the opposite."""
    for combine in (all_of, any_of, agreed):
        assert combine((U, other)) in (U, combine((one, other)))


def test_nothing_at_all() -> None:
    """No conditions hold; no alternatives do not; no readings say nothing."""
    assert all_of(()) is T
    assert any_of(()) is F
    assert agreed(()) is U


@pytest.mark.parametrize(
    ("readings", "truth"),
    [((T,), T), ((T, T), T), ((F, F), F), ((U, U), U), ((T, F), U), ((T, U), U), ((F, U), U)],
)
def test_readings_that_differ_are_a_doubt(readings: tuple[Truth, ...], truth: Truth) -> None:
    """Only what all readings say is said."""
    assert agreed(readings) is truth
