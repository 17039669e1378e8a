"""What stands before every call that does more than read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from proxy.admission import STORE_AWAY, Admission, refusable
from proxy.agent import Agent
from proxy.quality.sampling import Sampling
from proxy.store.record import StoreUnavailable
from proxy.store.store import Flooded
from rules.action import Principal
from rules.call import ToolCall
from rules.verdict import Judgement, ReasonId, Refusal, Spend, Tier, Verdict
from tests.proxy.console.world import World

CALL = ToolCall(server="bank", tool="note", arguments={})
SPEND = Spend(rule="small", shares=(), amount=Decimal(60), limit=Decimal(100), window=60, over=Tier.HIGH_RISK)
PASSING = Judgement(
    tier=Tier.REVERSIBLE, verdict=Verdict.PASS, reason_id=ReasonId.RULE, reason="", spends=(SPEND,)
)


@dataclass(frozen=True, slots=True)
class Entrance:
    """An admission and the store behind it."""

    admission: Admission
    world: World

    async def remembered(self) -> int:
        """How many calls of the agent are remembered."""
        return len(await self.world.history.newest(self.admission.agent))

    def counted(self, verdict: Verdict) -> float:
        """How many judgements of tier 2 were counted with that verdict."""
        value = self.world.metrics.admissions.labels(2, verdict, ReasonId.RULE)._value.get()
        return float(value)


@pytest.fixture
async def entrance(redis_url: str) -> AsyncIterator[Entrance]:
    """Give one with a history."""
    world = World.build(redis_url)
    agent = Agent(principal=Principal(agent="a"), secret_headers=frozenset(), key=b"k" * 32)
    yield Entrance(
        Admission(agent=agent, store=world.store, metrics=world.metrics, history=world.history), world
    )
    await world.redis.aclose()


async def test_what_fits_passes_is_counted_and_remembered(entrance: Entrance) -> None:
    """The next one exceeds its budget, and is neither counted as passed nor remembered as such."""
    assert await entrance.admission.weigh(CALL, PASSING) is PASSING
    over = await entrance.admission.weigh(CALL, PASSING)
    assert isinstance(over, Judgement)
    assert (over.verdict, over.reason_id) == (Verdict.HOLD, ReasonId.BUDGET)
    assert (entrance.counted(Verdict.PASS), await entrance.remembered()) == (1, 1)


async def test_what_passes_may_be_looked_at(entrance: Entrance) -> None:
    """Reads and what can be undone are offered; what is held instead is not."""
    world = entrance.world
    sampling = Sampling(
        agent=entrance.admission.agent,
        passes=world.reviewing().passes,
        metrics=world.metrics,
        rate=1.0,
        ttl=timedelta(hours=1),
        most=9,
    )
    admission = replace(entrance.admission, sampling=sampling)
    assert admission.read(CALL, replace(PASSING, tier=Tier.READ_ONLY, spends=())) is None
    for _ in range(2):
        await admission.weigh(CALL, PASSING)
    assert sampling._due.qsize() == 2


async def test_the_kill_switch_comes_before_every_budget(entrance: Entrance) -> None:
    """Nothing is charged or counted for what it stops."""
    await entrance.world.store.kill("ada: look into it")
    refusal = await entrance.admission.weigh(CALL, PASSING)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason_id, refusal.status) == (ReasonId.KILL_SWITCH, 403)
    assert "look into it" in refusal.reason
    assert (entrance.counted(Verdict.PASS), await entrance.remembered()) == (0, 0)
    await entrance.world.store.kill(None)
    assert await entrance.admission.weigh(CALL, PASSING) is PASSING


async def test_reads_leave_no_trace(entrance: Entrance) -> None:
    """A reviewer sees what changed something, and nothing else."""
    await entrance.admission.remember(CALL, replace(PASSING, tier=Tier.READ_ONLY))
    assert await entrance.remembered() == 0


@pytest.mark.parametrize(
    ("raised", "reason_id", "status"),
    [
        (Flooded(), ReasonId.FLOODED, 429),
        (StoreUnavailable("gone"), STORE_AWAY.reason_id, 503),
    ],
    ids=["flooded", "store away"],
)
async def test_what_the_store_does_not_take_is_refused(
    raised: Exception, reason_id: ReasonId, status: int
) -> None:
    """Whichever step finds it."""

    async def failing() -> str:
        raise raised

    refusal = await refusable(failing())
    assert isinstance(refusal, Refusal)
    assert (refusal.reason_id, refusal.status) == (reason_id, status)


async def test_other_failures_stay_failures() -> None:
    """They are for the one place that catches everything, and never taken for a refusal."""

    async def failing() -> str:
        raise RuntimeError("unforeseen")

    with pytest.raises(RuntimeError):
        await refusable(failing())
