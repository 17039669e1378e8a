"""Budgets charged before a call goes: what several calls add up to, in the store."""

from proxy.agent import Agent
from proxy.store.store import Store
from rules.classify import over_budget
from rules.verdict import Judgement


async def afford(judgement: Judgement, *, agent: Agent, store: Store) -> Judgement:
    """`judgement` with its budgets charged, or the one of a call that exceeds one of them."""
    for spend in judgement.spends:
        budget = agent.keyed("budget", spend.rule, *spend.shares)
        if not await store.spend(spend, budget=budget):
            return over_budget(spend)
    return judgement
