"""What drills tell of the reviewers and labels of the rules, with what that may be in truth."""

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.metrics import Metrics
from rules.drill.drill import Answer, Kind
from rules.quality import HoldLabel, PassLabel, Rate, d_prime, wilson
from rules.verdict import Tier

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Of what people say now: a word that was taken back counts no more."""

    false_escalation: Rate | None
    """Labelled holds that were unnecessary."""
    missed_escalation: Rate | None
    """Labelled passed calls that should have been held."""


def rates(metrics: Metrics) -> Rates:
    """Those since this process started."""
    series = "drill_answers"
    return of({(k, a): _count(metrics, series, kind=k, answer=a) for k in Kind for a in Answer})


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


def shares(metrics: Metrics) -> Shares:
    """Those of labels that were given since this process started."""
    holds = {label: _standing(metrics, "hold_labels", label=label) for label in HoldLabel}
    passes = {label: _of_passes(metrics, label) for label in PassLabel}
    return Shares(
        false_escalation=wilson(holds[HoldLabel.UNNECESSARY], sum(holds.values())),
        missed_escalation=wilson(passes[PassLabel.SHOULD_HAVE_HELD], sum(passes.values())),
    )


def _of_passes(metrics: Metrics, label: PassLabel) -> int:
    tiers = (Tier.READ_ONLY, Tier.REVERSIBLE)
    return sum(_standing(metrics, "pass_audit_labels", tier=str(int(t)), label=label) for t in tiers)


def _standing(metrics: Metrics, series: str, **labels: str) -> int:
    """How many still say so; what was said before this process started may be taken back in it."""
    return max(0, _count(metrics, series, **labels) - _count(metrics, f"{series}_withdrawn", **labels))


def _count(metrics: Metrics, series: str, **labels: str) -> int:
    named = {name: str(value) for name, value in labels.items()}
    return int(metrics.registry.get_sample_value(f"sidegate_{series}_total", named) or 0)
