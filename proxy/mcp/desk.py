"""The path of a tool call on one screen, whatever carries it: judged, held, waited for, run, told of."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from proxy.admission import Admission, refusable
from proxy.failure import ended, report
from proxy.keeping import Keeping
from proxy.keys.seal import SealError
from proxy.mcp.continuing import Continuing
from proxy.replay.courier import Courier
from proxy.replay.replayer import Replayer
from proxy.store.store import Refused
from proxy.store.timing import grace_left
from proxy.talk.talk import TooMuch
from rules.headers import Fields
from rules.hold import Hold, State
from rules.mcp.action import ToolAction
from rules.mcp.answer import (
    blocked_result,
    edited_result,
    no_such_hold,
    refused_method,
    refused_result,
    standing_result,
    standing_text,
    unreadable_result,
)
from rules.mcp.continuing import ask_by_call, asks
from rules.mcp.meaning import Own, Weighed, Wish
from rules.mcp.message import Failure, Members, Message, Request, Result
from rules.mcp.methods import CALL_TOOL, READ_BY_MODELS
from rules.mcp.tasks import Style, created, no_such_task, related, shown
from rules.mcp.wire import read_answer
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId, Refusal, Verdict

logger = logging.getLogger(__name__)

_TAKING_BACK = frozenset({Wish.CANCEL, Wish.TASK_CANCEL})
_ABOUT_TASKS = frozenset({Wish.TASK, Wish.TASK_RESULT, Wish.TASK_CANCEL, Wish.TASK_UPDATE})


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
    admission: Admission
    keeping: Keeping
    replayer: Replayer
    patience: float = 2.0
    tasks: bool = True
    """Whether held calls become tasks for clients that offer it."""

    async def admit(self, asking: Asking, judgement: Judgement) -> Go | Said:
        """Leave to go for a call that was judged like that, or what its agent hears."""
        if judgement.verdict is Verdict.BLOCK:
            self.admission.blocked(asking.asked.call, judgement)
            return _blocked(asking, judgement)
        if judgement.only_reads:
            refusal = self.admission.read(asking.asked.call, judgement)
            return Go(judgement=judgement) if refusal is None else self._refused(asking, refusal)
        outcome = await refusable(self._weigh(asking, judgement))
        return self._refused(asking, outcome) if isinstance(outcome, Refusal) else outcome

    async def _weigh(self, asking: Asking, judgement: Judgement) -> Go | Said | Refusal:
        """Let one call go that does more than read, hold it or refuse it."""
        weighed = await self.admission.weigh(asking.asked.call, judgement)
        if isinstance(weighed, Refusal):
            return weighed
        if weighed.verdict is Verdict.PASS:
            return Go(judgement=weighed)
        if not asking.asked.holdable:
            return _blocked(asking, weighed)
        if hold := await self._continued(asking, weighed):
            return Go(judgement=weighed, continues=hold)
        return await self._hold(asking, weighed)

    async def own(self, own: Own, place: str, *, courier: Courier, gone: Callable[[], bool]) -> Said:
        """What an agent hears that asks for its own hold; anybody else's does not exist."""
        told = await refusable(self._own(own, place, courier=courier, gone=gone))
        return refused_result(told) if isinstance(told, Refusal) else told

    async def _own(self, own: Own, place: str, *, courier: Courier, gone: Callable[[], bool]) -> Said:
        found = await self.keeping.own(own.hold_id)
        if found is None:
            return no_such_task() if own.wish in _ABOUT_TASKS else no_such_hold()
        hold, action = found
        if own.wish in _TAKING_BACK:
            hold = await self._take_back(hold)
        if own.answer:
            hold = await self._reply(hold, own.answer)
        here = isinstance(action, ToolAction) and action.place == place
        run = partial(self._run, courier=courier) if here else None
        hold = await self.keeping.wait(hold, run, gone=gone, seconds=own.wait)
        if own.wish in _ABOUT_TASKS:
            return await self._tell_task(own, hold, here=here)
        return await self._tell_apart(hold) if here else await self._standing(hold)

    async def run(self, hold_id: str, courier: Courier) -> Hold | None:
        """Run a hold of this session, if it is approved and nobody has; returns how it stands then."""
        hold = await self.keeping.store.latest(hold_id)
        if hold is None or hold.state is not State.APPROVED or grace_left(hold):
            return hold
        return await self._run(hold, courier=courier)

    async def note(self, hold: Hold, answer: Message) -> None:
        """See whether the server asks something back in its answer to what continued `hold`."""
        if isinstance(answer, Result):
            outcome = await ended(self._continuing.note(hold, answer.result))
            if isinstance(outcome, BaseException):
                report("mcp.state_not_kept", outcome)

    def look(self, request: Request, result: Members, *, server: str) -> None:
        """See whether what the agent is about to read tries to instruct it."""
        if self.admission.suspicion is None or request.method not in READ_BY_MODELS:
            return
        named = request.params.get("name" if request.method == CALL_TOOL else "uri")
        what = named if isinstance(named, str) else request.method
        self.admission.suspicion.look(result, server=server, what=what)

    @property
    def _continuing(self) -> Continuing:
        return Continuing(store=self.keeping.store, agent=self.keeping.agent)

    async def _continued(self, asking: Asking, judgement: Judgement) -> Hold | None:
        """The approved hold that this call goes on with: the same call to a letter, and not graver now."""
        hold = await self._continuing.take(asking.state) if asking.state else None
        if hold is None or judgement.tier > hold.tier or hold.digest != self._action_of(asking).digest:
            return None
        logger.info("hold.continued hold=%s", hold.hold_id)
        return hold

    async def _hold(self, asking: Asking, judgement: Judgement) -> Said:
        """Record the call durably, then wait a little with its agent for what becomes of it."""
        action = self._action_of(asking)
        fingerprint = self.keeping.agent.tool_fingerprint(action)
        draft = self.keeping.draft(action, judgement, fingerprint=fingerprint, policy=self.ruleset().hash)
        draft = replace(draft, window=self.ruleset().handling(judgement.rule).time_to_decide)
        draft = self.keeping.close(draft, action, reasoning=asking.reasoning)
        hold, _ = await self.keeping.open(draft, asking.asked.call)
        asking.held.add(hold.hold_id)
        told = await self.keeping.follow(self._follow(hold, asking))
        if isinstance(told, ReasonId):
            return unreadable_result(hold.hold_id, success=asking.success)
        return told

    async def _follow(self, hold: Hold, asking: Asking) -> Said:
        run = partial(self._run, courier=asking.courier) if asking.courier is not None else None
        hold = await self.keeping.wait(hold, run, gone=asking.gone, seconds=self.patience)
        if asking.gone():
            return standing_result(hold, success=asking.success)
        # The extension's tasks are for what takes its time; the older ones were asked for as such.
        if asking.tasks is Style.NESTED or (asking.tasks and not hold.settled):
            text = standing_text(hold, await self.keeping.beside(hold))
            return created(hold, asking.tasks, text=text)
        return await self._tell(hold, success=asking.success)

    async def _take_back(self, hold: Hold) -> Hold:
        try:
            return await self.keeping.take_back(hold)
        except Refused as refused:
            return refused.hold or hold

    async def _tell_task(self, own: Own, hold: Hold, *, here: bool) -> Said:
        """What the agent hears of a hold that is a task to it."""
        if own.tasks is Style.FLAT and own.wish is not Wish.TASK:
            return {}
        outcome = await self._tell_apart(hold) if here and hold.settled else None
        if own.wish is Wish.TASK_RESULT:
            outcome = outcome or await self._standing(hold)
            return outcome if isinstance(outcome, Failure) else related(hold, outcome)
        text = standing_text(hold, await self.keeping.beside(hold))
        return shown(hold, own.tasks, text=text, outcome=outcome)

    async def _standing(self, hold: Hold, *, success: bool = False) -> Members:
        return standing_result(hold, await self.keeping.beside(hold), success=success)

    async def _reply(self, hold: Hold, text: str) -> Hold:
        """Keep what the agent answers to a reviewer's question; nothing where nobody asks."""
        try:
            return await self.keeping.reply(hold, text)
        except (Refused, SealError, TooMuch):
            logger.info("hold.answer_not_kept hold=%s", hold.hold_id)
            return hold

    def _action_of(self, asking: Asking) -> ToolAction:
        return self.keeping.agent.tool_action(asking.asked.call, place=asking.place, fields=asking.fields)

    async def _run(self, hold: Hold, *, courier: Courier) -> Hold:
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
        answer: Said | None = await self.keeping.hand_out(hold, await self._answer(hold))
        if isinstance(answer, dict) and self.admission.suspicion is not None:
            self.admission.suspicion.look(answer, server="its server", what="an approved call")
        beside = await self.keeping.beside(hold)
        if answer is None:
            return standing_result(hold, beside, success=success)
        return answer if isinstance(answer, Failure) else edited_result(answer, hold, beside)

    async def _answer(self, hold: Hold) -> Said | None:
        """The server's own answer, if there is one that opens."""
        stored = await self.keeping.answer(hold)
        if stored is None:
            return None
        match read_answer(stored.body):
            case Result(result=result):
                return result
            case Failure() as failure:
                return failure
            case _:
                return None

    def _refused(self, asking: Asking, refusal: Refusal) -> Said:
        self.keeping.metrics.refused(refusal.reason_id)
        logger.info("request.refused reason_id=%s protocol=mcp", refusal.reason_id)
        if not asking.asked.holdable:
            return refused_method(asking.asked.call.tool, refusal.reason)
        return refused_result(refusal, success=asking.success)


def _blocked(asking: Asking, judgement: Judgement) -> Said:
    if not asking.asked.holdable:
        return refused_method(asking.asked.call.tool, judgement.reason)
    return blocked_result(judgement, success=asking.success)
