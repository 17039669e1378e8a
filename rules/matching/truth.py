"""Three-valued logic after Kleene: what cannot be decided is never called false."""

from collections.abc import Iterable
from enum import IntEnum


class Truth(IntEnum):
    """Whether something holds. Ordered, so that "and" is the least and "or" the greatest."""

    FALSE = 0
    """Definitely not, however the call is read."""
    UNKNOWN = 1
    """It cannot be decided from this call, or servers would differ on it."""
    TRUE = 2
    """Definitely, however the call is read."""


def all_of(truths: Iterable[Truth]) -> Truth:
    """Whether all hold; TRUE for none at all."""
    return min(truths, default=Truth.TRUE)


def any_of(truths: Iterable[Truth]) -> Truth:
    """Whether at least one holds; FALSE for none at all."""
    return max(truths, default=Truth.FALSE)


def negate(truth: Truth) -> Truth:
    """The opposite; what is unknown stays unknown."""
    return Truth(Truth.TRUE - truth)


def agreed(truths: Iterable[Truth]) -> Truth:
    """What all of several readings of one call say, or UNKNOWN where they differ."""
    distinct = set(truths)
    return distinct.pop() if len(distinct) == 1 else Truth.UNKNOWN
