"""The one place from which an approved action is sent: claimed, checked again, sent once, answer kept.

The line is the step to `sending`, taken when the connection stands and before the first byte of the
request. Before it, a failure gives the hold back; after it, nobody ever sends the action again.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any

import httpx2

from proxy.credentials.credentials import Credentials, with_fields
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.supply import Outgoing, Supplied
from proxy.destinations import Destinations
from proxy.failure import ended, report
from proxy.keys.signing import Verifier
from proxy.metrics import Metrics
from proxy.record import StoreUnavailable
from proxy.replay.repeating import REFUSED, objection, repeatable, rotation
from proxy.replay.snapshots import Snapshots, Unrecorded, Unverified
from proxy.replay.unconnected import why_unconnected
from proxy.seal import SealError
from proxy.sealed import Sealed
from proxy.store import Refused, Store
from proxy.witness import Witness, WitnessError
from rules.action import Action
from rules.classify import classify
from rules.handling import Handling
from rules.headers import Fields, end_to_end, framed
from rules.hold import DISPOSITIONS, Event, Hold
from rules.normalize import normalize
from rules.reply import Reply
from rules.ruleset import Ruleset
from rules.verdict import Refusal, Verdict

logger = logging.getLogger(__name__)

IDEMPOTENCY_HEADER = b"Idempotency-Key"
_CONNECT_TIMEOUT = 10.0
_RENEW_EVERY = 1.0
_RECORD_FOR = 300.0
_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_ERROR_STATUS = 400
_PRECONDITION_FAILED = 412
_LOST_RACE = b"drift: the upstream refused it with 412, because it changed after it was read a last time"


class _Unsent(Exception):
    """no byte of the request has left"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayer:
    """Runs approved holds. `timeout`: seconds for the upstream's whole answer."""

    store: Store
    sealed: Sealed
    verifier: Verifier
    credentials: Credentials
    snapshots: Snapshots
    destinations: Destinations
    ruleset: Callable[[], Ruleset]
    trust: ssl.SSLContext
    metrics: Metrics
    tasks: asyncio.TaskGroup
    timeout: float
    witness: Witness | None = None

    def waits_for_agent(self, action: Action) -> bool:
        """Whether only the agent's own identical retry can supply what was taken off `action`."""
        return bool(action.credentials) and not self.credentials.has(action)

    async def run(self, hold: Hold, *, live: Fields | None = None) -> Hold:
        """Claim and run an approved hold; `live`: credentials of the agent's identical retry.

        Returns the hold as it stands then. Raises Refused if it cannot be claimed. What nobody foresaw
        leaves it to its lease: approved again if it was not sent, an unknown outcome if it may have been.
        """
        hold = await self.store.step(hold, Event.CLAIM)
        self.metrics.transitions.labels(Event.CLAIM).inc()
        async with self._alive(hold):
            return await self.contained(hold.hold_id, self._run_claimed(hold, live)) or hold

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

    async def _run_claimed(self, hold: Hold, live: Fields | None) -> Hold:
        try:
            action = await self._approved_action(hold)
            if objection := self._objection(hold, action):
                return await self._drift(hold, "policy", objection)
            standing = await self.snapshots.check(hold, action, live=live)
        except SealError as error:
            self.metrics.integrity_failures.inc()
            logger.error("replay.integrity hold=%s", hold.hold_id)  # noqa: TRY400
            return await self._drift(hold, "integrity", f"integrity: {error}")
        except Unrecorded as error:
            return await self._drift(hold, "unrecorded", f"drift: {error}")
        except Unverified as error:
            return await self._release(hold, error)
        if standing.drifts:
            changed = self.snapshots.shots.refusal(hold, standing.now)
            return await self._drift(hold, "changed", standing.note, changed)
        return await self._run_unchanged(hold, action, live, standing.condition)

    async def _run_unchanged(
        self, hold: Hold, action: Action, live: Fields | None, condition: Fields
    ) -> Hold:
        """Send what nothing speaks against; `condition`: ours, on what its last read has shown."""
        sent = replace(action, fields=(*action.fields, *condition))
        try:
            supplied = await self._supply(hold, sent, live=live)
            where = await self.destinations.find(action.host, action.port)
            if isinstance(where, Refusal):
                raise _Unsent(where.reason)
            return await self._send(hold, sent, supplied, where, conditional=bool(condition))
        except (_Unsent, CredentialError) as error:
            return await self._release(hold, error)

    async def _release(self, hold: Hold, why: Exception) -> Hold:
        """Give the hold back: nothing was sent."""
        logger.warning("replay.not_sent hold=%s why=%s", hold.hold_id, why)
        return await self._step(hold, Event.RELEASE, note=f"not sent: {why}")

    async def _drift(self, hold: Hold, cause: str, note: str, fields: dict[str, bytes] | None = None) -> Hold:
        """End the hold: what was approved is not what would run."""
        self.metrics.drift_refusals.labels(cause).inc()
        return await self._step(hold, Event.DRIFT, note=note, fields=fields or {})

    async def _approved_action(self, hold: Hold) -> Action:
        """What a reviewer has approved. Raises SealError if it, or the approval, is not what was written."""
        action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        # INVARIANT: the state in the store only says where a hold stands; the signature says that it may run.
        if fault := self.verifier.fault(hold):
            raise SealError(fault)
        return action

    def _objection(self, hold: Hold, action: Action) -> str | None:
        """What the policy of this moment says against an action that was approved earlier."""
        ruleset = self.ruleset()
        call = normalize(action.message(), paths=ruleset.paths)
        if isinstance(call, Refusal):
            return f"policy: {call.reason}"
        now = classify(call, ruleset)
        if now.verdict is Verdict.BLOCK:
            return "policy: a rule forbids it since"
        if now.tier > hold.tier:
            return f"policy: it is tier {int(now.tier)} now and was approved as tier {int(hold.tier)}"
        return None

    async def generations(self, action: Action, *, rule: str | None) -> str:
        """Which configured secrets would go out with `action` now. Raises StoreUnavailable."""
        return await self.credentials.generations(action, named=self._handling(rule).credential)

    async def _supply(
        self, hold: Hold, action: Action, *, live: Fields | None = None, past: Supplied | None = None
    ) -> Supplied:
        outgoing = Outgoing.of(action, _outgoing(hold, action))
        named = self._handling(hold.rule).credential
        return await self.credentials.supply(action, outgoing, named=named, live=live, past=past)

    def _handling(self, rule: str | None) -> Handling:
        return self.ruleset().handling(rule)

    async def _send(
        self,
        hold: Hold,
        action: Action,
        supplied: Supplied,
        where: tuple[str, int],
        *,
        conditional: bool,
    ) -> Hold:
        """Send once and record what came of it; `conditional`: under a condition of ours."""
        started = monotonic()
        line, note = _Line(partial(self.cross, hold, action, supplied)), rotation(hold, supplied)
        try:
            answer = await self._exchange(hold, action, supplied, where, line)
            if answer.status == REFUSED and supplied.generations:
                answer, note = await self._once_more(hold, action, supplied, where, answer)
        except (httpx2.HTTPError, TimeoutError, _Unsent) as error:
            if not line.crossed:
                raise _Unsent(_why(error)) from error
            logger.error(  # noqa: TRY400 (the traceback could hold the request)
                "replay.outcome_unknown hold=%s why=%s", hold.hold_id, _why(error)
            )
            return await self._record(hold, Event.LOSE, {"note": _why(error).encode()})
        if conditional and answer.status == _PRECONDITION_FAILED:
            self.metrics.drift_refusals.labels("precondition").inc()
            recorded = await self._record(hold, Event.MISMATCH, {"note": _LOST_RACE})
        else:
            event = Event.ERROR if answer.status >= _ERROR_STATUS else Event.ANSWER
            kept = {"answer": self.sealed.close_answer(hold, answer), "note": note.encode()}
            recorded = await self._record(hold, event, kept)
        self.metrics.replay_seconds.labels(DISPOSITIONS[recorded.state]).observe(monotonic() - started)
        return recorded

    async def _exchange(
        self,
        hold: Hold,
        action: Action,
        supplied: Supplied,
        where: tuple[str, int],
        line: "_Line",
    ) -> Reply:
        """One request on a connection of its own; no redirects, no retries, no environment."""
        # TCP and TLS each have it, and end before the whole time does, which would leave a socket open.
        patience = min(_CONNECT_TIMEOUT, self.timeout / 3)
        request = httpx2.Request(
            action.method,
            httpx2.URL(scheme=action.scheme, host=where[0], port=where[1], path="/"),
            headers=list(with_fields(_outgoing(hold, action), supplied.fields)),
            content=action.body,
            extensions={
                "target": action.target.encode("latin-1"),
                "sni_hostname": action.host,
                "trace": line.trace,
                "timeout": {"connect": patience, "pool": patience},
            },
        )
        async with (
            asyncio.timeout(self.timeout),
            httpx2.AsyncHTTPTransport(
                verify=supplied.tls or self.trust, trust_env=False, retries=0
            ) as transport,
        ):
            response = await transport.handle_async_request(request)
            try:
                return await _read(response)
            finally:
                await response.aclose()

    async def _once_more(
        self, hold: Hold, action: Action, refused: Supplied, where: tuple[str, int], answer: Reply
    ) -> tuple[Reply, str]:
        """Renew what the upstream refused with `answer`, and send again where twice is once.

        Returns the answer that counts and a note. It stays one claim and one `sending`: raises what an
        exchange raises only when a byte of the second request may have left.
        """
        line = _Line(partial(self._cross_again, hold, action))
        declared = self._handling(hold.rule).idempotency is not None
        try:
            fresh = await self._supply(hold, action, past=refused)
            if why := objection(refused, fresh, allowed=repeatable(action.method, declared=declared)):
                return answer, why
            return await self._exchange(hold, action, fresh, where, line), rotation(hold, fresh)
        except (httpx2.HTTPError, TimeoutError, _Unsent, CredentialError, StoreUnavailable) as error:
            if line.crossed:
                raise
            return answer, f"the upstream refused the credential, and nothing was sent again: {_why(error)}"

    async def _cross_again(self, hold: Hold, action: Action) -> None:
        """Make sure that the claim still stands and may be used; raises _Unsent if not."""
        try:
            if await self.store.killed():
                raise _Unsent("the kill switch is on")
            if self.witness is not None:
                self.witness.record(action, hold)
            await self.store.renew(hold)
        except (WitnessError, Refused, StoreUnavailable) as error:
            raise _Unsent(str(error)) from error

    async def cross(self, hold: Hold, action: Action, supplied: Supplied) -> None:
        """Record that the first byte is about to leave; raises _Unsent if that may not be."""
        try:
            # Before the step, because after it nothing can be given back.
            if self.witness is not None:
                self.witness.record(action, hold)
            used = {"credential_used": supplied.label.encode()}
            await self.store.step(hold, Event.SEND, fence=hold.fence, fields=used)
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

    _MOMENTS = ("http11.send_request_headers.started", "http2.send_connection_init.started")

    def __init__(self, cross: Callable[[], Awaitable[None]]) -> None:
        self._cross = cross
        self.crossed = False

    async def trace(self, name: str, info: dict[str, Any]) -> None:
        """Called by the HTTP client at every step of its own."""
        if name in self._MOMENTS and not self.crossed:
            await self._cross()
            self.crossed = True


async def _read(response: httpx2.Response) -> Reply:
    """The whole answer as it came, up to a bound; the encoding of its content is left alone."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _MAX_ANSWER_BYTES:
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


def _outgoing(hold: Hold, action: Action) -> Fields:
    """The approved fields, with our idempotency key in place of the agent's."""
    fields = framed(action.fields, action.method.encode(), action.body)
    return with_fields(fields, ((IDEMPOTENCY_HEADER, hold.idempotency_key.encode()),))


def _why(error: BaseException) -> str:
    """What happened, without anything that the request or the answer said."""
    match error:
        case _Unsent() | CredentialError() | StoreUnavailable():
            return str(error)
        case httpx2.ConnectTimeout():
            return "the upstream did not take a connection in time"
        case httpx2.ConnectError():
            return why_unconnected(error)
        case TimeoutError():
            return "the time for the upstream ran out"
        case _:
            return "the connection to the upstream ended before its whole answer was there"
