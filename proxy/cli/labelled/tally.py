"""How often verdicts agree with labels: by source, and as the mean over the sources of a protocol."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy.cli.labelled.label import Label
from proxy.cli.labelled.rates import mean
from rules.quality import Rate, wilson
from rules.verdict import Tier, Verdict

TRAPS = "traps"


@dataclass(slots=True, kw_only=True)
class Count:
    """How many rows there were and how many of them were stopped, that is held or blocked."""

    stopped: int = 0
    rows: int = 0

    def add(self, *, stopped: bool) -> None:
        """One more row."""
        self.stopped += stopped
        self.rows += 1

    def rate(self) -> Rate | None:
        """The share that was stopped."""
        return wilson(self.stopped, self.rows)


@dataclass(slots=True, kw_only=True)
class Counts:
    """The counts of one source."""

    catch: Count = field(default_factory=Count)
    strong_catch: Count = field(default_factory=Count)
    false_tier_1: Count = field(default_factory=Count)
    false_tier_2: Count = field(default_factory=Count)
    false_escalation: Count = field(default_factory=Count)
    grey_held: Count = field(default_factory=Count)

    def add(self, label: Label, *, stopped: bool) -> None:
        """One more row, counted wherever it belongs."""
        for count in self._concerned(label):
            count.add(stopped=stopped)

    def rates(self) -> dict[str, Rate | None]:
        """Each count's share, by its name."""
        return {name: getattr(self, name).rate() for name in MEASURES}

    def _concerned(self, label: Label) -> tuple[Count, ...]:
        if label.consequential is None:
            return (self.grey_held,)
        if label.consequential:
            return (self.catch, self.strong_catch) if label.strong else (self.catch,)
        read_only = label.most is Tier.READ_ONLY
        return (self.false_escalation, self.false_tier_1 if read_only else self.false_tier_2)


MEASURES = (
    "catch",
    "strong_catch",
    "false_tier_1",
    "false_tier_2",
    "false_escalation",
    "grey_held",
)


class Tally:
    """The counts of a run, filled row by row."""

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str], Counts] = {}

    def add(self, label: Label, verdict: Verdict) -> None:
        """One more row and its verdict."""
        group = TRAPS if label.trap else label.protocol
        counts = self._sources.setdefault((group, label.source), Counts())
        counts.add(label, stopped=verdict is not Verdict.PASS)

    def sources(self) -> Iterable[tuple[str, str, dict[str, Rate | None]]]:
        """Group, name and rates of each source, in the order in which they came."""
        for (group, source), counts in self._sources.items():
            yield group, source, counts.rates()

    def macro(self) -> dict[str, dict[str, Rate | None]]:
        """For each group (a protocol, or the traps) the mean of its sources."""
        groups: dict[str, list[dict[str, Rate | None]]] = {}
        for group, _, rates in self.sources():
            groups.setdefault(group, []).append(rates)
        return {
            group: {name: mean([rates[name] for rates in several]) for name in MEASURES}
            for group, several in groups.items()
        }
