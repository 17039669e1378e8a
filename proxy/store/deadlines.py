"""Lets time pass for holds: windows that close, approvals that lapse, workers that do not come back."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

from proxy.metrics import Metrics
from proxy.store.ladder import Ladder
from proxy.store.record import StoreUnavailable, Unreadable
from proxy.store.store import Refused, Store
from rules.drill.drill import Answer
from rules.hold import Event, Hold, State

logger = logging.getLogger(__name__)

_EVERY = 0.5

# What a passed deadline means in each state, and what the hold's note says about it.
_MEANING: dict[State, tuple[Event, str]] = {
    State.PENDING: (Event.EXPIRE, "nobody decided within the decision window"),
    State.APPROVED: (Event.EXPIRE, "it was approved, and could not be run within the approval's validity"),
    State.CLAIMED: (Event.RELEASE, "the worker that had claimed it is gone; nothing was sent"),
    State.SENDING: (Event.LOSE, "the worker that was sending it is gone; it may have been executed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Sweeps the store's deadlines; any number of processes may do so at once."""

    store: Store
    metrics: Metrics
    ladder: Ladder = field(default_factory=Ladder)
    shredded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when contents were destroyed whose traces the store's files may still have."""

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            # `signals` reports an absent store; the deadlines are still there when it is back.
            with suppress(StoreUnavailable):
                await self.sweep()
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> None:
        """Apply every deadline that has passed by the store's clock."""
        for hold_id in await self.store.overdue():
            # Either it moved on in the meantime, or listing reports it: the others go on.
            with suppress(Refused, Unreadable):
                await self._apply(hold_id)

    async def _apply(self, hold_id: str) -> None:
        hold = await self.store.find(hold_id)
        if hold is None:
            return
        if hold.state not in _MEANING:
            return await self._shred(hold)
        if hold.state is State.PENDING and (event := await self._waits_on(hold)) is not None:
            if not hold.drill:
                self.metrics.transitions.labels(event).inc()
            logger.info("hold.%s hold=%s rung=%d", event, hold_id, hold.rung)
            return None
        event, note = _MEANING[hold.state]
        if hold.note and event is Event.EXPIRE:
            note = f"{note}; {hold.note}"  # why every attempt failed
        await self.store.step(hold, event, due=True, fields={"note": note.encode()})
        self._count(hold, event)
        logger.info("hold.%s hold=%s state=%s", event, hold_id, hold.state)

    def _count(self, hold: Hold, event: Event) -> None:
        """A drill counts as nothing but a drill."""
        if hold.drill:
            self.metrics.drill_answers.labels(hold.drill.kind, Answer.EXPIRED).inc()
            return
        self.metrics.transitions.labels(event).inc()
        if hold.state is State.PENDING:
            self.metrics.deadlines.labels("missed").inc()

    async def _waits_on(self, hold: Hold) -> Event | None:
        """What was done for a hold that goes on waiting; None where its time is over."""
        if await self.store.now() < hold.decide_by:
            await self.store.step(hold, Event.REMIND, due=True)
            return Event.REMIND
        # Nobody else is called for a drill.
        group = None if hold.drill else self.ladder.next(hold)
        if group is None:
            return None
        await self.store.prolong(hold, window=self.ladder.window(hold), group=group)
        return Event.PROLONG

    async def _shred(self, hold: Hold) -> None:
        if await self.store.shred(hold):
            logger.info("hold.shredded hold=%s state=%s", hold.hold_id, hold.state)
            self.shredded.set()
