"""The one place from which an approved action is sent: claimed, checked again, sent once, answer kept.

The line is the step to `sending`, taken when the connection stands and before the first byte of the
request. Before the byte a failure gives the hold back; after it the outcome is the answer, or unknown.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx2

from proxy.audit.recorder import Recorder
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.supply import Supplied
from proxy.destinations import Address
from proxy.failure import ended, report
from proxy.replay.courier import Courier
from proxy.replay.exchange import Route, exchange
from proxy.replay.journal import Journal
from proxy.replay.line import Line, SecondLine, Unheard, Unsent
from proxy.replay.preparation import Changed, Preparation, Ready, check
from proxy.replay.repeating import REFUSED, objection, repeatable, rotation
from proxy.replay.words import why
from proxy.store.record import StoreUnavailable
from proxy.store.store import Refused
from proxy.witness import Witness
from rules.headers import Fields
from rules.hold import DISPOSITIONS, Event, Hold, origins
from rules.mcp.action import ToolAction
from rules.repetition import tells
from rules.reply import Reply
from rules.trace import exemplar

logger = logging.getLogger(__name__)

_RENEW_EVERY = 1.0
_RECORD_FOR, _GIVE_BACK_FOR = 300.0, 10.0
_ERROR_STATUS, _PRECONDITION_FAILED = 400, 412
_LOST_TO_ANYBODY = b"the upstream answered 412 to a repetition, which says nothing of the first"
_LOST_RACE = b"drift: the upstream refused it with 412, because it changed after it was read a last time"
_SENT_BEFORE = "this sidecar's journal has it as sent, whatever the store says; it may have been executed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayer(Preparation):
    """Runs approved holds. `timeout`: seconds for the upstream's whole answer."""

    trust: ssl.SSLContext
    tasks: asyncio.TaskGroup
    journal: Journal
    timeout: float
    witness: Witness | None = None
    audit: Recorder | None = None

    def sent_before(self, hold: Hold) -> list[str]:
        """What this sidecar may have sent of it, but for what the person knew who said to try again."""
        known = self.verifier.answered_for(hold)
        return [attempt for attempt in self.journal.in_doubt(hold) if attempt not in known]

    async def run(self, hold: Hold, *, live: Fields | None = None, courier: Courier | None = None) -> Hold:
        """Claim and run an approved hold; `live`: credentials of the agent's identical retry.

        `courier`: what carries a tool call, which nothing else can.

        Returns the hold as it stands then. Raises Refused if it cannot be claimed. What nobody foresaw
        leaves it to its lease: approved again if it was not sent, an unknown outcome if it may have been.
        """
        hold = await self.store.step(hold, Event.CLAIM)
        self.metrics.transitions.labels(Event.CLAIM).inc()
        async with self._alive(lambda: hold):
            return await self.contained(hold.hold_id, self._run_claimed(hold, live, courier)) or hold

    async def repeat(self, hold: Hold) -> Hold:
        """Send once more what may have been sent, under the key that its upstream runs once.

        Returns the hold as it stands then; its outcome is unknown until an answer says more.
        Raises Changed, Unsent and CredentialError where it cannot be; then nothing was changed.
        """
        ready = await self.ready(hold, None)
        line = self._line(hold, ready, Event.RESEND)
        async with self._alive(lambda: line.hold if line.taken else None):
            try:
                return await self._send_ready(line, ready)
            except Unsent as error:
                if not line.taken:
                    raise
                return await self._record(line.hold, Event.LOSE, {"note": str(error).encode()})

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
        if doubted := self.sent_before(hold):
            logger.error("replay.sent_before hold=%s sends=%d", hold.hold_id, len(doubted))
            known = " ".join(dict.fromkeys((*hold.sends, *doubted))).encode()
            return await self._step(hold, Event.DOUBT, note=_SENT_BEFORE, fields={"sends": known})
        try:
            if courier is not None:
                return await self._send_by(courier, hold)
            ready = await self.ready(hold, live)
            return await self._send_ready(self._line(hold, ready, Event.SEND), ready)
        except Changed as changed:
            self.metrics.drift_refusals.labels(changed.cause).inc()
            return await self._step(hold, Event.DRIFT, note=str(changed), fields=changed.fields)
        except (Unsent, CredentialError) as error:
            logger.warning("replay.not_sent hold=%s why=%s", hold.hold_id, error)
            return await self._give_back(hold, error)

    async def _send_by(self, courier: Courier, hold: Hold) -> Hold:
        """Send a tool call once by the agent's own session. Raises Changed and Unsent."""
        action = await self.approved_action(hold)
        if not isinstance(action, ToolAction):
            raise Unsent("no session carries it")
        check(hold, courier.judge(action))
        line = self._line(hold, None, Event.SEND)
        return await self._send(line, self._carried(courier, action, line))

    async def _carried(self, courier: Courier, action: ToolAction, line: Line) -> tuple[Reply, str]:
        async with asyncio.timeout(self.timeout):
            return await courier.carry(action, line), ""

    def route(self, where: Address, supplied: Supplied) -> Route:
        """The way to an upstream at `where`."""
        return Route(where=where, trust=supplied.tls or self.trust, timeout=self.timeout)

    def _line(self, hold: Hold, ready: Ready | None, event: Event) -> Line:
        return Line(
            store=self.store,
            journal=self.journal,
            witness=self.witness,
            audit=self.audit,
            metrics=self.metrics,
            action=ready.action if ready else None,
            hold=hold,
            event=event,
            patience=self.timeout,
            idempotency=ready.handling.idempotency if ready else None,
            credential_used=ready.supplied.label if ready else "",
        )

    async def _send_ready(self, line: Line, ready: Ready) -> Hold:
        """Send over HTTP what is ready. Raises Unsent."""
        return await self._send(line, self._answered(line, ready), conditional=ready.conditional)

    async def _send(
        self, line: Line, exchanged: Coroutine[Any, Any, tuple[Reply, str]], *, conditional: bool = False
    ) -> Hold:
        """Send once, by awaiting `exchanged`, and record what came of it. Raises Unsent."""
        started = monotonic()
        try:
            answer, note = await exchanged
        except (httpx2.HTTPError, OSError, Unsent) as error:
            if not line.crossed:
                raise (Unheard if line.tried else Unsent)(why(error)) from error
            logger.error(  # noqa: TRY400 (the traceback could hold the request)
                "replay.outcome_unknown hold=%s why=%s", line.hold.hold_id, why(error)
            )
            return await self._record(line.hold, Event.LOSE, {"note": why(error).encode()})
        event, kept = self._outcome(line, answer, conditional=conditional)
        recorded = await self._record(line.hold, event, {"note": note.encode(), **kept})
        if recorded.state in DISPOSITIONS:
            took, example = monotonic() - started, exemplar(line.hold.trace)
            self.metrics.replay_seconds.labels(DISPOSITIONS[recorded.state]).observe(took, example)
        return recorded

    async def _answered(self, line: Line, ready: Ready) -> tuple[Reply, str]:
        """The answer that counts, which may be the second one, and a note. Raises what an exchange raises."""
        supplied = ready.supplied
        answer = await exchange(line, ready.action, supplied, self.route(ready.where, supplied))
        if answer.status != REFUSED or not supplied.generations:
            return answer, rotation(line.hold, supplied)
        second = SecondLine.after(line)
        allowed = repeatable(ready.action.method, declared=line.idempotency is not None)
        try:
            fresh = await self.supply(line.hold, ready.action, ready.handling, past=supplied)
            if objected := objection(supplied, fresh, allowed=allowed):
                return answer, objected
            answered = await exchange(second, ready.action, fresh, self.route(ready.where, fresh))
            return answered, rotation(line.hold, fresh)
        except (httpx2.HTTPError, TimeoutError, Unsent, CredentialError, StoreUnavailable) as error:
            if second.crossed:
                raise
            return answer, f"the upstream refused the credential, and nothing was sent again: {why(error)}"

    def _outcome(self, line: Line, answer: Reply, *, conditional: bool) -> tuple[Event, dict[str, bytes]]:
        """What an answer means, and what the hold keeps of it."""
        if line.event is Event.RESEND and line.idempotency and not tells(answer.status, line.idempotency):
            note = f"the upstream answered {answer.status} to the repetition, which says nothing of the first"
            return Event.LOSE, {"note": note.encode()}
        if conditional and answer.status == _PRECONDITION_FAILED:
            if len(line.hold.sends) > 1:
                # What it changed may have been changed by an earlier sending of the same action.
                return Event.LOSE, {"note": _LOST_TO_ANYBODY}
            self.metrics.drift_refusals.labels("precondition").inc()
            return Event.MISMATCH, {"note": _LOST_RACE}
        event = Event.ERROR if answer.status >= _ERROR_STATUS else Event.ANSWER
        return event, {"answer": self.sealed.close_answer(line.hold, answer)}

    async def _give_back(self, hold: Hold, why: Exception) -> Hold:
        """Give back what has not left, however far the store has it."""
        note = f"not sent: {why}"
        if not isinstance(why, Unheard):
            return await self._step(hold, Event.RELEASE, note=note)
        fields = {"note": note.encode()}
        given = await self._record(hold, Event.RELEASE, fields, patience=_GIVE_BACK_FOR)
        if given.state in origins(Event.WITHDRAW) and given.fence == hold.fence:
            given = await self._record(hold, Event.WITHDRAW, fields, patience=_GIVE_BACK_FOR)
        return given

    async def _record(
        self, hold: Hold, event: Event, fields: dict[str, bytes], *, patience: float = _RECORD_FOR
    ) -> Hold:
        """Keep what became of it, patiently: nobody else knows."""
        deadline = monotonic() + patience
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
    async def _alive(self, current: Callable[[], Hold | None]) -> AsyncIterator[None]:
        """Renew the lease of the `current` claim, where there is one, while the body runs."""
        renewal = self.tasks.create_task(self._renew(current))
        try:
            yield
        finally:
            renewal.cancel()

    async def _renew(self, current: Callable[[], Hold | None]) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            if (hold := current()) is None:
                continue
            try:
                await self.contained(hold.hold_id, self.store.renew(hold))
            except (Refused, StoreUnavailable) as error:
                logger.warning("replay.lease_not_renewed hold=%s why=%s", hold.hold_id, error)
