"""Runs approved holds as they come, a few at a time, and leaves alone those that need their agent."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from proxy.keys.seal import SealError
from proxy.keys.sealed import Sealed
from proxy.replay.courier import Courier
from proxy.replay.replayer import Replayer
from proxy.signals import Signals
from proxy.store.record import StoreUnavailable
from proxy.store.store import Refused, Store
from proxy.store.timing import grace_left
from rules.hold import Hold, State
from rules.mcp.action import ToolAction

logger = logging.getLogger(__name__)

_AT_ONCE = 16
_RETRY_AFTER = 5.0


def _nobody(_action: ToolAction) -> None:
    return None


@dataclass(slots=True, kw_only=True)
class Worker:
    """One per process; the claim makes sure that each hold has only one worker anywhere."""

    store: Store
    sealed: Sealed
    signals: Signals
    replayer: Replayer
    tasks: asyncio.TaskGroup
    own_courier: Callable[[ToolAction], Courier | None] = _nobody
    """What carries a tool call without its agent, where that is configured."""
    busy: set[str] = field(default_factory=set)
    """Ids of the holds that this process is running."""
    agent_first: float = 10.0
    """Seconds for which a tool call is left to its agent's own session."""
    _seen: dict[str, float] = field(default_factory=dict)
    """Since when tool calls were seen to wait for it."""
    _not_before: dict[str, float] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            # `signals` reports an absent store; what is approved stays approved.
            with suppress(StoreUnavailable):
                await self._start_ready()
            await self.signals.anything()

    async def _start_ready(self) -> None:
        now = monotonic()
        self._not_before = {hold_id: at for hold_id, at in self._not_before.items() if at > now}
        approved = await self.store.approved()
        self._seen = {hold_id: at for hold_id, at in self._seen.items() if hold_id in approved}
        for hold_id in approved:
            if hold_id not in self.busy and hold_id not in self._not_before:
                self.busy.add(hold_id)
                self.tasks.create_task(self._run(hold_id))

    async def _run(self, hold_id: str) -> None:
        again = _RETRY_AFTER
        try:
            async with self._slots:
                left = await self.replayer.contained(hold_id, self._run_if_possible(hold_id))
                again = min(left or again, again)
        except (Refused, StoreUnavailable) as error:
            logger.info("worker.passed_over hold=%s why=%s", hold_id, error)
        finally:
            # However it ended, and counted from there: what stays approved is not tried without end.
            self._not_before[hold_id] = monotonic() + again
            self.busy.discard(hold_id)

    async def _run_if_possible(self, hold_id: str) -> float | None:
        """Seconds after which it can be run, where somebody may still take the approval back."""
        hold = await self.store.find(hold_id)
        if hold is None or hold.state is not State.APPROVED:
            return None
        if left := grace_left(hold):
            return left
        courier = await self._courier(hold)
        if courier is None and await self._needs_agent(hold):
            return None
        hold = await self.replayer.run(hold, courier=courier)
        logger.info("hold.ran hold=%s state=%s", hold_id, hold.state)
        return None

    async def _courier(self, hold: Hold) -> Courier | None:
        """What carries `hold` without its agent, once that has had its time to come itself."""
        try:
            action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        except SealError:
            return None
        courier = self.own_courier(action) if isinstance(action, ToolAction) else None
        since = self._seen.setdefault(hold.hold_id, monotonic()) if courier else 0.0
        return courier if monotonic() - since >= self.agent_first else None

    async def _needs_agent(self, hold: Hold) -> bool:
        try:
            sealed = await self.store.sealed(hold.hold_id, part="sealed")
            if self.replayer.sent_before(hold):
                return False  # it may have been sent, which the claim records
            return self.replayer.waits_for_agent(self.sealed.open_action(hold, sealed))
        except SealError:
            return False  # the claim finds the same and ends the hold
