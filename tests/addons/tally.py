"""Counts refusals as the gate does, for the parts that are tried without one."""

from dataclasses import dataclass, field

from rules.reply import Reply, refused
from rules.verdict import ReasonId, Refusal


@dataclass(slots=True)
class Tally:
    """What was refused, in order: the reasons, and the lines that a log would have."""

    reasons: list[ReasonId] = field(default_factory=list)
    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __call__(self, refusal: Refusal, /, *, event: str = "request.refused", **facts: object) -> Reply:
        """Count `refusal`."""
        self.reasons.append(refusal.reason_id)
        self.lines.append((event, facts))
        return refused(refusal)
