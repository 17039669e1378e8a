"""A held call between its agent and the store, whatever carried it: recorded, waited for, handed out."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from ulid import ULID

from proxy.agent import Agent
from proxy.audit.recorder import Recorder
from proxy.failure import ended, report
from proxy.keys.seal import SealError, Shredded
from proxy.keys.sealed import Sealed
from proxy.metrics import Metrics
from proxy.signals import Signals
from proxy.store.history import History
from proxy.store.record import Draft, StoreUnavailable
from proxy.store.store import Refused, Store
from proxy.store.timing import grace_left
from proxy.talk.beside import Besides
from proxy.talk.talk import Talk
from proxy.tracing.traces import Traces
from rules.action import Action
from rules.call import Call
from rules.hold import REMEMBERED, Event, Hold, State
from rules.mcp.action import ToolAction
from rules.reply import Reply
from rules.review.reasoning import PART as REASONING
from rules.talk import Beside, Kind, Said
from rules.verdict import Judgement, ReasonId

logger = logging.getLogger(__name__)

_RUN_AGAIN_AFTER = 5.0
_ANSWERED = frozenset({State.EXECUTED, State.EXECUTION_ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What all holds have in common, for those who hold calls."""

    agent: Agent
    store: Store
    sealed: Sealed
    signals: Signals
    metrics: Metrics
    history: History | None = None
    audit: Recorder | None = None
    traces: Traces | None = None

    def draft(
        self, action: Action | ToolAction, judged: Judgement | Hold, *, fingerprint: str, policy: str
    ) -> Draft:
        """The hold that `action` would become; it still has to be closed."""
        hold_id = str(ULID())
        return Draft(
            hold_id=hold_id,
            agent=self.agent.keyed("agent"),
            digest=action.digest,
            fingerprint=fingerprint,
            idempotency_key=self.agent.idempotency_key(hold_id),
            tier=judged.tier,
            rule=judged.rule,
            reason_id=judged.reason_id,
            reason=judged.reason,
            policy=policy,
            sealed=b"",
            key=self.sealed.fresh_key(hold_id, action.digest),
        )

    def close(self, draft: Draft, action: Action | ToolAction, *, reasoning: str = "") -> Draft:
        """`draft` with its action, and what the agent says for itself, sealed in it."""
        said = self.sealed.close_part(draft, REASONING, reasoning) if reasoning else b""
        return replace(draft, sealed=self.sealed.close_action(draft, action), reasoning=said)

    async def open(self, draft: Draft, call: Call) -> tuple[Hold, bool]:
        """Record the call durably; the hold, and whether it is new. Raises Flooded and StoreUnavailable."""
        if self.traces is not None:
            draft = self.traces.holding(draft, call)
        hold, new = await self.store.open(draft)
        if not new:
            self.metrics.retries_joined.inc()
            return hold, new
        self.metrics.holds_opened.labels(int(hold.tier)).inc()
        logger.info("hold.opened hold=%s tier=%d", hold.hold_id, hold.tier)
        # For whoever decides about the agent's next one; this one is recorded without that.
        with suppress(StoreUnavailable):
            if self.history is not None:
                await self.history.note(self.agent, call, hold)
        return hold, new

    async def follow[T](self, work: Coroutine[Any, Any, T]) -> T | ReasonId:
        """What `work` on a recorded hold returns; where it fails, why, counted.

        The hold may have been run meanwhile: what the agent is told may not deny it.
        """
        outcome = await ended(work)
        if not isinstance(outcome, BaseException):
            return outcome
        reason_id = ReasonId.STORE_UNAVAILABLE
        if not isinstance(outcome, StoreUnavailable):
            report("gate.failed", outcome)
            reason_id = ReasonId.GATE_FAILED
        self.metrics.refused(reason_id)
        return reason_id

    async def wait(
        self,
        hold: Hold,
        run: Callable[[Hold], Awaitable[Hold]] | None,
        *,
        gone: Callable[[], bool],
        seconds: float,
    ) -> Hold:
        """Until the hold is settled, the patience is over, or the agent has gone. `run`: once approved."""
        end, run_at = monotonic() + seconds, 0.0
        while not hold.settled and not gone():
            ready = hold.state is State.APPROVED and monotonic() >= run_at and not grace_left(hold)
            if run is not None and ready:
                hold = await run(hold)
                # Given back means not sent: at once again, it would be tried without end.
                run_at = monotonic() + _RUN_AGAIN_AFTER
            left = end - monotonic()
            if hold.settled or left <= 0 or self.signals.draining or _is_asked(hold):
                break
            await self.signals.anything(within=left)
            hold = await self.store.latest(hold.hold_id) or hold
        return hold

    async def hand_out[T](self, hold: Hold, answer: T | None) -> T | None:
        """`answer`, the outcome as its agent will hear it, noted as told: it is told once.

        None: how the hold stands is all there is to tell, as often as it is asked for.
        """
        if not hold.settled or hold.state in REMEMBERED:
            return None
        if answer is None and hold.state in _ANSWERED:
            return None  # it ran: that is told every time, so that it never runs again
        try:
            await self.store.collect(hold)
        except StoreUnavailable:
            # Better told twice than not at all.
            logger.warning("hold.collect_not_recorded hold=%s", hold.hold_id)
        return answer

    async def answer(self, hold: Hold) -> Reply | None:
        """The upstream's own answer, if there is one that opens."""
        if hold.state not in _ANSWERED:
            return None
        try:
            return self.sealed.open_answer(hold, await self.store.sealed(hold.hold_id, part="answer"))
        except SealError as error:
            self._report(hold, error)
            return None

    async def own(self, hold_id: str) -> tuple[Hold, Action | ToolAction] | None:
        """A hold that this agent asked for, with its action; None: to this agent there is no such hold.

        Where a reviewer has changed it, it is the one that it was changed into.
        """
        hold = await self.store.latest(hold_id)
        if hold is None or hold.drill:
            return None
        try:
            action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        except SealError as error:
            self._report(hold, error)
            return None  # whose it was, nobody can tell
        return (hold, action) if action.principal == self.agent.principal else None

    async def beside(self, hold: Hold) -> Beside:
        """What its agent is told besides how it stands."""
        return await Besides(self.store, self.sealed).of(hold)

    async def reply(self, hold: Hold, text: str) -> Hold:
        """Keep what its agent answers to what it was asked. Raises Refused where nobody asks it."""
        if not _is_asked(hold):
            raise Refused("unasked", hold)
        said = Said(kind=Kind.ANSWER, who="", at=datetime.now(UTC), text=text)
        answered = await Talk(self.store, self.sealed).add(hold, said)
        logger.info("hold.answered hold=%s", hold.hold_id)
        return answered

    async def take_back(self, hold: Hold) -> Hold:
        """Cancel what its own agent no longer wants; it knows, so the same call is free again.

        Raises Refused where it is too late.
        """
        fields = {"note": b"its agent took it back", "collected": b"1"}
        cancelled = await self.store.step(hold, Event.CANCEL, release=True, fields=fields)
        self.metrics.transitions.labels(Event.CANCEL).inc()
        logger.info("hold.cancelled hold=%s", hold.hold_id)
        return cancelled

    def _report(self, hold: Hold, error: SealError) -> None:
        if isinstance(error, Shredded):
            return
        self.metrics.integrity_failures.inc()
        logger.error("gate.integrity hold=%s", hold.hold_id)


def _is_asked(hold: Hold) -> bool:
    """Whether its agent has to answer something before it is decided."""
    return hold.asked and hold.state is State.PENDING
