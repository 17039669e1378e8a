"""The path of a tool call on one screen, whatever carries it: judged, held, waited for, run, told of."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Self

from ulid import ULID

from proxy.agent import Agent
from proxy.budgets import afford
from proxy.failure import ended, report
from proxy.holding import Holding
from proxy.keys.seal import SealError
from proxy.keys.sealed import Sealed
from proxy.mcp.continuing import Continuing
from proxy.metrics import Metrics
from proxy.replay.courier import Courier
from proxy.replay.replayer import Replayer
from proxy.signals import Signals
from proxy.store.history import History
from proxy.store.record import Draft, StoreUnavailable
from proxy.store.store import Flooded, Refused, Store
from proxy.store.timing import grace_left
from rules.action import Action
from rules.headers import Fields
from rules.hold import REMEMBERED, Event, Hold, State
from rules.mcp.action import ToolAction
from rules.mcp.answer import (
    blocked_result,
    no_such_hold,
    refused_method,
    refused_result,
    standing_result,
    standing_text,
    unreadable_result,
)
from rules.mcp.continuing import ask_by_call, asks
from rules.mcp.meaning import Own, Weighed, Wish
from rules.mcp.message import Failure, Members, Message, Result
from rules.mcp.tasks import Style, created, no_such_task, related, shown
from rules.mcp.wire import read_answer
from rules.review.reasoning import PART as REASONING
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict

logger = logging.getLogger(__name__)

_RUN_AGAIN_AFTER = 5.0
_ANSWERED = frozenset({State.EXECUTED, State.EXECUTION_ERROR})
_TAKING_BACK = frozenset({Wish.CANCEL, Wish.TASK_CANCEL})
_ABOUT_TASKS = frozenset({Wish.TASK, Wish.TASK_RESULT, Wish.TASK_CANCEL, Wish.TASK_UPDATE})
_FLOODED = Refusal(
    reason_id=ReasonId.FLOODED,
    reason="the agent has opened more holds than people can decide on; no new ones for some minutes",
)
_STORE_AWAY = Refusal(reason_id=ReasonId.STORE_UNAVAILABLE, reason="the store does not answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Leave for one call to go to its server now."""

    judgement: Judgement
    continues: Hold | None = None
    """The approved hold that this call is the continuation of."""


