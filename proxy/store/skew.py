"""Tells when the store's clock and ours are apart: approvals lapse by the one and are signed by the other."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from proxy.metrics import Metrics
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store

logger = logging.getLogger(__name__)

TOLERATED = timedelta(seconds=5)
_EVERY = 30.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """Compares the clocks now and then."""

    store: Store
    metrics: Metrics
    now: Callable[[], datetime] = _now

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            with suppress(StoreUnavailable):
                await self.measure()
            await asyncio.sleep(_EVERY)

    async def measure(self) -> timedelta:
        """How far the store's clock is ahead of ours; beyond what is tolerated it is logged each time."""
        before = self.now()
        there = await self.store.now()
        skew = there - (before + (self.now() - before) / 2)
        self.metrics.clock_skew_seconds.set(skew.total_seconds())
        if abs(skew) > TOLERATED:
            logger.error(
                "clock.skew seconds=%.1f: the store's clock and this machine's are apart, set both by NTP",
                skew.total_seconds(),
            )
        return skew
