"""The gate: one call comes in, and leaves, waits for a human, or goes no further."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from addons.exchange import Passage, Request, Tunnel
from proxy.admission import STORE_AWAY, Admission, refusable
from proxy.credentials.injection import Injection
from proxy.credentials.sources.secret import CredentialError
from proxy.destinations import Address, Destinations
from proxy.failure import report
from proxy.holding import Holding
from proxy.mcp.http import McpOverHttp
from proxy.metrics import Metrics
from proxy.store.record import StoreUnavailable
from proxy.witness import Witness, WitnessError
from rules.call import HttpCall
from rules.classify import classify
from rules.headers import first
from rules.mcp.carried import Carried
from rules.message import Message
from rules.normalize import normalize
from rules.placeholder import Misuse, Use
from rules.reply import STATUS_HOST, Reply, blocked, refused
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId, Refusal, Verdict

logger = logging.getLogger(__name__)

_LIGHT_BYTES = 16 * 1024
"""Judging a body up to here takes about a millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Everything a call meets between its last byte from the agent and its first byte upstream."""

    ruleset: Callable[[], Ruleset]
    admission: Admission
    destinations: Destinations
    holding: Holding
    metrics: Metrics
    witness: Witness | None = None
    mcp: McpOverHttp | None = None
    injection: Injection | None = None
    _heavy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1), init=False, repr=False)

    async def admit(self, request: Request) -> Passage | Reply:
        """Judge one request: leave for it to go upstream, or the answer that the agent gets."""
        message, ruleset = request.message, self.ruleset()
        call = await self._aside(message, lambda: normalize(message, paths=ruleset.paths))
        if isinstance(call, Refusal):
            return (self.mcp and self.mcp.too_much(message)) or self.refused(call)
        if call.host == STATUS_HOST:
            return await self._status(call)
        uses = await self._aside(message, lambda: self._uses(call)) if self.injection else ()
        if isinstance(uses, Misuse):
            return self._misused(uses, call)
        where = await self.destinations.find(call.host, call.port)
        if isinstance(where, Refusal):
            return self.refused(where)
        if self.mcp is not None and (found := self.mcp.find(call)):
            outcome = await self._carry(self.mcp, request, call, found=found, where=where)
        else:
            outcome = await self._weigh(request, call, where, ruleset)
        return await self._filled(outcome, uses) if uses else outcome

    async def _weigh(
        self, request: Request, call: HttpCall, where: Address, ruleset: Ruleset
    ) -> Passage | Reply:
        """Let one call go, hold it or block it."""
        message = request.message
        judgement = await self._aside(message, lambda: classify(call, ruleset))
        if judgement.verdict is Verdict.BLOCK:
            self.admission.count(judgement)
            return blocked(judgement)
        if judgement.only_reads:
            self.admission.count(judgement)
            return self._pass(call, judgement, where)
        weighed = await refusable(self.admission.weigh(call, judgement))
        if isinstance(weighed, Refusal):
            return self.refused(weighed)
        if weighed.verdict is Verdict.PASS:
            return self._pass(call, weighed, where)
        held = await refusable(self._hold(request, call, weighed, policy=ruleset.hash))
        return self.refused(held) if isinstance(held, Refusal) else held

    async def _hold(self, request: Request, call: HttpCall, judgement: Judgement, *, policy: str) -> Reply:
        credential = await self.holding.would_use(call, judgement.rule)
        draft = partial(self.holding.draft, call, judgement, policy=policy, credential=credential)
        return await self.holding.hold(await self._aside(request.message, draft), request, call)

    def at_once(self, request: Request) -> Passage | Reply | None:
        """Judge what needs no waiting: a read to a place that is known already. None for all else."""
        if not _is_light(request.message):
            return None
        ruleset = self.ruleset()
        call = normalize(request.message, paths=ruleset.paths)
        if isinstance(call, Refusal):
            return (self.mcp and self.mcp.too_much(request.message)) or self.refused(call)
        where = None if call.host == STATUS_HOST else self.destinations.remembered(call.host, call.port)
        if where is None or self._uses(call) or (self.mcp is not None and self.mcp.find(call)):
            return None
        judgement = classify(call, ruleset)
        if not judgement.only_reads:
            return None
        self.admission.count(judgement)
        return self._pass(call, judgement, where)

    async def connect(self, host: str, port: int) -> Tunnel | Reply:
        """Judge where a tunnel wants to lead; every request inside it is judged again by itself."""
        if host == STATUS_HOST:
            return Tunnel()
        where = await self.destinations.find_tunnel(host, port)
        return self.refused(where) if isinstance(where, Refusal) else Tunnel()

    def failed(self, error: Exception) -> Reply:
        """What the agent hears when judging failed with `error`."""
        report("gate.failed", error)
        return self._fail_closed(ReasonId.GATE_FAILED, "the gate failed while judging this request")

    def refused(self, refusal: Refusal, /, *, event: str = "request.refused", **facts: object) -> Reply:
        """Count and log `refusal`, whoever found it, and say what the agent hears."""
        self.metrics.refused(refusal.reason_id)
        words = "".join(f" {name}={fact}" for name, fact in facts.items())
        logger.info("%s reason_id=%s%s", event, refusal.reason_id, words)
        return refused(refusal)

    async def _carry(
        self, mcp: McpOverHttp, request: Request, call: HttpCall, *, found: Carried, where: Address
    ) -> Passage | Reply:
        """A request that carries an MCP message: judged by what the message asks for."""
        read = await self._aside(request.message, lambda: mcp.read(call, found))
        sending = await mcp.admit(request, call, read)
        if isinstance(sending, Reply):
            return sending
        leave = self._pass(sending.call, sending.judgement, where)
        return sending.passage(request, where) if isinstance(leave, Passage) else leave

    def _uses(self, call: HttpCall) -> tuple[Use, ...] | Misuse:
        """The placeholders in `call`."""
        return self.injection.look(call) if self.injection is not None else ()

    def _misused(self, misuse: Misuse, call: HttpCall) -> Reply:
        """A placeholder at another host, in another header or elsewhere: the agent lost it, or is led."""
        return self.refused(
            misuse.refusal, event="placeholder.misused", credential=misuse.credential, host=call.host
        )

    async def _filled(self, outcome: Passage | Reply, uses: Sequence[Use]) -> Passage | Reply:
        """A passage with the secrets for its placeholders, which never leave themselves."""
        if self.injection is None or not isinstance(outcome, Passage):
            return outcome
        try:
            return replace(outcome, secrets=await self.injection.fields(uses))
        except CredentialError as error:
            logger.error("gate.no_credential why=%s", error)  # noqa: TRY400 (it says all, and no secret)
            words = "the secret for a placeholder cannot be had; the log says why"
            return self._fail_closed(ReasonId.CREDENTIAL_UNAVAILABLE, words)
        except StoreUnavailable:
            return self.refused(STORE_AWAY)

    async def _status(self, call: HttpCall) -> Reply:
        told = await refusable(self.holding.status(call))
        return self.refused(told) if isinstance(told, Refusal) else told

    def _pass(self, call: HttpCall, judgement: Judgement, where: Address) -> Passage | Reply:
        """Leave to go: the only place that gives it, once the witness has it in writing."""
        try:
            if self.witness is not None:
                self.witness.record(call, judgement)
        except WitnessError as error:
            logger.error("gate.no_witness why=%s", error)  # noqa: TRY400 (it says where already)
            return self._fail_closed(ReasonId.WITNESS_UNAVAILABLE, "the witness cannot be written")
        return Passage(address=where)

    async def _aside[T](self, message: Message, step: Callable[[], T]) -> T:
        """Take `step`; for a heavy message beside the loop, one at a time, so that nobody else waits."""
        if _is_light(message):
            return step()
        async with self._heavy:
            return await asyncio.to_thread(step)

    def _fail_closed(self, reason_id: ReasonId, reason: str) -> Reply:
        return self.refused(Refusal(reason_id=reason_id, reason=reason, status=503))


def _is_light(message: Message) -> bool:
    """Whether judging is quick for certain: a compressed body may be of any size."""
    return len(message.body) <= _LIGHT_BYTES and first(message.fields, b"content-encoding") is None
