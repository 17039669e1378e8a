"""What every call meets that does more than read: the kill switch, its budgets, and a store that answers."""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass

from proxy.agent import Agent
from proxy.audit.recorder import Recorder
from proxy.budgets import afford
from proxy.logs import PassLog
from proxy.metrics import Metrics
from proxy.quality.sampling import Sampling
from proxy.store.history import History
from proxy.store.record import StoreUnavailable
from proxy.store.store import Flooded, Store
from proxy.suspicion import Suspicion
from proxy.tracing.traces import Traces
from rules.call import Call
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict

logger = logging.getLogger(__name__)

_FLOODED = Refusal(
    reason_id=ReasonId.FLOODED,
    reason="the agent has opened more holds than people can decide on; no new ones for some minutes",
    status=429,
)
STORE_AWAY = Refusal(reason_id=ReasonId.STORE_UNAVAILABLE, reason="the store does not answer", status=503)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Where a call's judgement becomes final, whatever carries the call."""

    agent: Agent
    store: Store
    metrics: Metrics
    history: History | None = None
    suspicion: Suspicion | None = None
    audit: Recorder | None = None
    sampling: Sampling | None = None
    """Keeps a few of the calls that pass, for people to look at."""
    traces: Traces | None = None
    passes: PassLog | None = None

    async def weigh(self, call: Call, judgement: Judgement) -> Judgement | Refusal:
        """`judgement` raised by doubts, its budgets charged, recorded and counted, or why it may not go.

        Raises StoreUnavailable.
        """
        if why := await self.store.killed():
            return _stopped(why)
        if self.suspicion is not None:
            judgement = await self.suspicion.raised(judgement)
        judgement = await afford(judgement, agent=self.agent, store=self.store)
        if self.audit is not None and (refusal := await self.audit.judged(call, judgement)):
            return refusal
        self.count(judgement)
        if judgement.verdict is Verdict.PASS:
            self._tell(call, judgement)
            await self.remember(call, judgement)
            self.sample(call, judgement)
        return judgement

    def read(self, call: Call, judgement: Judgement) -> Refusal | None:
        """Count a call that only reads; why it may not go, where that is so."""
        if self.audit is not None and (refusal := self.audit.read(call, judgement)):
            return refusal
        self.count(judgement)
        self._tell(call, judgement)
        self.sample(call, judgement)
        return None

    def blocked(self, call: Call, judgement: Judgement) -> None:
        """Count a call that goes nowhere."""
        if self.audit is not None:
            self.audit.blocked(call, judgement)
        self.count(judgement)
        self._tell(call, judgement)

    def sample(self, call: Call, judgement: Judgement) -> None:
        """Offer what passes to those who look at some of it."""
        if self.sampling is not None:
            self.sampling.offer(call, judgement)

    async def remember(self, call: Call, judgement: Judgement) -> None:
        """Note what passes and changes something, for whoever decides about the agent's next hold."""
        if self.history is not None and judgement.tier >= Tier.REVERSIBLE:
            await self.history.note(self.agent, call, judgement)

    def count(self, judgement: Judgement) -> None:
        """Count a judgement that is final."""
        self.metrics.admitted(judgement)
        if judgement.observed:
            facts = (judgement.tier, judgement.reason_id, judgement.rule)
            logger.info("gate.would_hold tier=%d reason=%s rule=%s", *facts)

    def _tell(self, call: Call, judgement: Judgement) -> None:
        if self.traces is not None:
            self.traces.judged(call, judgement)
        if self.passes is not None and judgement.verdict is Verdict.PASS:
            self.passes.note(call, judgement)


async def refusable[T](work: Awaitable[T]) -> T | Refusal:
    """What `work` returns, or the refusal of a call that the store can or will not take."""
    try:
        return await work
    except Flooded:
        return _FLOODED
    except StoreUnavailable:
        return STORE_AWAY


def _stopped(why: str) -> Refusal:
    return Refusal(
        reason_id=ReasonId.KILL_SWITCH,
        reason=f"an operator has stopped everything that is not read-only: {why}",
        status=403,
    )