type Said = Members | Failure
"""What the agent hears instead of the server's answer: a tool's result, or its server's error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One call, and the session that it came by."""

    asked: Weighed
    place: str
    courier: Courier | None
    """None where nothing of it can be held."""
    fields: Fields = ()
    """The header fields that go with the call."""
    gone: Callable[[], bool] = lambda: False
    held: set[str] = field(default_factory=set)
    """Ids of holds that its session has to run."""
    success: bool = False
    """Whether its client shows a model only successes."""
    reasoning: str = ""
    """What the agent says for itself."""
    tasks: Style | None = None
    """Which tasks its client takes in place of a result."""
    state: str | None = None
    """What its server gave it to be known by, in an answer to the same call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the gate does with a tool call. `patience`: seconds that a held one waits for its decision."""

    ruleset: Callable[[], Ruleset]
    agent: Agent
    store: Store
    sealed: Sealed
    signals: Signals
    replayer: Replayer
    metrics: Metrics
    patience: float = 2.0
    history: History | None = None
    tasks: bool = True
    """Whether held calls become tasks for clients that offer it."""

    @classmethod
    def beside(cls, holding: Holding, ruleset: Callable[[], Ruleset]) -> Self:
        """The desk for the tool calls of the agent whose requests `holding` holds."""
        return cls(
            ruleset=ruleset,
            agent=holding.agent,
            store=holding.store,
            sealed=holding.sealed,
            signals=holding.signals,
            replayer=holding.replayer,
            metrics=holding.metrics,
            history=holding.history,
        )

    async def admit(self, asking: Asking, judgement: Judgement) -> Go | Said:
        """Leave to go for a call that was judged like that, or what its agent hears."""
        if judgement.verdict is Verdict.BLOCK:
            self.metrics.admitted(judgement)
            return _blocked(asking, judgement)
        if only_reads(judgement):
            self.metrics.admitted(judgement)
            return Go(judgement=judgement)
        try:
            if why := await self.store.killed():
                return self._refused(asking, _stopped(why))
            judgement = await afford(judgement, agent=self.agent, store=self.store)
            self.metrics.admitted(judgement)
            if judgement.verdict is Verdict.PASS:
                await self._remember(asking, judgement)
                return Go(judgement=judgement)
            if not asking.asked.holdable:
                return _blocked(asking, judgement)
            if hold := await self._continued(asking, judgement):
                return Go(judgement=judgement, continues=hold)
            return await self._hold(asking, judgement)
        except Flooded:
            return self._refused(asking, _FLOODED)
        except StoreUnavailable:
            return self._refused(asking, _STORE_AWAY)

    async def own(self, own: Own, place: str, *, courier: Courier, gone: Callable[[], bool]) -> Said:
        """What an agent hears that asks for its own hold; anybody else's does not exist."""
        try:
            hold = await self.store.find(own.hold_id)
            action = None if hold is None else await self._action(hold)
            if hold is None or action is None or action.principal != self.agent.principal:
                return no_such_task() if own.wish in _ABOUT_TASKS else no_such_hold()
            if own.wish in _TAKING_BACK:
                hold = await self._take_back(hold)
            here = isinstance(action, ToolAction) and action.place == place
            hold = await self._wait(hold, courier if here else None, gone=gone, seconds=own.wait)
            if own.wish in _ABOUT_TASKS:
                return await self._tell_task(own, hold, here=here)
            return await self._tell_apart(hold) if here else standing_result(hold)
        except StoreUnavailable:
            return refused_result(_STORE_AWAY)

    async def run(self, hold_id: str, courier: Courier) -> Hold | None:
        """Run a hold of this session, if it is approved and nobody has; returns how it stands then."""
        hold = await self.store.find(hold_id)
        if hold is None or hold.state is not State.APPROVED or grace_left(hold):
            return hold
        return await self._run(hold, courier)

    async def note(self, hold: Hold, answer: Message) -> None:
        """See whether the server asks something back in its answer to what continued `hold`."""
        if isinstance(answer, Result):
            outcome = await ended(self._continuing.note(hold, answer.result))
            if isinstance(outcome, BaseException):
                report("mcp.state_not_kept", outcome)

    @property
    def _continuing(self) -> Continuing:
        return Continuing(store=self.store, agent=self.agent)

    async def _continued(self, asking: Asking, judgement: Judgement) -> Hold | None:
        """The approved hold that this call goes on with: the same call to a letter, and not graver now."""
        hold = await self._continuing.take(asking.state) if asking.state else None
        if hold is None or judgement.tier > hold.tier or hold.digest != self._action_of(asking).digest:
            return None
        logger.info("hold.continued hold=%s", hold.hold_id)
        return hold

    async def _hold(self, asking: Asking, judgement: Judgement) -> Said:
        """Record the call durably, then wait a little with its agent for what becomes of it."""
        hold, new = await self.store.open(self._draft(asking, judgement))
        if new:
            self.metrics.holds_opened.labels(int(hold.tier)).inc()
            logger.info("hold.opened hold=%s tier=%d protocol=mcp", hold.hold_id, hold.tier)
            with suppress(StoreUnavailable):
                await self._remember(asking, hold)
        else:
            self.metrics.retries_joined.inc()
        asking.held.add(hold.hold_id)
        outcome = await ended(self._follow(hold, asking))
        if not isinstance(outcome, BaseException):
            return outcome
        # From here on the hold may have been run: what is said may not deny it.
        if not isinstance(outcome, StoreUnavailable):
            report("gate.failed", outcome)
        return unreadable_result(hold.hold_id, success=asking.success)

    async def _follow(self, hold: Hold, asking: Asking) -> Said:
        hold = await self._wait(hold, asking.courier, gone=asking.gone, seconds=self.patience)
        if asking.gone():
            return standing_result(hold, success=asking.success)
        # The extension's tasks are for what takes its time; the older ones were asked for as such.
        if asking.tasks is Style.NESTED or (asking.tasks and not hold.settled):
            return created(hold, asking.tasks, text=standing_text(hold))
        return await self._tell(hold, success=asking.success)

    async def _take_back(self, hold: Hold) -> Hold:
        """Cancel what its own agent no longer wants, if it is not too late; it knows, so the call is free."""
        fields = {"note": b"its agent took it back", "collected": b"1"}
        try:
            cancelled = await self.store.step(hold, Event.CANCEL, release=True, fields=fields)
        except Refused as refused:
            return refused.hold or hold
        self.metrics.transitions.labels(Event.CANCEL).inc()
        logger.info("hold.cancelled hold=%s protocol=mcp", hold.hold_id)
        return cancelled

    async def _tell_task(self, own: Own, hold: Hold, *, here: bool) -> Said:
        """What the agent hears of a hold that is a task to it."""
        if own.tasks is Style.FLAT and own.wish is not Wish.TASK:
            return {}
        outcome = await self._tell_apart(hold) if here and hold.settled else None
        if own.wish is Wish.TASK_RESULT:
            outcome = outcome or standing_result(hold)
            return outcome if isinstance(outcome, Failure) else related(hold, outcome)
        return shown(hold, own.tasks, text=standing_text(hold), outcome=outcome)

    def _draft(self, asking: Asking, judgement: Judgement) -> Draft:
        action = self._action_of(asking)
        hold_id = str(ULID())
        draft = Draft(
            hold_id=hold_id,
            agent=self.agent.keyed("agent"),
            digest=action.digest,
            fingerprint=self.agent.tool_fingerprint(action),
            idempotency_key=self.agent.idempotency_key(hold_id),
            tier=judgement.tier,
            rule=judgement.rule,
            reason_id=judgement.reason_id,
            reason=judgement.reason,
            policy=self.ruleset().hash,
            sealed=b"",
            key=self.sealed.fresh_key(hold_id, action.digest),
        )
        said = self.sealed.close_part(draft, REASONING, asking.reasoning) if asking.reasoning else b""
        return replace(draft, sealed=self.sealed.close_action(draft, action), reasoning=said)

    async def _remember(self, asking: Asking, judged: Judgement | Hold) -> None:
        """Note what changes something, for whoever decides about the agent's next hold."""
        if self.history is not None and judged.tier >= Tier.REVERSIBLE:
            await self.history.note(self.agent, asking.asked.call, judged)

    def _action_of(self, asking: Asking) -> ToolAction:
        return self.agent.tool_action(asking.asked.call, place=asking.place, fields=asking.fields)

    async def _wait(
        self, hold: Hold, courier: Courier | None, *, gone: Callable[[], bool], seconds: float
    ) -> Hold:
        """Until the hold is settled, the patience is over, or the agent has gone."""
        end, run_at = monotonic() + seconds, 0.0
        while not hold.settled and not gone():
            ready = hold.state is State.APPROVED and monotonic() >= run_at and not grace_left(hold)
            if courier is not None and ready:
                hold = await self._run(hold, courier)
                # Given back means not sent: at once again, it would be tried without end.
                run_at = monotonic() + _RUN_AGAIN_AFTER
            left = end - monotonic()
            if hold.settled or left <= 0 or self.signals.draining:
                break
            await self.signals.anything(within=left)
            hold = await self.store.find(hold.hold_id) or hold
        return hold

    async def _run(self, hold: Hold, courier: Courier) -> Hold:
        try:
            hold = await self.replayer.run(hold, courier=courier)
        except Refused as refused:
            return refused.hold or hold
        answer = await self._answer(hold)
        if isinstance(answer, dict):
            await self._continuing.note(hold, answer)
        return hold

    async def _tell_apart(self, hold: Hold) -> Said:
        """What an agent hears by another way than the call itself, which alone can be asked something."""
        answer = await self._answer(hold)
        if isinstance(answer, dict) and asks(answer):
            return ask_by_call(hold.hold_id)
        return await self._tell(hold)

    async def _tell(self, hold: Hold, *, success: bool = False) -> Said:
        """What the agent hears; an outcome is told once, a denial and a doubt every time."""
        if not hold.settled or hold.state in REMEMBERED:
            return standing_result(hold, success=success)
        answer = await self._answer(hold)
        if answer is None and hold.state in _ANSWERED:
            # It ran: that is told every time, so that it never runs again.
            return standing_result(hold, success=success)
        try:
            await self.store.collect(hold)
        except StoreUnavailable:
            # Better told twice than not at all.
            logger.warning("hold.collect_not_recorded hold=%s", hold.hold_id)
        return answer or standing_result(hold, success=success)

    async def _answer(self, hold: Hold) -> Said | None:
        """The server's own answer, if there is one that opens."""
        if hold.state not in _ANSWERED:
            return None
        try:
            stored = self.sealed.open_answer(hold, await self.store.sealed(hold.hold_id, part="answer"))
        except SealError:
            self._report_broken(hold)
            return None
        match read_answer(stored.body):
            case Result(result=result):
                return result
            case Failure() as failure:
                return failure
            case _:
                return None

    async def _action(self, hold: Hold) -> ToolAction | Action | None:
        try:
            return self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        except SealError:
            self._report_broken(hold)
            return None  # whose it was, nobody can tell

    def _report_broken(self, hold: Hold) -> None:
        self.metrics.integrity_failures.inc()
        logger.error("gate.integrity hold=%s", hold.hold_id)

    def _refused(self, asking: Asking, refusal: Refusal) -> Said:
        self.metrics.refusals.labels(refusal.reason_id).inc()
        logger.info("request.refused reason_id=%s protocol=mcp", refusal.reason_id)
        if not asking.asked.holdable:
            return refused_method(asking.asked.call.tool, refusal.reason)
        return refused_result(refusal, success=asking.success)


def only_reads(judgement: Judgement) -> bool:
    """Whether a call may go without asking the store for anything."""
    return judgement.tier is Tier.READ_ONLY and judgement.verdict is Verdict.PASS and not judgement.spends


def _blocked(asking: Asking, judgement: Judgement) -> Said:
    if not asking.asked.holdable:
        return refused_method(asking.asked.call.tool, judgement.reason)
    return blocked_result(judgement, success=asking.success)


def _stopped(why: str) -> Refusal:
    return Refusal(
        reason_id=ReasonId.KILL_SWITCH,
        reason=f"an operator has stopped everything that is not read-only: {why}",
    )
