"""The gate: one call comes in, and leaves, waits for a human, or goes no further."""

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, replace
from time import monotonic

from ulid import ULID

from addons.exchange import Passage, Request, Tunnel
from proxy.destinations import Address, Destinations
from proxy.failure import ended, place
from proxy.metrics import WOULD_HOLD, Metrics
from proxy.record import Draft, StoreUnavailable
from proxy.replay.replayer import Replayer
from proxy.seal import SealError
from proxy.sealed import Sealed
from proxy.signals import Signals
from proxy.store import Flooded, Refused, Store
from proxy.witness import Witness, WitnessError
from rules.action import Principal, bind, fingerprint
from rules.call import HttpCall
from rules.classify import classify, over_budget
from rules.headers import Fields, first, preferences, secret
from rules.hold import REMEMBERED, Hold, State
from rules.message import Message
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
_FLOODED = Refusal(
    reason_id=ReasonId.FLOODED,
    reason="the agent has opened more holds than people can decide on; no new ones for some minutes",
    status=429,
)
_LIGHT_BYTES = 16 * 1024
"""Judging a body up to here takes about a millisecond."""
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
    witness: Witness | None = None
    _heavy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1), init=False, repr=False)

    async def admit(self, request: Request) -> Passage | Reply:
        """Judge one request: leave for it to go upstream, or the answer that the agent gets."""
        message, ruleset = request.message, self.ruleset()
        call = await self._aside(message, lambda: normalize(message, paths=ruleset.paths))
        if isinstance(call, Refusal):
            return self._refuse(call)
        if call.host == STATUS_HOST:
            return await self._status(call)
        where = await self.destinations.find(call.host, call.port)
        if isinstance(where, Refusal):
            return self._refuse(where)
        judgement = await self._aside(message, lambda: classify(call, ruleset))
        if judgement.verdict is Verdict.BLOCK:
            self._count(judgement)
            return blocked(judgement)
        if _only_reads(judgement):
            self._count(judgement)
            return self._pass(call, judgement, where)
        try:
            if why := await self.store.killed():
                return self._refuse(_stopped(why))
            judgement = await self._afford(judgement)
            self._count(judgement)
            if judgement.verdict is Verdict.PASS:
                return self._pass(call, judgement, where)
            return await self._hold(request, call, judgement, policy=ruleset.hash)
        except Flooded:
            return self._refuse(_FLOODED)
        except StoreUnavailable:
            return self._fail_closed(ReasonId.STORE_UNAVAILABLE, "the store does not answer")

    def at_once(self, request: Request) -> Passage | Reply | None:
        """Judge what needs no waiting: a read to a place that is known already. None for all else."""
        if not _is_light(request.message):
            return None
        ruleset = self.ruleset()
        call = normalize(request.message, paths=ruleset.paths)
        if isinstance(call, Refusal):
            return self._refuse(call)
        where = None if call.host == STATUS_HOST else self.destinations.remembered(call.host, call.port)
        if where is None:
            return None
        judgement = classify(call, ruleset)
        if not _only_reads(judgement):
            return None
        self._count(judgement)
        return self._pass(call, judgement, where)

    async def connect(self, host: str, port: int) -> Tunnel | Reply:
        """Judge where a tunnel wants to lead; every request inside it is judged again by itself."""
        if host == STATUS_HOST:
            return Tunnel()
        where = await self.destinations.find_tunnel(host, port)
        return self._refuse(where) if isinstance(where, Refusal) else Tunnel()

    def failed(self, error: Exception) -> Reply:
        """What the agent hears when judging failed with `error`."""
        _report_failure(error)
        return self._fail_closed(ReasonId.GATE_FAILED, "the gate failed while judging this request")

    def _pass(self, call: HttpCall, judgement: Judgement, where: Address) -> Passage | Reply:
        """Leave to go: the only place that gives it, once the witness has it in writing."""
        try:
            if self.witness is not None:
                self.witness.record(call, judgement)
        except WitnessError as error:
            logger.error("gate.no_witness why=%s", error)  # noqa: TRY400 (it says where already)
            return self._fail_closed(ReasonId.WITNESS_UNAVAILABLE, "the witness cannot be written")
        return Passage(address=where)

    async def _afford(self, judgement: Judgement) -> Judgement:
        """`judgement` with its budgets charged, or the one of a call that exceeds one of them."""
        for spend in judgement.spends:
            budget = self._keyed("budget", spend.rule, *spend.shares)
            if not await self.store.spend(spend, budget=budget):
                return over_budget(spend)
        return judgement

    def _keyed(self, *parts: str) -> str:
        """A name in the store for something of this agent, from which nothing can be read."""
        content = json.dumps([*astuple(self.principal), *parts]).encode()
        return hmac.digest(self.key, content, "sha256").hex()

    async def _hold(self, request: Request, call: HttpCall, judgement: Judgement, *, policy: str) -> Reply:
        """Record the call durably, then wait as long as the agent does for what becomes of it."""
        hold, new = await self.store.open(
            await self._aside(request.message, lambda: self._draft(call, judgement, policy=policy))
        )
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

    def _draft(self, call: HttpCall, judgement: Judgement, *, policy: str) -> Draft:
        action = bind(call, self.principal, credentials=self.secret_headers)
        hold_id = str(ULID())
        draft = Draft(
            hold_id=hold_id,
            agent=self._keyed("agent"),
            digest=action.digest,
            fingerprint=fingerprint(action, call, self.key),
            idempotency_key=hmac.digest(self.key, hold_id.encode(), "sha256").hex()[:32],
            tier=judgement.tier,
            rule=judgement.rule,
            reason_id=judgement.reason_id,
            reason=judgement.reason,
            policy=policy,
            sealed=b"",
        )
        return replace(draft, sealed=self.sealed.close_action(draft, action))

    async def _aside[T](self, message: Message, step: Callable[[], T]) -> T:
        """Take `step`; for a heavy message beside the loop, one at a time, so that nobody else waits."""
        if _is_light(message):
            return step()
        async with self._heavy:
            return await asyncio.to_thread(step)

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

    def _count(self, judgement: Judgement) -> None:
        verdict = WOULD_HOLD if judgement.observed else judgement.verdict
        self.metrics.admissions.labels(int(judgement.tier), verdict, judgement.reason_id).inc()
        if judgement.observed:
            logger.info(
                "gate.would_hold tier=%d reason=%s rule=%s",
                judgement.tier,
                judgement.reason_id,
                judgement.rule,
            )

    def _fail_closed(self, reason_id: ReasonId, reason: str) -> Reply:
        self.metrics.failed_closed.labels(reason_id).inc()
        return refused(Refusal(reason_id=reason_id, reason=reason, status=503))


def _report_failure(error: BaseException) -> None:
    logger.error("gate.failed error=%s at\n%s", type(error).__name__, place(error))


def _only_reads(judgement: Judgement) -> bool:
    """Whether it may pass without asking the store for anything."""
    return judgement.tier is Tier.READ_ONLY and judgement.verdict is Verdict.PASS and not judgement.spends


def _is_light(message: Message) -> bool:
    """Whether judging is quick for certain: a compressed body may be of any size."""
    return len(message.body) <= _LIGHT_BYTES and first(message.fields, b"content-encoding") is None


def _stopped(why: str) -> Refusal:
    return Refusal(
        reason_id=ReasonId.KILL_SWITCH,
        reason=f"an operator has stopped everything that is not read-only: {why}",
        status=403,
    )
