"""The context package of a hold, put together from the store, the rules of now and what is remembered."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from proxy.agent import Agent
from proxy.console.reading.shown import standing
from proxy.console.reviewing import Reviewing
from proxy.drift.shots import Shots
from proxy.keys.seal import SealError, Shredded
from proxy.store.history import party_key, session_key, shape_key
from proxy.store.record import StoreUnavailable
from proxy.talk.talk import Talk
from rules.action import Action
from rules.call import Call
from rules.hold import Hold, State
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.review import past as memory
from rules.review.document import document
from rules.review.facts import facts_of, words_of_hold
from rules.review.package import Around, Facts, Subject
from rules.review.past import DAY, Past
from rules.review.reasoning import PART
from rules.ruleset import Ruleset
from rules.talk import with_agent
from rules.verdict import Refusal

_SIMILAR, _LAST = 3, 4
_RAN = frozenset({State.SENDING, State.EXECUTED, State.EXECUTION_ERROR, State.OUTCOME_UNKNOWN})


class Packages:
    """Makes them."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def facts(self, hold: Hold, action: Action | ToolAction) -> Facts:
        """What an approval of `hold` is bound to. Raises SealError, and counts it, where it was changed."""
        ruleset = self._reviewing.ruleset()
        shots = Shots(self._reviewing.store, self._reviewing.sealed)
        try:
            before = await shots.before(hold) if hold.probed else None
            said = await self._reviewing.store.sealed(hold.hold_id, part=PART)
            talk = await Talk(self._reviewing.store, self._reviewing.sealed).about(hold)
            reasoning = "" if said is None else str(self._reviewing.sealed.open_part(hold, PART, said))
        except Shredded:
            raise
        except SealError:
            self._reviewing.metrics.integrity_failures.inc()
            raise
        subject = Subject(
            hold=hold,
            action=action,
            call=None,
            ruleset=ruleset,
            shots=before or (),
            reasoning=reasoning,
            talk=with_agent(talk),
            known_hosts=ruleset.named_hosts,
            unanswered=self._reviewing.ladder.words(hold),
        )
        # A body of megabytes takes its time.
        return await asyncio.to_thread(_facts, subject)

    async def words(self, hold: Hold, action: Action | ToolAction) -> str:
        """What `hold` would do in plain words, without its context."""
        subject = Subject(hold=hold, action=action, call=None, ruleset=self._reviewing.ruleset())
        return await asyncio.to_thread(_words, subject)

    async def document(self, hold: Hold, facts: Facts, action: Action | ToolAction) -> dict[str, Any]:
        """The package as JSON values."""
        around = await self._around(hold, facts, action)
        return await asyncio.to_thread(document, facts, around)

    async def _around(self, hold: Hold, facts: Facts, action: Action | ToolAction) -> Around:
        history, agent = self._reviewing.history, self._reviewing.agent
        if history is None or agent is None:
            return Around()
        agent = replace(agent, principal=action.principal)
        try:
            past = [one for one in await history.newest(agent) if one.hold_id != hold.hold_id]
            return self._of(hold, facts, agent, await self._with_outcomes(past))
        except StoreUnavailable:
            return Around()

    def _of(self, hold: Hold, facts: Facts, agent: Agent, past: Sequence[Past]) -> Around:
        rule = self._reviewing.ruleset().rule(hold.rule)
        window = timedelta(seconds=rule.budget.window) if rule and rule.budget else DAY
        since = self._reviewing.now() - window
        seen = None
        if facts.party is not None:
            key = party_key(agent, facts.party)
            seen = any(one.party == key and one.ran for one in past)
        return Around(
            party_seen=seen,
            spent=None if facts.money is None else memory.spent(past, facts.money, since=since),
            since=since if facts.money is not None else None,
            similar=tuple(memory.similar(past, shape_key(agent, facts.shape), most=_SIMILAR)),
            last=tuple(memory.last(past, session_key(agent), most=_LAST)),
        )

    async def _with_outcomes(self, past: Sequence[Past]) -> list[Past]:
        """What became of those that were held, by their holds as they stand."""
        found = await self._reviewing.store.several([one.hold_id for one in past if one.hold_id])
        holds = {hold.hold_id: hold for hold in found}
        return [_with_outcome(one, holds.get(one.hold_id)) for one in past]


def _with_outcome(past: Past, hold: Hold | None) -> Past:
    return past if hold is None else replace(past, outcome=standing(hold), ran=hold.state in _RAN)


def read(action: Action | ToolAction, ruleset: Ruleset) -> Call | None:
    """The call that `action` is under the rules of now, or None where it cannot be read any more."""
    if isinstance(action, ToolAction):
        return action.call
    call = normalize(action.message(), paths=ruleset.paths)
    return None if isinstance(call, Refusal) else call


def _words(subject: Subject) -> str:
    return words_of_hold(replace(subject, call=read(subject.action, subject.ruleset)))


def _facts(subject: Subject) -> Facts:
    return facts_of(replace(subject, call=read(subject.action, subject.ruleset)))
