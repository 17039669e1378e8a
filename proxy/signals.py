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


class Signals:
    """One listener for the whole process; `anything` wakes on every change and on every pulse."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._changed = asyncio.Event()
        self._up = True
        self.changes = 0
        """How many changes were announced so far."""
        self.draining = False
        """Set while the process shuts down: nobody waits for a human any more."""

    async def listen(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                async for hold_id in self._store.changes():
                    self._note(up=True)
                    self.changes += bool(hold_id)
                    self.wake()
            except StoreUnavailable:
                self._note(up=False)
                await asyncio.sleep(_PULSE / 4)

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
