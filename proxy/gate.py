"""The gate: one call comes in, and leaves, waits for a human, or goes no further."""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from ulid import ULID

from addons.exchange import Passage, Request, Tunnel
from proxy.destinations import Destinations
from proxy.failure import ended, place
from proxy.metrics import Metrics
from proxy.replay.replayer import Replayer
from proxy.seal import SealError
from proxy.sealed import Sealed
from proxy.signals import Signals
from proxy.store import Draft, Refused, Store, StoreUnavailable
from rules.action import Action, Principal, bind, fingerprint
from rules.call import HttpCall
from rules.classify import classify
from rules.headers import Fields, preferences, secret
from rules.hold import REMEMBERED, Hold, State
from rules.normalize import normalize
from rules.reply import (
    STATUS_HOST,
    Reply,
    as_json,
    blocked,
    describe,
    document,
    refused,
    standing,
    unreadable,
)
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict

logger = logging.getLogger(__name__)

_RUN_AGAIN_AFTER = 5.0
_ANSWERED = frozenset({State.EXECUTED, State.EXECUTION_ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long a held request may wait for its answer on the connection, in seconds."""

    usual: float = 20.0
    most: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Everything a call meets between its last byte from the agent and its first byte upstream."""

    ruleset: Callable[[], Ruleset]
    principal: Principal
    secret_headers: frozenset[bytes]
    key: bytes
    """Key of fingerprints and idempotency keys."""
    destinations: Destinations
    store: Store
    sealed: Sealed
    signals: Signals
    replayer: Replayer
    metrics: Metrics
    waiting: Waiting

    async def admit(self, request: Request) -> Passage | Reply:
        """Judge one request: leave for it to go upstream, or the answer that the agent gets."""
        call = normalize(request.message)
        if isinstance(call, Refusal):
            return self._refuse(call)
        if call.host == STATUS_HOST:
            return await self._status(call)
        where = await self.destinations.find(call.host, call.port)
        if isinstance(where, Refusal):
            return self._refuse(where)
        judgement = classify(call, self.ruleset())
        self.metrics.admissions.labels(int(judgement.tier), judgement.verdict, judgement.reason_id).inc()
        if judgement.verdict is Verdict.BLOCK:
            return blocked(judgement)
        if judgement.tier is Tier.READ_ONLY:
            return Passage(address=where)
        try:
            if why := await self.store.killed():
                return self._refuse(_stopped(why))
            if judgement.verdict is Verdict.PASS:
                return Passage(address=where)
            return await self._hold(request, call, judgement)
        except StoreUnavailable:
            return self._fail_closed(ReasonId.STORE_UNAVAILABLE, "the store does not answer")

    def at_once(self, request: Request) -> Passage | Reply | None:
        """Judge what needs no waiting: a read to a place that is known already. None for all else."""
        call = normalize(request.message)
        if isinstance(call, Refusal):
            return self._refuse(call)
        where = None if call.host == STATUS_HOST else self.destinations.remembered(call.host, call.port)
        if where is None:
            return None
        judgement = classify(call, self.ruleset())
        if judgement.tier is not Tier.READ_ONLY or judgement.verdict is Verdict.BLOCK:
            return None
        self.metrics.admissions.labels(int(judgement.tier), judgement.verdict, judgement.reason_id).inc()
        return Passage(address=where)

    async def connect(self, host: str, port: int) -> Tunnel | Reply:
        """Judge where a tunnel wants to lead; every request inside it is judged again by itself."""
        if host == STATUS_HOST:
            return Tunnel()
        where = await self.destinations.find(host, port)
        return self._refuse(where) if isinstance(where, Refusal) else Tunnel()

    def failed(self, error: Exception) -> Reply:
        """What the agent hears when judging failed with `error`."""
        _report_failure(error)
        return self._fail_closed(ReasonId.GATE_FAILED, "the gate failed while judging this request")

    async def _hold(self, request: Request, call: HttpCall, judgement: Judgement) -> Reply:
        """Record the call durably, then wait as long as the agent does for what becomes of it."""
        action = bind(call, self.principal, credentials=self.secret_headers)
        hold, new = await self.store.open(self._draft(action, call, judgement))
        if new:
            self.metrics.holds_opened.labels(int(judgement.tier)).inc()
            logger.info("hold.opened hold=%s tier=%d", hold.hold_id, judgement.tier)
        else:
            self.metrics.retries_joined.inc()
        outcome = await ended(self._follow(hold, request, call))
        if isinstance(outcome, Reply):
            return outcome
        # From here on the hold may have been run: what is said may not deny it.
        reason_id = ReasonId.STORE_UNAVAILABLE
        if not isinstance(outcome, StoreUnavailable):
            _report_failure(outcome)
            reason_id = ReasonId.GATE_FAILED
        self.metrics.failed_closed.labels(reason_id).inc()
        return unreadable(hold.hold_id, reason_id)

    async def _follow(self, hold: Hold, request: Request, call: HttpCall) -> Reply:
        """Wait with the agent for what becomes of its hold, and tell it."""
        prefer = preferences(call.fields)
        live = secret(call.fields, credentials=self.secret_headers)
        hold = await self._wait(hold, request, seconds=self._patience(prefer), live=live)
        if request.gone():
            return standing(hold)
        return await self._tell(hold, accepted="respond-async" in prefer)

    def _draft(self, action: Action, call: HttpCall, judgement: Judgement) -> Draft:
        hold_id = str(ULID())
        draft = Draft(
            hold_id=hold_id,
            digest=action.digest,
            fingerprint=fingerprint(action, call, self.key),
            idempotency_key=hmac.digest(self.key, hold_id.encode(), "sha256").hex()[:32],
            tier=judgement.tier,
            rule=judgement.rule,
            reason_id=judgement.reason_id,
            reason=judgement.reason,
            policy=self.ruleset().hash,
            sealed=b"",
        )
        return replace(draft, sealed=self.sealed.close_action(draft, action))

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
            if hold.state is State.APPROVED and monotonic() >= run_at:
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
        except SealError:
            self._report_broken(hold)
            return None

    async def _status(self, call: HttpCall) -> Reply:
        """An agent's look at its own hold; anybody else's does not exist."""
        if call.method != "GET" or len(call.segments) != 2 or call.segments[0] != "holds":
            return document(404, {"detail": f"only http://{STATUS_HOST}/holds/<id> can be read here"})
        try:
            hold = await self.store.find(call.segments[1])
            members = await self._own(hold) if hold is not None else None
        except StoreUnavailable:
            return self._fail_closed(ReasonId.STORE_UNAVAILABLE, "the store does not answer")
        if members is None:
            return document(404, {"detail": "there is no such hold of this agent"})
        return document(200, members)

    async def _own(self, hold: Hold) -> dict[str, object] | None:
        """What `hold` is to the agent that asked for it, or None to every other one."""
        try:
            action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        except SealError:
            self._report_broken(hold)
            return None  # whose it was, nobody can tell
        if action.principal != self.principal:
            return None
        answer = await self._answer(hold)
        return describe(hold) | {"answer": None if answer is None else as_json(answer)}

    def _report_broken(self, hold: Hold) -> None:
        self.metrics.integrity_failures.inc()
        logger.error("gate.integrity hold=%s", hold.hold_id)

    def _refuse(self, refusal: Refusal) -> Reply:
        self.metrics.refusals.labels(refusal.reason_id).inc()
        logger.info("request.refused reason_id=%s", refusal.reason_id)
        return refused(refusal)

    def _fail_closed(self, reason_id: ReasonId, reason: str) -> Reply:
        self.metrics.failed_closed.labels(reason_id).inc()
        return refused(Refusal(reason_id=reason_id, reason=reason, status=503))


def _report_failure(error: BaseException) -> None:
    logger.error("gate.failed error=%s at\n%s", type(error).__name__, place(error))


def _stopped(why: str) -> Refusal:
    return Refusal(
        reason_id=ReasonId.KILL_SWITCH,
        reason=f"an operator has stopped everything that is not read-only: {why}",
        status=403,
    )
