"""What the drills of this process tell of its reviewers, with what that may be in truth."""

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.metrics import Metrics
from rules.drill.drill import Answer, Kind
from rules.quality import Rate, d_prime, wilson

_SERIES = "sidegate_drill_answers_total"

type Counts = Mapping[tuple[Kind, Answer], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Of the drills that were answered; what expired says nothing of anybody's eye."""

    catch: Rate | None
    """Violations that were not let run."""
    false_alarm: Rate | None
    """Harmless twins that were not let run."""
    d_prime: float | None
    expired: int


def rates(metrics: Metrics) -> Rates:
    """Those since this process started."""
    return of(
        {
            (kind, answer): int(metrics.registry.get_sample_value(_SERIES, _labels(kind, answer)) or 0)
            for kind in Kind
            for answer in Answer
        }
    )


def of(counts: Counts) -> Rates:
    """Those of drills that were answered so often."""
    caught, missed = (counts[Kind.VIOLATION, answer] for answer in (Answer.REJECTED, Answer.APPROVED))
    alarms, right = (counts[Kind.BENIGN, answer] for answer in (Answer.REJECTED, Answer.APPROVED))
    return Rates(
        catch=wilson(caught, caught + missed),
        false_alarm=wilson(alarms, alarms + right),
        d_prime=d_prime(caught, caught + missed, alarms, alarms + right),
        expired=sum(counts[kind, Answer.EXPIRED] for kind in Kind),
    )


def _labels(kind: Kind, answer: Answer) -> dict[str, str]:
    return {"kind": str(kind), "answer": str(answer)}
