"""Tells whoever waits for a hold that it has changed: by the store's announcements, and by a slow pulse.

An announcement may be lost with a connection, so waiting never depends on it: it only makes it quicker.
"""

import asyncio
import logging

from proxy.metrics import Metrics
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store

logger = logging.getLogger(__name__)

_PULSE = 1.0
_MOST_NAMED = 10_000


class Changed:
    """Which holds have changed since somebody last asked; None while that cannot be known."""

    def __init__(self) -> None:
        self._ids: set[str] | None = None
        self._known = False

    def take(self) -> frozenset[str] | None:
        """Their ids, or None: any of them may have. From here on, those that change after now."""
        ids, self._ids = self._ids, set() if self._known else None
        return None if ids is None else frozenset(ids)

    def note(self, hold_id: str) -> None:
        """One has changed; of too many, none is named."""
        if self._ids is not None:
            self._ids.add(hold_id)
            self._ids = self._ids if len(self._ids) <= _MOST_NAMED else None

    def know(self, *, known: bool) -> None:
        """From here on changes are announced, or not. What was not announced may be anything."""
        self._known, self._ids = known, None


class Signals:
    """One listener for the whole process; `anything` wakes on every change and on every pulse."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._changed = asyncio.Event()
        self._up = True
        self._heard = False
        self._followers = list[Changed]()
        self.changes = 0
        """How many changes were announced so far."""
        self.draining = False
        """Set while the process shuts down: nobody waits for a human any more."""

    async def listen(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                async for hold_id in self._store.changes():
                    self._hear(hold_id)
            except StoreUnavailable:
                self._listening(heard=False)
                self._note(up=False)
                await asyncio.sleep(_PULSE / 4)

    def follow(self) -> Changed:
        """Which holds change from now on, for somebody who asks now and then."""
        follower = Changed()
        follower.know(known=self._heard)
        self._followers.append(follower)
        return follower

    def _hear(self, hold_id: str) -> None:
        """An announcement, or, without an id, that there was none; the first says that there is a line."""
        self._note(up=True)
        self._listening(heard=True)
        if hold_id:
            self.changes += 1
            for follower in self._followers:
                follower.note(hold_id)
        self.wake()

    def _listening(self, *, heard: bool) -> None:
        if heard is not self._heard:
            self._heard = heard
            for follower in self._followers:
                follower.know(known=heard)

    def _note(self, *, up: bool) -> None:
        """Keep the gauge, and log once when the store goes and once when it comes back."""
        self._metrics.store_up.set(up)
        if up and not self._up:
            logger.warning("store.available")
        if self._up and not up:
            logger.error("store.unavailable")
        self._up = up

    def wake(self) -> None:
        """Wake everybody who waits now."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def anything(self, *, within: float = _PULSE) -> None:
        """Return at the next change, after `within` seconds, or after one pulse, whichever is first."""
        changed = self._changed
        try:
            async with asyncio.timeout(min(within, _PULSE)):
                await changed.wait()
        except TimeoutError:
            return
