"""The one place where a person's decision is taken, whichever surface the person stands at.

The API and the pages read what was said; whether it may be done, and doing it, is here alone.
"""

import logging
from typing import Any

from proxy.console.people.asking import missing
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.seen import Named, check_seen
from proxy.console.reading.shown import conflict, damaged, summary
from proxy.console.reviewing import Reviewing
from proxy.drift.again import Hopeless
from proxy.keys.seal import SealError
from proxy.store.store import Refused
from rules.action import Action
from rules.authority import Act
from rules.hold import Event, Hold, Resolution, State
from rules.mcp.action import ToolAction
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)

_EVENTS = {
    Resolution.EXECUTED: Event.CONFIRM,
    Resolution.NOT_EXECUTED: Event.REFUTE,
    Resolution.TRY_AGAIN: Event.RETRY,
}


class Deciding:
    """What a reviewer can do to a hold. Each raises Problem where it may not be done."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def approve(self, hold_id: str, *, who: Reviewer, digest: str, named: Named) -> Hold:
        """Approve exactly what the reviewer saw, named by its digest and by the preview that showed it."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.APPROVE)
        action = await self._check_contents(hold)
        if hold.state is State.PENDING and digest == hold.digest:
            await check_seen(self._reviewing, hold, action, named)
        preview = named.preview or ""
        return await self._decide(hold, Event.APPROVE, who=who, preview=preview, digest=digest)

    async def reject(self, hold_id: str, *, who: Reviewer, reason: str) -> Hold:
        """Reject a hold; the agent is given the reason."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.REJECT)
        return await self._decide(hold, Event.REJECT, who=who, reason=reason)

    async def cancel(self, hold_id: str, *, who: Reviewer, reason: str) -> Hold:
        """Take a hold back, which refuses nothing: the same request may be asked again."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.CANCEL)
        return await self._decide(hold, Event.CANCEL, who=who, reason=reason)

    async def ask_again(self, hold_id: str, *, who: Reviewer) -> Hold:
        """Make a new hold of what did not run because something had changed; it waits for a decision."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.ASK_AGAIN)
        if hold.state is not State.DRIFT_REFUSED:
            raise conflict("state", hold, self._reviewing.now())
        await self._check_contents(hold)
        try:
            made = await self._reviewing.again(hold)
        except Hopeless as error:
            detail = f"{Hopeless.__doc__}: {error}; nothing was changed"
            members = {"why": Obstacle.HOPELESS, "hold": summary(hold)}
            raise Problem(409, Obstacle.HOPELESS, detail, members=members) from error
        logger.info("console.asked_again hold=%s new=%s reviewer=%s", hold.hold_id, made.hold_id, who.name)
        return made

    async def resolve(
        self, hold_id: str, outcome: Resolution, *, who: Reviewer, reason: str, digest: str | None
    ) -> Hold:
        """Record what became of a hold, who says so, and why; to send it again, by the digest of what is."""
        fields = {"resolved_as": outcome, "resolved_by": who.name, "resolution_reason": reason}
        written, guard = {name: value.encode() for name, value in fields.items()}, dict[str, Any]()
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.RESOLVE)
        if outcome is Resolution.TRY_AGAIN:
            guard["digest"] = digest or ""
            await self._check_contents(hold)
            written |= self._reviewing.decision(hold, Event.RETRY, who=who.name, reason=reason)
        logger.warning("console.resolving hold=%s as=%s reviewer=%s", hold.hold_id, outcome, who.name)
        return await self._step(hold, _EVENTS[outcome], written, guard)

    async def _decide(
        self,
        hold: Hold,
        event: Event,
        *,
        who: Reviewer,
        reason: str = "",
        preview: str = "",
        **guard: Any,
    ) -> Hold:
        fields = self._reviewing.decision(hold, event, who=who.name, reason=reason, preview=preview)
        decided = await self._step(hold, event, fields, guard)
        waited = max(0.0, (self._reviewing.now() - hold.created_at).total_seconds())
        self._reviewing.metrics.decision_seconds.labels(decision=event).observe(waited)
        logger.info("console.decided hold=%s event=%s reviewer=%s", hold.hold_id, event, who.name)
        return decided

    async def _step(self, hold: Hold, event: Event, written: dict[str, bytes], guard: dict[str, Any]) -> Hold:
        try:
            changed = await self._reviewing.store.step(hold, event, fields=written, **guard)
        except Refused as refused:
            if refused.hold is None:
                raise missing(hold.hold_id) from refused
            raise conflict(refused.why, refused.hold, self._reviewing.now()) from refused
        self._reviewing.metrics.transitions.labels(event=event).inc()
        return changed

    async def _check_contents(self, hold: Hold) -> Action | ToolAction:
        """What would run; what does not open is not approved: nobody can have seen it. Raises Problem."""
        try:
            return await self._reviewing.action(hold)
        except SealError as error:
            raise damaged(hold, error) from error
