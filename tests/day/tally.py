"""What the script counts of its day, and what the ratios are by that."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of everything that it has done; drills stand by themselves."""

    admitted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By tier and verdict."""
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""
    joined: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    """By event: approve, reject, respond."""
    ended: Counter[str] = field(default_factory=Counter)
    """By event: answer, error, drift, confirm."""
    expired: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    """As they stand."""
    drills: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and answer."""
    fast: int = 0
    samples: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Labels of sampled passes by tier, as they stand."""

    def ratios(self) -> dict[str, float]:
        """Each recorded ratio that the day has numbers for."""
        decisions = self.decided.total()
        no = self.decided["reject"] + self.decided["respond"]
        ran = self.ended["answer"] + self.ended["confirm"]
        found = {
            "job:sidegate_override:ratio7d": no / decisions,
            "job:sidegate_rejection:ratio7d": no / decisions,
            "job:sidegate_accuracy:ratio7d": ran / self.ended.total(),
            "job:sidegate_on_time:ratio7d": decisions / (decisions + self.expired),
            "job:sidegate_false_escalation:ratio7d": self.labels["unnecessary"] / self.labels.total(),
            "job:sidegate_rubber_stamp:ratio7d": self.fast / self.decided["approve"],
        }
        for name, kind in (("catch", "violation"), ("false_alarm", "benign")):
            answered = self.drills[kind, "rejected"] + self.drills[kind, "approved"]
            if answered:
                found[f"job:sidegate_{name}:ratio30d"] = self.drills[kind, "rejected"] / answered
        return found | self._missed()

    def _missed(self) -> dict[str, float]:
        """What the labels of samples say of all that passed, in the tiers that have any."""
        passed = {tier: self.admitted[tier, "pass"] for tier, _ in self.samples}
        if not passed:
            return {}
        missed = sum(count * self._share(tier) for tier, count in passed.items())
        return {"job:sidegate_missed_escalation:ratio30d": missed / sum(passed.values())}

    def _share(self, tier: str) -> float:
        wrong, right = self.samples[tier, "should_have_held"], self.samples[tier, "right"]
        return wrong / (wrong + right)
