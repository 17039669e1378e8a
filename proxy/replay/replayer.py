"""The one place from which an approved action is sent: claimed, checked again, sent once, answer kept.

The line is the step to `sending`, taken when the connection stands and before the first byte of the
request. Before it, a failure gives the hold back; after it, nobody ever sends the action again.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx2

from proxy.destinations import Destinations
from proxy.failure import ended, report
from proxy.keys.signing import Verifier
from proxy.metrics import Metrics
from proxy.record import StoreUnavailable
from proxy.replay.courier import Courier, Watch
from proxy.replay.credentials import CredentialError, Credentials
from proxy.seal import SealError
from proxy.sealed import Sealed
from proxy.store import Refused, Store
from proxy.witness import Witness, WitnessError
from rules.action import Action
from rules.classify import classify
from rules.headers import Fields, end_to_end, framed
from rules.hold import DISPOSITIONS, Event, Hold
from rules.mcp.action import ToolAction
from rules.message import Message
from rules.normalize import normalize
from rules.reply import Reply
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Verdict

logger = logging.getLogger(__name__)

IDEMPOTENCY_HEADER = b"Idempotency-Key"
_CONNECT_TIMEOUT = 10.0
_RENEW_EVERY = 1.0
_RECORD_FOR = 300.0
_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_ERROR_STATUS = 400
_MOMENTS = ("http11.send_request_headers.started", "http2.send_connection_init.started")


class _Unsent(Exception):
    """no byte of the request has left"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayer:
    """Runs approved holds. `timeout`: seconds for the upstream's whole answer."""

    store: Store
    sealed: Sealed
    verifier: Verifier
    credentials: Credentials
    destinations: Destinations
    ruleset: Callable[[], Ruleset]
    trust: ssl.SSLContext
    metrics: Metrics
    tasks: asyncio.TaskGroup
    timeout: float
    witness: Witness | None = None

    def waits_for_agent(self, action: Action | ToolAction) -> bool:
        """Whether only the agent's own identical retry, or its session, can supply what `action` needs."""
        if isinstance(action, ToolAction):
            return True
        return bool(action.credentials) and not self.credentials.has(action)

    async def run(self, hold: Hold, *, live: Fields | None = None, courier: Courier | None = None) -> Hold:
        """Claim and run an approved hold; `live`: credentials of the agent's identical retry.

        `courier`: what carries a tool call, which nothing else can.

        Returns the hold as it stands then. Raises Refused if it cannot be claimed. What nobody foresaw
        leaves it to its lease: approved again if it was not sent, an unknown outcome if it may have been.
        """
        hold = await self.store.step(hold, Event.CLAIM)
        self.metrics.transitions.labels(Event.CLAIM).inc()
        async with self._alive(hold):
            return await self.contained(hold.hold_id, self._run_claimed(hold, live, courier)) or hold

    async def contained[T](self, hold_id: str, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` on a hold returns; None where it failed in a way that nobody foresaw.

        Raises Refused and StoreUnavailable. No other failure reaches the other holds.
        """
        outcome = await ended(work)
        if isinstance(outcome, Refused | StoreUnavailable):
            raise outcome
        if isinstance(outcome, BaseException):
            self.metrics.replay_failures.inc()
            report(f"replay.failed hold={hold_id}", outcome)
            return None
        return outcome

    async def _run_claimed(self, hold: Hold, live: Fields | None, courier: Courier | None) -> Hold:
        try:
            action = await self._approved_action(hold)
        except SealError as error:
            self.metrics.integrity_failures.inc()
            logger.error("replay.integrity hold=%s", hold.hold_id)  # noqa: TRY400
            return await self._step(hold, Event.DRIFT, note=f"integrity: {error}")
        judged = self._judged(action, courier)
        if objection := _objection(hold, judged):
            return await self._step(hold, Event.DRIFT, note=objection)
        try:
            if isinstance(action, ToolAction):
                return await self._send_by(courier, hold, action)
            fields = self.credentials.fields(action) if live is None else live
            where = await self.destinations.find(action.host, action.port)
            if isinstance(where, Refusal):
                raise _Unsent(where.reason)
            line = _Line(self, hold, action)
            return await self._send(hold, line, self.exchange(hold, action, fields, where, line))
        except (_Unsent, CredentialError) as error:
            logger.warning("replay.not_sent hold=%s why=%s", hold.hold_id, error)
            return await self._step(hold, Event.RELEASE, note=f"not sent: {error}")

    async def _approved_action(self, hold: Hold) -> Action | ToolAction:
        """What a reviewer has approved. Raises SealError if it, or the approval, is not what was written."""
        action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        # INVARIANT: the state in the store only says where a hold stands; the signature says that it may run.
        if fault := self.verifier.fault(hold):
            raise SealError(fault)
        return action

    def _judged(self, action: Action | ToolAction, courier: Courier | None) -> Judgement | Refusal | None:
        """What the policy of this moment says of an action; None where it cannot run now anyway."""
        if isinstance(action, ToolAction):
            return None if courier is None else courier.judge(action)
        ruleset = self.ruleset()
        call = normalize(_as_message(action), paths=ruleset.paths)
        return call if isinstance(call, Refusal) else classify(call, ruleset)

    async def _send_by(self, courier: Courier | None, hold: Hold, action: ToolAction) -> Hold:
        """Send a tool call once by the agent's own session."""
        if courier is None:
            raise _Unsent("only the agent's own session can carry it")
        line = _Line(self, hold, None)
        return await self._send(hold, line, courier.carry(hold, action, line.cross))

    async def _send(self, hold: Hold, line: "_Line", exchange: Coroutine[Any, Any, Reply]) -> Hold:
        """Send once, by awaiting `exchange`, and record what came of it."""
        started = monotonic()
        try:
            async with asyncio.timeout(self.timeout):
                answer = await exchange
        except (httpx2.HTTPError, OSError, _Unsent) as error:
            if not line.crossed:
                raise _Unsent(_why(error)) from error
            logger.error(  # noqa: TRY400 (the traceback could hold the request)
                "replay.outcome_unknown hold=%s why=%s", hold.hold_id, _why(error)
            )
            return await self._record(hold, Event.LOSE, {"note": _why(error).encode()})
        event = Event.ERROR if answer.status >= _ERROR_STATUS else Event.ANSWER
        recorded = await self._record(
            hold, event, {"answer": self.sealed.close_answer(hold, answer), "note": b""}
        )
        self.metrics.replay_seconds.labels(DISPOSITIONS[recorded.state]).observe(monotonic() - started)
        return recorded

    async def exchange(
        self,
        hold: Hold,
        action: Action,
        credentials: Fields,
        where: tuple[str, int],
        watch: Watch,
    ) -> Reply:
        """One request on a connection of its own; no redirects, no retries, no environment."""
        # TCP and TLS each have it, and end before the whole time does, which would leave a socket open.
        patience = min(_CONNECT_TIMEOUT, self.timeout / 3)
        request = httpx2.Request(
            action.method,
            httpx2.URL(scheme=action.scheme, host=where[0], port=where[1], path="/"),
            headers=list(_outgoing(hold, action, credentials)),
            content=action.body,
            extensions={
                "target": action.target.encode("latin-1"),
                "sni_hostname": action.host,
                "trace": _trace(watch),
                "timeout": {"connect": patience, "pool": patience},
            },
        )
        async with httpx2.AsyncHTTPTransport(verify=self.trust, trust_env=False, retries=0) as transport:
            response = await transport.handle_async_request(request)
            try:
                return await _read(response, watch)
            finally:
                await response.aclose()

    async def cross(self, hold: Hold, action: Action | None) -> None:
        """Record that the first byte is about to leave; raises _Unsent if that may not be."""
        try:
            # Before the step, because after it nothing can be given back.
            if self.witness is not None and action is not None:
                self.witness.record(action, hold)
            await self.store.step(hold, Event.SEND, fence=hold.fence)
        except WitnessError as error:
            raise _Unsent(str(error)) from error
        except (Refused, StoreUnavailable) as error:
            raise _Unsent(f"the step to sending was refused: {error}") from error
        self.metrics.transitions.labels(Event.SEND).inc()

    async def _record(self, hold: Hold, event: Event, fields: dict[str, bytes]) -> Hold:
        """Keep the outcome, patiently: it is the only trace of something that happened."""
        deadline = monotonic() + _RECORD_FOR
        while True:
            try:
                return await self._step(hold, event, fields=fields)
            except StoreUnavailable:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(_RENEW_EVERY / 4)

    async def _step(self, hold: Hold, event: Event, *, note: str = "", **change: Any) -> Hold:
        fields = {"note": note.encode()} | change.pop("fields", {})
        try:
            stepped = await self.store.step(hold, event, fence=hold.fence, fields=fields, **change)
        except Refused as refused:
            # Another hand was quicker (kill switch, lost lease): what it left is the truth.
            if refused.hold is None:
                raise
            return refused.hold
        self.metrics.transitions.labels(event).inc()
        return stepped

    @asynccontextmanager
    async def _alive(self, hold: Hold) -> AsyncIterator[None]:
        """Renew the claim's lease while the body runs."""
        renewal = self.tasks.create_task(self._renew(hold))
        try:
            yield
        finally:
            renewal.cancel()

    async def _renew(self, hold: Hold) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            try:
                await self.contained(hold.hold_id, self.store.renew(hold))
            except (Refused, StoreUnavailable) as error:
                logger.warning("replay.lease_not_renewed hold=%s why=%s", hold.hold_id, error)


class _Line:
    """Watches one exchange for the moment before its first byte."""

    def __init__(self, replayer: Replayer, hold: Hold, action: Action | None) -> None:
        self._replayer = replayer
        self._hold = hold
        self._action = action
        self.crossed = False

    async def before_first_byte(self) -> None:
        """Take the step to `sending`."""
        await self.cross(self._action)

    def enough(self, content: bytearray) -> bool:
        """Only its upstream ends an answer."""
        return False

    async def cross(self, action: Action | None) -> None:
        """Take the step to `sending`, once; `action` is the request whose first byte is about to leave."""
        await self._replayer.cross(self._hold, action)
        self.crossed = True


def _trace(watch: Watch) -> Callable[[str, dict[str, Any]], Coroutine[Any, Any, None]]:
    """What the HTTP client calls at every step of its own."""

    async def trace(name: str, info: dict[str, Any]) -> None:
        if name in _MOMENTS and not watch.crossed:
            await watch.before_first_byte()
            watch.crossed = True

    return trace


async def _read(response: httpx2.Response, watch: Watch) -> Reply:
    """The whole answer as it came, up to a bound; the encoding of its content is left alone."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _MAX_ANSWER_BYTES or watch.enough(content):
            break
    cut = len(content) > _MAX_ANSWER_BYTES
    fields = [(n, v) for n, v in end_to_end(tuple(response.headers.raw)) if n.lower() != b"content-length"]
    if cut:
        fields.append((b"Sidegate-Answer", b"cut"))
    return Reply(
        status=response.status_code,
        fields=tuple(fields),
        body=bytes(content[:_MAX_ANSWER_BYTES]),
        phrase=response.reason_phrase,
    )


def _objection(hold: Hold, now: Judgement | Refusal | None) -> str | None:
    """What speaks against running what was approved earlier."""
    if isinstance(now, Refusal):
        return f"policy: {now.reason}"
    if now is None:
        return None
    if now.verdict is Verdict.BLOCK:
        return "policy: a rule forbids it since"
    if now.tier > hold.tier:
        return f"policy: it is tier {int(now.tier)} now and was approved as tier {int(hold.tier)}"
    return None


def _outgoing(hold: Hold, action: Action, credentials: Fields) -> Fields:
    """The approved fields, with our idempotency key in place of the agent's and fresh credentials."""
    replaced = {IDEMPOTENCY_HEADER.lower(), *(name.lower() for name, _ in credentials)}
    kept = tuple((n, v) for n, v in action.fields if n.lower() not in replaced)
    fields = framed(kept, action.method.encode(), action.body)
    return (*fields, *credentials, (IDEMPOTENCY_HEADER, hold.idempotency_key.encode()))


def _as_message(action: Action) -> Message:
    return Message(
        scheme=action.scheme,
        host=action.host,
        port=action.port,
        sni=action.host,
        method=action.method.encode(),
        target=action.target.encode("latin-1"),
        fields=action.fields,
        body=action.body,
    )


def _why(error: BaseException) -> str:
    """What happened, without anything that the request or the answer said."""
    match error:
        case _Unsent():
            return str(error)
        case httpx2.ConnectTimeout():
            return "the upstream did not take a connection in time"
        case httpx2.ConnectError():
            return _why_unconnected(error)
        case TimeoutError():
            return "the time for the upstream ran out"
        case ConnectionError():
            return "the session with the server ended before its answer was there"
        case _:
            return "the connection to the upstream ended before its whole answer was there"


def _why_unconnected(error: BaseException) -> str:
    """What TLS or the system says of a connection that does not stand: in their words, not the upstream's."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"the upstream's certificate is not valid: {cause.verify_message.rstrip('.')}"
            case ssl.SSLError(reason=str() as reason):
                return f"TLS with the upstream failed: {reason.replace('_', ' ').lower()}"
            case OSError(errno=int() as number) if not isinstance(cause, ssl.SSLError):
                return f"no connection to the upstream: {os.strerror(number).lower()}"
        cause = cause.__cause__ or cause.__context__
    return "no connection to the upstream"
