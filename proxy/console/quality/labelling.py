"""The one place where a person says whether it was right to hold a call, on whichever surface."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from proxy.console.body import read_word
from proxy.console.problem import Obstacle
from proxy.console.reading.holds import find_hold
from proxy.console.reviewing import Reviewing
from proxy.quality.labels import Given, Labels
from proxy.quality.passes import Sample
from rules.audit.record import Kind
from rules.authority import Act
from rules.hold import Hold
from rules.quality import HoldLabel, PassLabel
from rules.request.strict_json import Json
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Labelling:
    """Takes them. Each raises Problem where it may not be said."""

    reviewing: Reviewing

    async def hold(self, hold_id: str, label: HoldLabel, *, who: Reviewer) -> Hold:
        """Say of a hold whether it was necessary, in the place of what `who` said of it before."""
        hold = await find_hold(self.reviewing, hold_id, who=who, act=Act.LABEL)
        given = await Labels(self.reviewing.store).give(hold_id, who=who.name, label=label)
        if not given.changed:
            return hold
        drill = True if hold.drill else None
        self.reviewing.note(Kind.NOTE, who.name, what="label", hold=hold_id, label=str(label), drill=drill)
        if not hold.drill:
            self._count(given)
        logger.info("console.labelled hold=%s label=%s reviewer=%s", hold_id, label, who.name)
        return hold

    def _count(self, given: Given) -> None:
        metrics = self.reviewing.metrics
        if given.before:
            metrics.hold_labels_withdrawn.labels(given.before).inc()
        metrics.hold_labels.labels(given.now).inc()

    async def passed(self, sample: Sample, label: PassLabel, *, who: Reviewer) -> None:
        """Say of a call that passed whether that was right, in the place of what `who` said before."""
        given = await Labels(self.reviewing.store).give(sample.sample_id, who=who.name, label=label)
        await self.reviewing.passes.labelled(sample.sample_id)
        if not given.changed:
            return
        metrics, tier = self.reviewing.metrics, int(sample.tier)
        if given.before:
            metrics.pass_audit_labels_withdrawn.labels(tier, given.before).inc()
        metrics.pass_audit_labels.labels(tier, label).inc()
        self.reviewing.note(Kind.NOTE, who.name, what="pass_label", sample=sample.sample_id, label=str(label))
        logger.info("console.labelled sample=%s label=%s reviewer=%s", sample.sample_id, label, who.name)


def read_label[Label: StrEnum](members: Mapping[str, Json], of: type[Label]) -> Label:
    """The member `label`: what is said of a hold, or of a call that passed. Raises Problem."""
    return read_word(members, "label", of=of, obstacle=Obstacle.LABEL_INVALID)
