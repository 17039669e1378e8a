"""Which passing calls are kept for people to look at: chosen by a keyed hash, and beside the calls' way.

Nothing here delays a call or fails it: what does not fit, or cannot be kept, is counted and let go.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from ulid import ULID

from proxy.agent import Agent
from proxy.failure import ended, report
from proxy.metrics import Metrics
from proxy.quality.passes import Passes, Sample
from proxy.store.record import StoreUnavailable
from rules.call import Call, HttpCall
from rules.verdict import Judgement, Tier, Verdict

logger = logging.getLogger(__name__)

_WAITING = 32
_WHOLE = 2**64


def _fresh() -> Callable[[], bytes]:
    """Something else each time, which only this process knows."""
    nonce, numbers = secrets.token_bytes(16), count()
    return lambda: nonce + next(numbers).to_bytes(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Takes a fraction `rate` of what passes in tiers 1 and 2; at most `most`, each for `ttl`."""

    agent: Agent
    passes: Passes
    metrics: Metrics
    rate: float
    ttl: timedelta
    most: int
    drawn: Callable[[], bytes] = field(default_factory=_fresh)
    """What is hashed for the next call: nothing of the call itself, so that no agent can steer it."""
    _due: asyncio.Queue[Sample] = field(default_factory=lambda: asyncio.Queue(maxsize=_WAITING))

    def offer(self, call: Call, judgement: Judgement) -> None:
        """A call passes: it may be one of them."""
        if not self.rate or judgement.tier > Tier.REVERSIBLE or judgement.verdict is not Verdict.PASS:
            return
        hashed = hashlib.blake2b(self.drawn(), digest_size=8, key=self.agent.key[:64]).digest()
        if int.from_bytes(hashed) >= self.rate * _WHOLE:
            return
        try:
            self._due.put_nowait(self._sample(call, judgement))
        except asyncio.QueueFull:
            self.metrics.pass_audit_dropped.inc()

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            sample = await self._due.get()
            outcome = await ended(self.passes.keep(sample, ttl=self.ttl, most=self.most))
            if outcome is True:
                self.metrics.pass_audit_sampled.labels(int(sample.tier)).inc()
                continue
            self.metrics.pass_audit_dropped.inc()
            if isinstance(outcome, BaseException) and not isinstance(outcome, StoreUnavailable):
                report("pass_audit.failed", outcome)

    def _sample(self, call: Call, judgement: Judgement) -> Sample:
        agent = self.agent
        action = agent.action(call) if isinstance(call, HttpCall) else agent.tool_action(call, place="")
        return Sample.of(str(ULID()), action, judgement)
