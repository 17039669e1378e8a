"""Budgets that several calls share."""

from dataclasses import replace
from decimal import Decimal

from proxy.agent import Agent
from proxy.budgets import afford
from rules.action import Principal
from rules.verdict import Judgement, ReasonId, Spend, Tier, Verdict
from tests.proxy.console.world import World


async def test_what_does_not_fit_any_more_is_judged_as_over(redis_url: str) -> None:
    """The first fits, the second does not, and another agent has a budget of its own."""
    world = World.build(redis_url)
    agent = Agent(principal=Principal(agent="a"), secret_headers=frozenset(), key=b"k" * 32)
    spend = Spend(
        rule="small", shares=("x",), amount=Decimal(60), limit=Decimal(100), window=60, over=Tier.HIGH_RISK
    )
    judged = Judgement(
        tier=Tier.REVERSIBLE, verdict=Verdict.PASS, reason_id=ReasonId.RULE, reason="", spends=(spend,)
    )
    other = replace(agent, principal=Principal(agent="b"))
    assert await afford(judged, agent=agent, store=world.store) is judged
    over = await afford(judged, agent=agent, store=world.store)
    assert (over.tier, over.reason_id) == (Tier.HIGH_RISK, ReasonId.BUDGET)
    assert await afford(judged, agent=other, store=world.store) is judged
    await world.redis.aclose()
