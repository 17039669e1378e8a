"""What answers have given away about who wrote them: for some minutes, an agent's changes wait for a person.

{sidegate:<domain>}:suspect:<agent>  the words for the newest suspect answer; gone after ten minutes

The only module that knows this key.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from proxy.agent import Agent
from proxy.failure import ended, report
from proxy.store.record import text
from proxy.store.store import Store
from rules.mcp.message import Members
from rules.mcp.suspect import suspect
from rules.review.inert import visible
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId, Tier, Verdict

logger = logging.getLogger(__name__)

_SECONDS = 600
_MOST_NAME = 60
_KEEP = "return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])"
_READ = "return redis.call('GET', KEYS[1]) or ''"


@dataclass(slots=True, kw_only=True)
class Suspicion:
    """The doubts about one agent's session, which its carriers share through the store."""

    store: Store
    agent: Agent
    ruleset: Callable[[], Ruleset]
    tasks: asyncio.TaskGroup
    _words: str = ""
    _until: float = 0.0

    def look(self, result: Members, *, server: str, what: str) -> None:
        """Look at an answer before the agent gets it: its next call is judged by what was seen.

        `what`: the tool, or the method that is no tool's.
        """
        if (found := suspect(result)) is None:
            return
        logger.warning("mcp.answer_suspect server=%s kind=%s", server, found.name.lower())
        names = (visible(name)[:_MOST_NAME] for name in (what, server))
        self._words = "an answer of `{}` from `{}` {}".format(*names, found)
        self._until = monotonic() + _SECONDS
        self.tasks.create_task(self._keep(self._words))

    async def raised(self, judgement: Judgement) -> Judgement:
        """`judgement` of a call that does more than read, in the light of that. Raises StoreUnavailable."""
        if judgement.verdict is Verdict.BLOCK or not (words := await self._newest()):
            return judgement
        if judgement.verdict is Verdict.HOLD:
            return replace(judgement, reason=f"{judgement.reason}; {words}")
        if judgement.tier is not Tier.REVERSIBLE:
            return judgement
        observed = self.ruleset().observed
        return replace(
            judgement,
            tier=Tier.EXTERNAL,
            verdict=Verdict.PASS if observed else Verdict.HOLD,
            reason_id=ReasonId.ANSWER_SUSPECT,
            reason=f"{words}, and this call changes something",
            observed=observed,
        )

    async def _newest(self) -> str:
        if monotonic() < self._until:
            return self._words
        return text(await self.store.evaluate(_READ, [self._name], []))

    async def _keep(self, words: str) -> None:
        outcome = await ended(self.store.evaluate(_KEEP, [self._name], [words, _SECONDS]))
        if isinstance(outcome, BaseException):
            report("mcp.suspicion_not_kept", outcome)

    @property
    def _name(self) -> str:
        return f"suspect:{self.agent.keyed('agent')}"
