"""The one place where a person's decision is taken, whichever surface the person stands at.

The API and the pages read what was said; whether it may be done, and doing it, is here alone.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from proxy.console.deciding.drilled import answer_of, answered
from proxy.console.deciding.votes import cast, given, lacking, of
from proxy.console.people.asking import missing
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.seen import Named, check_seen
from proxy.console.reading.shown import conflict, damaged, summary
from proxy.console.reviewing import Reviewing, Vote
from proxy.drift.again import Hopeless
from proxy.keys.seal import SealError
from proxy.store.store import Refused
from rules.action import Action
from rules.approval import needed_for
from rules.audit.record import Kind
from rules.authority import Act
from rules.granting.grant import CallGrant
from rules.handling import Quorum
from rules.hold import Event, Hold, Resolution, State
from rules.mcp.action import ToolAction
from rules.reviewer import Reviewer
from rules.trace import exemplar

logger = logging.getLogger(__name__)

_EVENTS = {
    Resolution.EXECUTED: Event.CONFIRM,
    Resolution.NOT_EXECUTED: Event.REFUTE,
    Resolution.TRY_AGAIN: Event.RETRY,
}


_TRIES = 20
"""So often, others may be quicker to say something about a hold."""


class _Moved(Exception):
    """others have said something about the hold meanwhile"""


class Deciding:
    """What a reviewer can do to a hold. Each raises Problem where it may not be done."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def approve(self, hold_id: str, *, who: Reviewer, digest: str, named: Named) -> Hold:
        """Approve exactly what the reviewer saw, named by its digest and by the preview that showed it.

        It stays pending until everybody has approved it who has to. Said twice, it counts once.
        """
        for _ in range(_TRIES):
            hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.APPROVE)
            if given(self._reviewing, hold, who, digest=digest):
                return hold
            action = await self._check_contents(hold)
            if hold.state is State.PENDING and digest == hold.digest:
                await check_seen(self._reviewing, hold, action, named)
            try:
                return await self._say_yes(hold, action, who=who, digest=digest, preview=named.preview or "")
            except _Moved:
                continue
            except Problem:
                # A second click may have been quicker than the first.
                now = await find_hold(self._reviewing, hold_id, who=who, act=Act.APPROVE)
                if given(self._reviewing, now, who, digest=digest):
                    return now
                raise
        raise conflict("moved", hold, self._reviewing.now())

    async def _say_yes(
        self, hold: Hold, action: Action | ToolAction, *, who: Reviewer, digest: str, preview: str
    ) -> Hold:
        """One more vote, which approves the hold if it is the last one that was missing."""
        reviewing, guard = self._reviewing, {"digest": digest, "same": {"votes": "\n".join(hold.votes)}}
        before = cast(reviewing, hold) if hold.state is State.PENDING else ()
        needed = needed_for(action, reviewing.ruleset(), rule=hold.rule)
        stored = [vote.stored for vote in before]
        if stored or needed.quorum != Quorum():
            mine = reviewing.vote(hold, who=who, preview=preview)
            if not lacking(needed, (*before, mine)).nobody:
                written = {"votes": "\n".join((*stored, mine.stored)).encode()}
                return await self._decided(hold, Event.VOTE, written, who=who, guard=guard)
        written = reviewing.decision(hold, Event.APPROVE, who=who, reason="", preview=preview)
        if hold.votes:
            written["votes"] = "\n".join(stored).encode()
        return await self._decided(hold, Event.APPROVE, written, who=who, guard=guard)

    async def by_grant(self, hold: Hold, grant: CallGrant, *, who: Reviewer) -> Hold | None:
        """Approve what `grant` covers, as nobody has begun to look at it; None where somebody was quicker.

        It runs at once, and no longer than the grant lasts.
        """
        written, valid = self._reviewing.by_grant(hold, grant, who=who)
        times = {"run_by": valid // timedelta(milliseconds=1), "grace_until": 0}
        same = {"votes": "", "decision": "", "watched_by": ""}
        guard = {"digest": hold.digest, "times": times, "same": same}
        try:
            return await self._step(hold, Event.APPROVE, written, who=who, guard=guard)
        except (_Moved, Problem):
            return None

    async def undo(self, hold_id: str, *, who: Reviewer) -> Hold:
        """Take an own approval back: before it is complete, or within the time after that.

        What is not there is taken back already.
        """
        for _ in range(_TRIES):
            hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.UNDO)
            if hold.state not in (State.PENDING, State.APPROVED):
                raise conflict("state", hold, self._reviewing.now())
            votes = cast(self._reviewing, hold)
            mine = of(votes, who)
            if mine is None and hold.state is State.PENDING:
                return hold
            if mine is None:
                detail = "only who has approved it can take that back; nothing was changed: reject it"
                raise Problem(403, Obstacle.NOT_YOURS, detail, members={"hold": summary(hold)})
            try:
                return await self._take_back(hold, [one for one in votes if one is not mine], who=who)
            except _Moved:
                continue
        raise conflict("moved", hold, self._reviewing.now())

    async def _take_back(self, hold: Hold, others: Sequence[Vote], *, who: Reviewer) -> Hold:
        written = {"votes": "\n".join(vote.stored for vote in others).encode()}
        guard = {"same": {"votes": "\n".join(hold.votes)}}
        if hold.state is State.PENDING:
            return await self._decided(hold, Event.RECANT, written, who=who, guard=guard)
        written |= dict.fromkeys(("decided_by", "decision_reason", "decision"), b"")
        return await self._decided(hold, Event.UNDO, written, who=who, guard=guard)

    async def reject(self, hold_id: str, *, who: Reviewer, reason: str) -> Hold:
        """Reject a hold; the agent is given the reason."""
        return await self._refuse(hold_id, Event.REJECT, who=who, reason=reason)

    async def respond(self, hold_id: str, *, who: Reviewer, answer: str) -> Hold:
        """Reject a hold and give the agent an answer in place of what it asked for."""
        return await self._refuse(hold_id, Event.RESPOND, who=who, reason=answer)

    async def _refuse(self, hold_id: str, event: Event, *, who: Reviewer, reason: str) -> Hold:
        responded = event is Event.RESPOND
        act = Act.RESPOND if responded else Act.REJECT
        hold = await find_hold(self._reviewing, hold_id, who=who, act=act)
        written = self._reviewing.decision(hold, event, who=who, reason=reason)
        if responded:
            written["responded"] = b"1"
        try:
            return await self._decided(hold, event, written, who=who, guard={})
        except Problem:
            now = await find_hold(self._reviewing, hold_id, who=who, act=act)
            said = (now.state, now.decided_by, now.decision_reason, now.responded)
            if said == (State.REJECTED, who.name, reason, responded):
                return now
            raise

    async def cancel(self, hold_id: str, *, who: Reviewer, reason: str) -> Hold:
        """Take a hold back, which refuses nothing: the same request may be asked again."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.CANCEL)
        written = self._reviewing.decision(hold, Event.CANCEL, who=who, reason=reason)
        return await self._decided(hold, Event.CANCEL, written, who=who, guard={})

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
        self._reviewing.note(Kind.NOTE, who.name, what="asked again", hold=made.hold_id, of=hold.hold_id)
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
            written |= self._reviewing.decision(hold, Event.RETRY, who=who, reason=reason)
            if hold.votes:
                # They were given in time, and the new decision does not stand alone.
                written["votes"] = "\n".join((*hold.votes, hold.decision)).encode()
        logger.warning("console.resolving hold=%s as=%s reviewer=%s", hold.hold_id, outcome, who.name)
        return await self._step(hold, _EVENTS[outcome], written, who=who, guard=guard)

    async def _decided(
        self, hold: Hold, event: Event, written: dict[str, bytes], *, who: Reviewer, guard: dict[str, Any]
    ) -> Hold:
        if hold.drill:
            reason = written.get("decision_reason", b"").decode()
            return await answered(self._reviewing, hold, answer_of(event), who=who, reason=reason)
        decided = await self._step(hold, event, written, who=who, guard=guard)
        waited = max(0.0, (self._reviewing.now() - hold.created_at).total_seconds())
        self._reviewing.metrics.decision_seconds.labels(decision=event).observe(waited, exemplar(hold.trace))
        await self._reviewing.pace.decided(hold, event, who=who.name)
        logger.info("console.decided hold=%s event=%s reviewer=%s", hold.hold_id, event, who.name)
        return decided

    async def _step(
        self, hold: Hold, event: Event, written: dict[str, bytes], *, who: Reviewer, guard: dict[str, Any]
    ) -> Hold:
        try:
            changed = await self._reviewing.store.step(hold, event, by=who.name, fields=written, **guard)
        except Refused as refused:
            if refused.hold is None:
                raise missing(hold.hold_id) from refused
            if refused.why == "moved":
                raise _Moved from refused
            why = "grace" if (refused.why, event) == ("late", Event.UNDO) else refused.why
            raise conflict(why, refused.hold, self._reviewing.now()) from refused
        self._reviewing.metrics.transitions.labels(event=event).inc()
        return changed

    async def _check_contents(self, hold: Hold) -> Action | ToolAction:
        """What would run; what does not open is not approved: nobody can have seen it. Raises Problem."""
        try:
            return await self._reviewing.action(hold)
        except SealError as error:
            raise damaged(hold, error) from error
