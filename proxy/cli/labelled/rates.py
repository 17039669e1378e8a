"""Shares of rows, with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_Z = 1.959963984540054
"""The two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share from 0 to 1 and the interval around it; of nothing, there is no share."""

    hits: int
    of: int
    share: float
    low: float
    high: float


def rate(hits: int, of: int) -> Rate | None:
    """`hits` of `of`, with Wilson's interval (JASA 22, 1927)."""
    if not of:
        return None
    share, square = hits / of, _Z * _Z / of
    middle = (share + square / 2) / (1 + square)
    half = _Z * sqrt(share * (1 - share) / of + square / of / 4) / (1 + square)
    return Rate(hits=hits, of=of, share=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def mean(rates: Sequence[Rate | None]) -> Rate | None:
    """The plain mean of the shares that there are.

    Its interval comes from theirs by the method of variance estimates recovery (Zou and Donner,
    Statistics in Medicine 27, 2008).
    """
    known = [found for found in rates if found is not None]
    if not known:
        return None
    share = sum(found.share for found in known) / len(known)
    below = sqrt(sum((found.share - found.low) ** 2 for found in known)) / len(known)
    above = sqrt(sum((found.high - found.share) ** 2 for found in known)) / len(known)
    return Rate(
        hits=sum(found.hits for found in known),
        of=sum(found.of for found in known),
        share=share,
        low=max(0.0, share - below),
        high=min(1.0, share + above),
    )
