"""The mean of several sources' shares, with its 95 % interval."""

from collections.abc import Sequence
from math import sqrt

from rules.quality import Rate


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
