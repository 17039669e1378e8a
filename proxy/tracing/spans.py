"""Spans of admissions, holds, decisions and replays: each in its call's trace, whichever process makes it.

A hold keeps the trace that it belongs to. The ids of its own spans follow from its id, so that a process
that replays it can name the span of the decision that another one made.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import random
from time import time_ns

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.util.types import AttributeValue

from proxy.store.record import Draft
from proxy.tracing.exporting import resource
from rules.audit.facts import by_person
from rules.call import Call, HttpCall
from rules.hold import DISPOSITIONS, OPEN, Event, Hold
from rules.talk import Kind
from rules.trace import Place, caller_of, place_in
from rules.verdict import Judgement, Verdict

_MOST_WAITING = 2048
_MOST_RUNNING = 10_000
_LONGEST = 200
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}
)
_TO_DECISION = frozenset({Event.APPROVE, Event.VOTE, Event.REJECT, Event.RESPOND, Event.SUPERSEDE})
_SENT = frozenset({Event.ANSWER, Event.ERROR, Event.MISMATCH, Event.LOSE, Event.WITHDRAW})
_RUN = _SENT | {Event.RELEASE, Event.DRIFT, Event.DOUBT}

type Attributes = Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of a span before it is made: its id, when it began, what it follows."""

    span: str = ""
    since: int | None = None
    link: Place | None = None


_NOTHING = _Known()


class _Ids(RandomIdGenerator):
    """Random ids, but for the next span's where that is given."""

    def __init__(self) -> None:
        super().__init__()
        self.next: int | None = None

    def generate_span_id(self) -> int:
        given, self.next = self.next, None
        return super().generate_span_id() if given is None else given


class Spans:
    """Makes them, in the loop's thread; `passes`: the share of passed calls that have one."""

    def __init__(
        self, exporter: SpanExporter, *, passes: float, chance: Callable[[], float] = random
    ) -> None:
        self._passes, self._chance = passes, chance
        self._ids = _Ids()
        self._provider = TracerProvider(id_generator=self._ids, resource=resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=_MOST_WAITING, schedule_delay_millis=1000)
        )
        self._tracer = self._provider.get_tracer("sidegate")
        self._running = dict[str, int]()
        """When this process claimed the holds that it runs."""

    def judged(self, call: Call, judgement: Judgement) -> None:
        """A call was judged that is not held."""
        if judgement.verdict is Verdict.BLOCK or self._chance() < self._passes:
            told = _judgement(judgement.tier, judgement.verdict, judgement.reason_id, judgement.rule)
            self._make(_name(call), caller_of(call), attributes=_of_call(call) | told)

    def holding(self, draft: Draft, call: Call) -> Draft:
        """`draft` with the trace that its hold is kept in, by the span of its admission."""
        told = _judgement(draft.tier, Verdict.HOLD, draft.reason_id, draft.rule)
        made = self._make(_name(call), caller_of(call), attributes=_of_call(call) | told)
        return replace(draft, trace=str(made))

    def opened(self, hold: Hold, *, new: bool) -> None:
        """The span of a hold is made when it ends."""

    def said(self, hold: Hold, kind: Kind, *, by: str) -> None:
        """What is said has no span."""

    def stepped(self, hold: Hold, event: Event, *, by: str) -> None:
        """A hold has taken a step."""
        admitted = place_in(hold.trace)
        if admitted is None:
            return
        own = Place(admitted.trace, _id("hold", hold.hold_id))
        if event is Event.CLAIM and len(self._running) < _MOST_RUNNING:
            self._running[hold.hold_id] = time_ns()
        if by_person(hold, event, by=by):
            self._decided(hold, event, own)
        if event in _RUN:
            self._ran(hold, event, own)
        if hold.state not in OPEN and not hold.resolved_by:
            facts = _of_hold(hold) | {"sidegate.hold.generation": hold.generation}
            known = _Known(span=own.span, since=_ns(hold.created_at))
            self._make("hold", admitted, attributes=facts, known=known)

    def close(self) -> None:
        """Give away what is left, for some seconds at most."""
        self._provider.shutdown()

    def _decided(self, hold: Hold, event: Event, own: Place) -> None:
        since = _ns(hold.created_at) if event in _TO_DECISION else None
        facts = _of_hold(hold) | {"sidegate.decision": str(event)}
        known = _Known(span=_decision(hold), since=since)
        self._make(f"decision {event}", own, attributes=facts, known=known)

    def _ran(self, hold: Hold, event: Event, own: Place) -> None:
        """What this process claimed has ended, or was given back."""
        facts = _of_hold(hold) | {"sidegate.replay": str(event), "sidegate.hold.sends": len(hold.sends)}
        since = self._running.pop(hold.hold_id, None)
        # The claim has raised the fence.
        decided = Place(own.trace, _decision(replace(hold, fence=hold.fence - 1)))
        self._make("replay", own, attributes=facts, known=_Known(since=since, link=decided))

    def _make(
        self, name: str, parent: Place | None, *, attributes: Attributes, known: _Known = _NOTHING
    ) -> Place:
        """Make a span that ends now; where it is."""
        self._ids.next = int(known.span, 16) if known.span else None
        made = self._tracer.start_span(
            name,
            context=set_span_in_context(NonRecordingSpan(_context(parent))) if parent else None,
            links=[Link(_context(known.link))] if known.link else [],
            start_time=known.since,
            attributes=attributes,
        )
        made.end()
        context = made.get_span_context()
        return Place(f"{context.trace_id:032x}", f"{context.span_id:016x}")


def _context(place: Place) -> SpanContext:
    return SpanContext(
        int(place.trace, 16), int(place.span, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )


def _id(*parts: str) -> str:
    """A span's id that whoever knows the hold can make as well."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _decision(hold: Hold) -> str:
    return _id("decision", hold.hold_id, str(hold.fence))


def _name(call: Call) -> str:
    """What a span of it is called: of few words, whatever the agent says."""
    if isinstance(call, HttpCall):
        return call.method if call.method in _METHODS else "HTTP"
    return f"tools/call {call.tool[:_LONGEST]}"


def _of_call(call: Call) -> dict[str, AttributeValue]:
    """Where it goes, by the semantic conventions; no path, no query, no header, no argument."""
    if isinstance(call, HttpCall):
        return {
            "http.request.method": call.method if call.method in _METHODS else "_OTHER",
            "url.scheme": call.scheme,
            "server.address": call.host,
            "server.port": call.port,
        }
    return {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.tool[:_LONGEST],
        "sidegate.mcp.server": call.server[:_LONGEST],
    }


def _judgement(tier: int, verdict: Verdict, reason_id: str, rule: str | None) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue] = {
        "sidegate.tier": int(tier),
        "sidegate.verdict": str(verdict),
        "sidegate.reason_id": str(reason_id),
    }
    return told | ({"sidegate.rule": rule} if rule else {})


def _of_hold(hold: Hold) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue] = {
        "sidegate.hold": hold.hold_id,
        "sidegate.tier": int(hold.tier),
        "sidegate.hold.state": str(hold.state),
    }
    ended = {"sidegate.disposition": str(DISPOSITIONS[hold.state])} if hold.state in DISPOSITIONS else {}
    return told | ({"sidegate.rule": hold.rule} if hold.rule else {}) | ended


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
