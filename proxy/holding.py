"""A held call: recorded, waited for with its agent, run with its help where it must be, and told of."""

from dataclasses import dataclass, replace
from functools import partial

from addons.exchange import Request
from proxy.drift.snapshots import Snapshots
from proxy.keeping import Keeping
from proxy.keys.seal import SealError
from proxy.replay.replayer import Replayer
from proxy.store.record import Draft
from proxy.store.store import Refused
from proxy.talk.talk import TooMuch
from rules.call import HttpCall
from rules.headers import Fields, preferences
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.reply import STATUS_HOST, Reply, as_json, describe, document, outcome, standing, unreadable
from rules.review.reasoning import said_by
from rules.talk import MAX_ANSWER, answer_in
from rules.verdict import Judgement, ReasonId

_OF_ONE = 2
"""Parts of the path of one hold."""
_NOTHING_ELSE = (
    f"only http://{STATUS_HOST}/holds/<id> can be read or, with DELETE, cancelled here, "
    "and with POST to <id>/answer what a reviewer asks can be answered"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long a held request may wait for its answer on the connection, in seconds."""

    usual: float = 20.0
    most: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the gate does with a call that needs a human."""

    keeping: Keeping
    replayer: Replayer
    snapshots: Snapshots
    waiting: Waiting

    async def would_use(self, call: HttpCall, rule: str | None) -> str:
        """Which configured secrets would go out with `call` now. Raises StoreUnavailable."""
        return await self.replayer.generations(self.keeping.agent.action(call), rule=rule)

    def draft(self, call: HttpCall, judgement: Judgement, *, policy: str, credential: str = "") -> Draft:
        """The hold that `call` would become, with its action sealed in it."""
        action = self.keeping.agent.action(call)
        fingerprint = self.keeping.agent.fingerprint(action, call)
        draft = replace(
            self.keeping.draft(action, judgement, fingerprint=fingerprint, policy=policy),
            credential=credential,
            window=self.replayer.ruleset().handling(judgement.rule).time_to_decide,
            probed=bool(self.snapshots.reads(call, judgement.rule)),
        )
        return self.keeping.close(draft, action, reasoning=said_by(call.fields))

    async def hold(self, draft: Draft, request: Request, call: HttpCall) -> Reply:
        """Record the call durably, then wait as long as the agent does for what becomes of it.

        Raises Flooded and StoreUnavailable, if it could not be recorded.
        """
        hold, new = await self.keeping.open(draft, call)
        if new:
            agent, wanted = self.keeping.agent, self.snapshots.reads(call, hold.rule)
            self.snapshots.begin(hold, agent.action(call), wanted, live=agent.credentials(call))
        told = await self.keeping.follow(self._follow(hold, request, call))
        return unreadable(hold.hold_id, told) if isinstance(told, ReasonId) else told

    async def status(self, call: HttpCall) -> Reply:
        """An agent's look at its own hold, or DELETE to take it back; anybody else's does not exist.

        Raises StoreUnavailable.
        """
        answers = call.method == "POST" and call.segments[2:] == ("answer",)
        plain = call.method in ("GET", "DELETE") and len(call.segments) == _OF_ONE
        if call.segments[0] != "holds" or not (answers or plain):
            return document(404, {"detail": _NOTHING_ELSE})
        own = await self.keeping.own(call.segments[1])
        if own is None:
            return document(404, {"detail": "there is no such hold of this agent"})
        hold, _ = own
        if call.method == "DELETE":
            return await self._cancel(hold)
        if answers:
            return await self._answered(hold, call)
        answer, told = await self.keeping.answer(hold), describe(hold, await self.keeping.beside(hold))
        return document(200, told | {"answer": None if answer is None else as_json(answer)})

    async def _answered(self, hold: Hold, call: HttpCall) -> Reply:
        """Keep what the agent answers to a reviewer's question."""
        text = answer_in(call)
        if text is None:
            detail = f"the answer has to be a text of 1 to {MAX_ANSWER} bytes, or JSON with it as `answer`"
            return document(400, {"detail": detail})
        try:
            return document(200, describe(await self.keeping.reply(hold, text)))
        except (Refused, SealError, TooMuch):
            detail = "nobody asks you anything about this hold; nothing was recorded"
            return document(409, describe(hold) | {"detail": detail})

    async def _cancel(self, hold: Hold) -> Reply:
        try:
            return document(200, describe(await self.keeping.take_back(hold)))
        except Refused as refused:
            return document(409, describe(refused.hold or hold))

    async def _follow(self, hold: Hold, request: Request, call: HttpCall) -> Reply:
        """Wait with the agent for what becomes of its hold, and tell it."""
        prefer = preferences(call.fields)
        run = partial(self._run_with, live=self.keeping.agent.credentials(call))
        hold = await self.keeping.wait(hold, run, gone=request.gone, seconds=self._patience(prefer))
        if request.gone():
            return standing(hold)
        beside = await self.keeping.beside(hold)
        answer = await self.keeping.hand_out(hold, await self.keeping.answer(hold))
        if answer is not None:
            return outcome(answer, hold, beside)
        return standing(hold, beside, accepted="respond-async" in prefer)

    def _patience(self, prefer: dict[str, str]) -> float:
        """Seconds that a request waits on its connection (RFC 7240 `wait` and `respond-async`)."""
        wanted = prefer.get("wait", "")
        if wanted.isascii() and wanted.isdigit():
            return min(float(wanted), self.waiting.most)
        return 0.0 if "respond-async" in prefer else self.waiting.usual

    async def _run_with(self, hold: Hold, *, live: Fields) -> Hold:
        """Run an approved hold with this request's own credentials, where only they will do."""
        try:
            stored = await self.keeping.store.sealed(hold.hold_id, part="sealed")
            action = self.keeping.sealed.open_action(hold, stored)
        except SealError:
            return hold  # the worker's claim finds the same and ends the hold
        if isinstance(action, ToolAction):
            return hold  # an HTTP request joins holds of its own kind only
        supplied = {name.lower().decode("latin-1") for name, _ in live}
        if not self.replayer.waits_for_agent(action) or supplied != set(action.credentials):
            return hold
        try:
            return await self.replayer.run(hold, live=live)
        except Refused as refused:
            return refused.hold or hold
