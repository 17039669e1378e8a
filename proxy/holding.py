"""A held call: recorded, waited for with its agent, run with its help where it must be, and told of."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic

from ulid import ULID

from addons.exchange import Request
from proxy.agent import Agent
from proxy.drift.snapshots import Snapshots
from proxy.failure import ended, report
from proxy.keys.seal import SealError, Shredded
from proxy.keys.sealed import Sealed
from proxy.metrics import Metrics
from proxy.replay.replayer import Replayer
from proxy.signals import Signals
from proxy.store.history import History
from proxy.store.record import Draft, StoreUnavailable
from proxy.store.store import Refused, Store
from proxy.store.timing import grace_left
from rules.call import HttpCall
from rules.headers import Fields, preferences
from rules.hold import REMEMBERED, Event, Hold, State
from rules.mcp.action import ToolAction
from rules.reply import STATUS_HOST, Reply, as_json, describe, document, standing, unreadable
from rules.review.reasoning import PART as REASONING
from rules.review.reasoning import said_by
from rules.verdict import Judgement, ReasonId

logger = logging.getLogger(__name__)

_RUN_AGAIN_AFTER = 5.0
_ANSWERED = frozenset({State.EXECUTED, State.EXECUTION_ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long a held request may wait for its answer on the connection, in seconds."""

    usual: float = 20.0
    most: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the gate does with a call that needs a human."""

    agent: Agent
    store: Store
    sealed: Sealed
    signals: Signals
    replayer: Replayer
    snapshots: Snapshots
    metrics: Metrics
    waiting: Waiting
    history: History | None = None

    async def would_use(self, call: HttpCall, rule: str | None) -> str:
        """Which configured secrets would go out with `call` now. Raises StoreUnavailable."""
        return await self.replayer.generations(self.agent.action(call), rule=rule)

    def draft(self, call: HttpCall, judgement: Judgement, *, policy: str, credential: str = "") -> Draft:
        """The hold that `call` would become, with its action sealed in it."""
        action = self.agent.action(call)
        hold_id = str(ULID())
        draft = Draft(
            hold_id=hold_id,
            agent=self.agent.keyed("agent"),
            digest=action.digest,
            fingerprint=self.agent.fingerprint(action, call),
            idempotency_key=self.agent.idempotency_key(hold_id),
            tier=judgement.tier,
            rule=judgement.rule,
            reason_id=judgement.reason_id,
            reason=judgement.reason,
            policy=policy,
            sealed=b"",
            credential=credential,
            key=self.sealed.fresh_key(hold_id, action.digest),
            probed=bool(self.snapshots.reads(call, judgement.rule)),
        )
        said = said_by(call.fields)
        reasoning = self.sealed.close_part(draft, REASONING, said) if said else b""
        return replace(draft, sealed=self.sealed.close_action(draft, action), reasoning=reasoning)

    async def hold(self, draft: Draft, request: Request, call: HttpCall) -> Reply:
        """Record the call durably, then wait as long as the agent does for what becomes of it.

        Raises Flooded and StoreUnavailable, if it could not be recorded.
        """
        hold, new = await self.store.open(draft)
        if new:
            self.metrics.holds_opened.labels(int(hold.tier)).inc()
            logger.info("hold.opened hold=%s tier=%d", hold.hold_id, hold.tier)
            await self._remember(hold, call)
            wanted = self.snapshots.reads(call, hold.rule)
            self.snapshots.begin(hold, self.agent.action(call), wanted, live=self.agent.credentials(call))
        else:
            self.metrics.retries_joined.inc()
        outcome = await ended(self._follow(hold, request, call))
        if isinstance(outcome, Reply):
            return outcome
        # From here on the hold may have been run: what is said may not deny it.
        reason_id = ReasonId.STORE_UNAVAILABLE
        if not isinstance(outcome, StoreUnavailable):
            report("gate.failed", outcome)
            reason_id = ReasonId.GATE_FAILED
        self.metrics.failed_closed.labels(reason_id).inc()
        return unreadable(hold.hold_id, reason_id)

    async def _remember(self, hold: Hold, call: HttpCall) -> None:
        """Note the new hold for whoever decides about the agent's next one; it is recorded without that."""
        with suppress(StoreUnavailable):
            if self.history is not None:
                await self.history.note(self.agent, call, hold)

    async def status(self, call: HttpCall) -> Reply:
        """An agent's look at its own hold, or DELETE to take it back; anybody else's does not exist.

        Raises StoreUnavailable.
        """
        if call.method not in ("GET", "DELETE") or len(call.segments) != 2 or call.segments[0] != "holds":
            detail = f"only http://{STATUS_HOST}/holds/<id> can be read or, with DELETE, cancelled here"
            return document(404, {"detail": detail})
        hold = await self.store.find(call.segments[1])
        members = await self._own(hold) if hold is not None else None
        if hold is None or members is None:
            return document(404, {"detail": "there is no such hold of this agent"})
        return document(200, members) if call.method == "GET" else await self._cancel(hold)

    async def _cancel(self, hold: Hold) -> Reply:
        """Take back what its own agent no longer wants; it knows, so the same request is free again."""
        fields = {"note": b"its agent took it back", "collected": b"1"}
        try:
            cancelled = await self.store.step(hold, Event.CANCEL, release=True, fields=fields)
        except Refused as refused:
            return document(409, describe(refused.hold or hold))
        self.metrics.transitions.labels(Event.CANCEL).inc()
        logger.info("hold.cancelled hold=%s", hold.hold_id)
        return document(200, describe(cancelled))

    async def _follow(self, hold: Hold, request: Request, call: HttpCall) -> Reply:
        """Wait with the agent for what becomes of its hold, and tell it."""
        prefer = preferences(call.fields)
        live = self.agent.credentials(call)
        hold = await self._wait(hold, request, seconds=self._patience(prefer), live=live)
        if request.gone():
            return standing(hold)
        return await self._tell(hold, accepted="respond-async" in prefer)

    def _patience(self, prefer: dict[str, str]) -> float:
        """Seconds that a request waits on its connection (RFC 7240 `wait` and `respond-async`)."""
        wanted = prefer.get("wait", "")
        if wanted.isascii() and wanted.isdigit():
            return min(float(wanted), self.waiting.most)
        return 0.0 if "respond-async" in prefer else self.waiting.usual

    async def _wait(self, hold: Hold, request: Request, *, seconds: float, live: Fields) -> Hold:
        """Until the hold is settled, the patience is over, or the client has gone."""
        end, run_at = monotonic() + seconds, 0.0
        while not hold.settled and not request.gone():
            if hold.state is State.APPROVED and monotonic() >= run_at and not grace_left(hold):
                hold = await self._run_with(hold, live)
                # Given back means not sent: at once again, it would be tried without end.
                run_at = monotonic() + _RUN_AGAIN_AFTER
            left = end - monotonic()
            if hold.settled or left <= 0 or self.signals.draining:
                break
            await self.signals.anything(within=left)
            hold = await self.store.find(hold.hold_id) or hold
        return hold

    async def _run_with(self, hold: Hold, live: Fields) -> Hold:
        """Run an approved hold with this request's own credentials, where only they will do."""
        try:
            action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
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

    async def _tell(self, hold: Hold, *, accepted: bool) -> Reply:
        """What the agent hears; an outcome is told once, a denial and a doubt every time."""
        if not hold.settled or hold.state in REMEMBERED:
            return standing(hold, accepted=accepted)
        answer = await self._answer(hold)
        if answer is None and hold.state in _ANSWERED:
            return standing(hold)  # it ran: that is told every time, so that it never runs again
        try:
            await self.store.collect(hold)
        except StoreUnavailable:
            # Better told twice than not at all.
            logger.warning("hold.collect_not_recorded hold=%s", hold.hold_id)
        return answer or standing(hold)

    async def _answer(self, hold: Hold) -> Reply | None:
        """The upstream's own answer, if there is one that opens."""
        if hold.state not in _ANSWERED:
            return None
        try:
            return self.sealed.open_answer(hold, await self.store.sealed(hold.hold_id, part="answer"))
        except SealError as error:
            self._report_broken(hold, error)
            return None

    async def _own(self, hold: Hold) -> dict[str, object] | None:
        """What `hold` is to the agent that asked for it, or None to every other one."""
        try:
            action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        except SealError as error:
            self._report_broken(hold, error)
            return None  # whose it was, nobody can tell
        if action.principal != self.agent.principal:
            return None
        answer = await self._answer(hold)
        return describe(hold) | {"answer": None if answer is None else as_json(answer)}

    def _report_broken(self, hold: Hold, error: SealError) -> None:
        if isinstance(error, Shredded):
            return
        self.metrics.integrity_failures.inc()
        logger.error("gate.integrity hold=%s", hold.hold_id)
