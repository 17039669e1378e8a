"""Tells channels what has changed: one process of a domain at a time, each channel for itself."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from proxy.channels.outgoing import Untold
from proxy.channels.queue import Delivery, Queue
from proxy.console.reviewing import Reviewing
from proxy.credentials.sources.secret import CredentialError
from proxy.failure import ended, report
from proxy.keys.seal import SealError
from proxy.store.events import START, Change, Events
from proxy.store.record import StoreUnavailable
from rules.hold import Hold

logger = logging.getLogger(__name__)

LEADS = timedelta(seconds=15)
DELAYS = tuple(timedelta(seconds=min(5 * 3**n, 3600)) for n in range(11))
"""Between the tries; after the last one it is given up, about five hours after the first."""
_AT_ONCE = 8
_SECONDS = 30.0


class Channel(Protocol):
    """Where something is told."""

    @property
    def name(self) -> str:
        """Which one it is."""

    @property
    def kind(self) -> str:
        """What is counted under."""

    @property
    def people(self) -> bool:
        """Whether people decide by what it is told; only then it is told of drills, as of holds."""

    def wants(self, change: Change) -> bool:
        """Whether it has to be told of such a change."""

    async def tell(self, delivery: Delivery, hold: Hold) -> bool:
        """Tell it; False where it is not meant to hear of this hold. Raises Untold."""


class Dispatch:
    """The one who tells. `delays`: how long to wait after each failed try."""

    def __init__(
        self,
        reviewing: Reviewing,
        channels: Sequence[Channel],
        *,
        delays: Sequence[timedelta] = DELAYS,
    ) -> None:
        self._store = reviewing.store
        self._signals = reviewing.signals
        self._count = reviewing.metrics.channel_deliveries
        self._events = Events(reviewing.store)
        self._queue = Queue(reviewing.store, who=secrets.token_hex(8))
        self._channels = channels
        self._delays = delays
        self._leading = False

    async def watch(self) -> None:
        """Run until cancelled; without a channel there is nothing to do."""
        if not self._channels:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._again_and_again(self._spread))
            for channel in self._channels:
                tasks.create_task(self._again_and_again(partial(self._tell_due, channel)))

    async def _again_and_again(self, step: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        """Take the step while there is more to do, and whenever something has changed."""
        while True:
            told = self._signals.changes
            outcome = await ended(step())
            _report(outcome)
            if outcome is not True and (told == self._signals.changes or isinstance(outcome, BaseException)):
                await self._signals.anything()

    async def _spread(self) -> bool:
        """Put what has changed into the lanes, if it is ours to do."""
        self._leading = await self._queue.lead(LEADS)
        if not self._leading:
            return False
        since = await self._queue.cursor()
        if not since:
            # What was there before anybody was told of anything is on the console.
            await self._queue.begin(await self._events.newest(), since=since)
            return False
        changes = await self._events.after(since)
        if changes.lost:
            self._lose(since)
            if not changes.found:
                await self._queue.begin(START, since=since)
        for change in changes.found:
            wanting = [channel.name for channel in self._channels if channel.wants(change)]
            if not await self._queue.spread(change, wanting, since=since):
                return False
            since = change.mark
        return bool(changes.found)

    def _lose(self, since: str) -> None:
        logger.error("channels.changes_lost since=%s", since)
        for kind in {channel.kind for channel in self._channels}:
            self._count.labels(channel=kind, outcome="lost").inc()

    async def _tell_due(self, channel: Channel) -> bool:
        """Tell one channel what is due, some holds at once."""
        if not self._leading:
            return False
        due = await self._queue.due(channel.name, most=_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for hold_id in due:
                tasks.create_task(self._tell(channel, hold_id))
        return bool(due)

    async def _tell(self, channel: Channel, hold_id: str) -> None:
        """Tell what stands first in a lane; whatever a channel does, nothing but this try fails."""
        outcome = await ended(self._told(channel, hold_id))
        if _report(outcome):
            await self._signals.anything()

    async def _told(self, channel: Channel, hold_id: str) -> None:
        delivery = await self._queue.head(channel.name, hold_id)
        if delivery is None:
            return
        hold = await self._store.find(hold_id)
        # INVARIANT: a program never hears of a drill, which belongs to no agent's call.
        if hold is None or (hold.drill and not channel.people):
            await self._settle(channel, delivery, "skipped")
            return
        outcome = await ended(self._tried(channel, delivery, hold))
        if isinstance(outcome, bool):
            await self._settle(channel, delivery, "delivered" if outcome else "skipped")
        elif isinstance(outcome, StoreUnavailable):
            raise outcome
        else:
            final = isinstance(outcome, Untold) and outcome.final
            await self._fail(channel, delivery, _words(outcome), final=final)

    async def _tried(self, channel: Channel, delivery: Delivery, hold: Hold) -> bool:
        async with asyncio.timeout(_SECONDS):
            return await channel.tell(delivery, hold)

    async def _settle(self, channel: Channel, delivery: Delivery, outcome: str) -> None:
        await self._queue.done(delivery)
        self._count.labels(channel=channel.kind, outcome=outcome).inc()

    async def _fail(self, channel: Channel, delivery: Delivery, why: str, *, final: bool) -> None:
        over = final or delivery.tries >= len(self._delays)
        outcome = "dead" if over else "failed"
        logger.warning(
            "channels.%s channel=%s hold=%s try=%d why=%s",
            *(outcome, channel.name, delivery.hold_id, delivery.tries + 1, why),
        )
        self._count.labels(channel=channel.kind, outcome=outcome).inc()
        if over:
            await self._queue.bury(delivery, why=why)
        else:
            await self._queue.later(delivery, why=why, after=self._delays[delivery.tries])


def _report(outcome: object) -> bool:
    """Whether it is a failure; `signals` reports an absent store, and what is to be told stays there."""
    if not isinstance(outcome, BaseException):
        return False
    if not isinstance(outcome, StoreUnavailable):
        report("channels.failed", outcome)
    return True


def _words(error: BaseException) -> str:
    """Why a try failed; an error that nobody foresaw is told by its name, for its words could be anything."""
    if isinstance(error, Untold | CredentialError | SealError):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"it took over {_SECONDS:g} s"
    report("channels.failed", error)
    return f"the channel itself failed ({type(error).__name__}): see the log"
