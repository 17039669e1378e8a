"""What people say of the gate's verdicts, and shares of few with what they may be in truth."""

from dataclasses import dataclass
from enum import StrEnum
from math import log, pi, sqrt

_Z = 1.959963984540054
"""The two-sided 95 % quantile of the normal distribution."""
_LOGISTIC = sqrt(3) / pi
"""What makes the standard deviation of a logistic distribution 1."""


class HoldLabel(StrEnum):
    """What a person says of a hold, whatever was decided about it."""

    NECESSARY = "necessary"
    """It was right to ask a person."""
    UNNECESSARY = "unnecessary"
    """It could have passed without anybody."""


class PassLabel(StrEnum):
    """What a person says of a call that passed."""

    RIGHT = "right"
    """It was right to let it pass."""
    SHOULD_HAVE_HELD = "should_have_held"
    """A person should have been asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share from 0 to 1 and its 95 % interval; of nothing, there is no share."""

    hits: int
    of: int
    share: float
    low: float
    high: float


def wilson(hits: int, of: int) -> Rate | None:
    """`hits` of `of`, with Wilson's interval (JASA 22, 1927)."""
    if not of:
        return None
    share, square = hits / of, _Z * _Z / of
    middle = (share + square / 2) / (1 + square)
    half = _Z * sqrt(share * (1 - share) / of + square / of / 4) / (1 + square)
    return Rate(hits=hits, of=of, share=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def d_prime(hits: int, violations: int, alarms: int, harmless: int) -> float | None:
    """How far apart a reviewer keeps violations and harmless calls; 0 is guessing.

    `hits` of `violations` were stopped, and `alarms` of `harmless`. Logistic, scaled to a standard deviation
    of 1, each count corrected by a half (Hautus, Behavior Research Methods 27, 1995), so that it is finite.
    """
    if not violations or not harmless:
        return None
    return _LOGISTIC * (_logit(hits, violations) - _logit(alarms, harmless))


def _logit(hits: int, of: int) -> float:
    return log((hits + 0.5) / (of - hits + 0.5))
