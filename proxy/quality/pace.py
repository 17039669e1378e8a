"""How long people look at a hold before they decide, and whether they decide in time.

{sidegate:<domain>}:viewed:<hold>  hash, when each person saw it first, in ms; expires like the hold
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from proxy.metrics import Metrics
from proxy.store.record import StoreUnavailable, text
from proxy.store.store import Store
from rules.hold import Event, Hold, State
from rules.verdict import Tier

USUAL = {Tier.EXTERNAL: timedelta(seconds=5), Tier.HIGH_RISK: timedelta(seconds=15)}
"""An approval that comes sooner after the first view is a fast one."""

DWELT = (Event.APPROVE, Event.REJECT, Event.RESPOND)
"""The decisions for which it is measured; a vote counts as the approval that it is a part of."""

_NOTE = """
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
"""
_WHEN = "return redis.call('HGET', KEYS[1], ARGV[1]) or ''"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Notes who saw what when, and measures by that. `fast`: by tier, how soon is too soon."""

    store: Store
    metrics: Metrics
    fast: Mapping[Tier, timedelta]
    now: Callable[[], datetime]

    async def viewed(self, hold: Hold, *, who: str) -> None:
        """Somebody is shown a hold whole. Only what waits for a decision is noted."""
        if hold.state is State.PENDING:
            at = int(self.now().timestamp() * 1000)
            await self.store.evaluate(_NOTE, [f"viewed:{hold.hold_id}"], [who, at, self.store.kept])

    async def decided(self, hold: Hold, event: Event, *, who: str) -> None:
        """Somebody has decided about `hold`, which stands here as it was before. Fails nobody."""
        said = Event.APPROVE if event is Event.VOTE else event
        if hold.state is not State.PENDING or said not in DWELT:
            return
        if event is not Event.VOTE:
            self.metrics.deadlines.labels("met").inc()
        with suppress(StoreUnavailable):  # the decision stands
            dwelt = await self._dwelt(hold, who)
            # Who decides in a chat or by mail has seen it there, nobody knows when.
            if dwelt is not None:
                self._measure(hold.tier, said, dwelt)

    async def _dwelt(self, hold: Hold, who: str) -> timedelta | None:
        first = text(await self.store.evaluate(_WHEN, [f"viewed:{hold.hold_id}"], [who]))
        if not first.isdecimal():
            return None
        return max(timedelta(0), self.now() - datetime.fromtimestamp(int(first) / 1000, tz=self.now().tzinfo))

    def _measure(self, tier: Tier, said: Event, dwelt: timedelta) -> None:
        self.metrics.review_dwell_seconds.labels(said).observe(dwelt.total_seconds())
        limit = self.fast.get(tier)
        if said is Event.APPROVE and limit is not None and dwelt < limit:
            self.metrics.fast_approvals.labels(int(tier)).inc()
