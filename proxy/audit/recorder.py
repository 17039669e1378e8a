"""What the parts of a sidecar tell the audit trail, and what they hear when it cannot be written."""

from collections.abc import Callable
from dataclasses import dataclass
from random import random

from proxy.audit.segments import AuditError
from proxy.audit.settings import OnFailure
from proxy.audit.trail import Trail
from rules.audit.facts import (
    by_person,
    of_attempt,
    of_decision,
    of_hold,
    of_judgement,
    of_opening,
    of_step,
)
from rules.audit.record import Fact, Facts, Kind
from rules.call import Call
from rules.hold import Event, Hold
from rules.ruleset import Ruleset
from rules.talk import Kind as Saying
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict

UNRECORDED = Refusal(
    reason_id=ReasonId.AUDIT_UNAVAILABLE,
    reason="the audit trail cannot be written; nothing was sent",
    status=503,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """The trail of one process, in the words of what happens there. `reads`: the share of reads recorded."""

    trail: Trail
    on_failure: OnFailure = OnFailure.CONTINUE
    reads: float = 0.0
    chance: Callable[[], float] = random

    @property
    def stops_all(self) -> bool:
        """Whether nothing at all may go now."""
        return self.on_failure is OnFailure.STOP and self.trail.failing

    def read(self, call: Call, judgement: Judgement) -> Refusal | None:
        """A call that only reads is about to go; why it may not."""
        if self.stops_all:
            return UNRECORDED
        if self.reads and self.chance() < self.reads:
            self.trail.note(Kind.VERDICT, of_judgement(call, judgement))
        return None

    async def judged(self, call: Call, judgement: Judgement) -> Refusal | None:
        """A call that does more was judged, and is about to go or to be held; why it may not."""
        facts = of_judgement(call, judgement)
        if judgement.tier >= Tier.EXTERNAL and judgement.verdict is not Verdict.BLOCK:
            try:
                await self.trail.record(Kind.VERDICT, facts)
            except AuditError:
                return UNRECORDED
            return None
        kept = self.trail.note(Kind.VERDICT, facts)
        return UNRECORDED if self.stops_all or (not kept and self.on_failure is OnFailure.STOP) else None

    def blocked(self, call: Call, judgement: Judgement) -> None:
        """A call was blocked."""
        self.trail.note(Kind.VERDICT, of_judgement(call, judgement))

    def opened(self, hold: Hold, *, new: bool) -> None:
        """A call has a hold of its own, or joined one."""
        kind = Kind.HOLD if new else Kind.JOINED
        self.trail.note(kind, of_opening(hold) if new else of_hold(hold) | {"attempts": hold.attempts})

    def stepped(self, hold: Hold, event: Event, *, by: str) -> None:
        """A hold has taken a step, by the person of that name where it was one."""
        if by_person(hold, event, by=by):
            self.trail.note(Kind.DECISION, of_decision(hold, event, by=by))
        else:
            self.trail.note(Kind.TRANSITION, of_step(hold, event))

    def said(self, hold: Hold, kind: Saying, *, by: str) -> None:
        """Somebody said something about a hold: a person of that name, or its agent."""
        facts: Facts = {"hold": hold.hold_id, "what": str(kind), "who": by, "count": hold.talk_count}
        self.trail.note(Kind.TALK, {**facts, "drill": True if hold.drill else None})

    async def sending(self, hold: Hold, *, attempt: str, event: str) -> None:
        """A request is about to leave. Raises AuditError; then it may not."""
        await self.trail.record(Kind.ATTEMPT, of_attempt(hold, attempt=attempt, event=event))

    def rules(self, ruleset: Ruleset) -> None:
        """Other rules are in force."""
        self.trail.note(Kind.RULES, {"policy": ruleset.hash, "rules": len(ruleset.rules)})

    def person(self, kind: Kind, who: str, **facts: Fact) -> None:
        """A person did something that is no step of a hold."""
        said: Facts = {"who": who, **facts}
        self.trail.note(kind, said)
