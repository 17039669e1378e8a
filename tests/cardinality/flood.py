"""Calls of which no two have a host, a tool or a session in common, judged, counted, logged and traced."""

import logging
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, cast

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from proxy.admission import Admission
from proxy.agent import Agent
from proxy.audit.recorder import Recorder
from proxy.cli.rule_files import rulebook_of
from proxy.logs import PassLog
from proxy.metrics import Metrics
from proxy.tracing.spans import Spans
from rules.action import Principal
from rules.call import Call, ToolCall
from rules.classify import classify
from rules.message import Message
from rules.normalize import normalize
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Verdict
from tests.bench.procfs import PAGE_BYTES
from tests.proxy.audit.trails import opened
from tests.rules.messages import PLAIN

MOST_SERIES = 2_000
MOST_GROWTH = 50 * 1024 * 1024
_WARM = 2_000


class _Nowhere(SpanExporter):
    def export(self, _spans: Any) -> SpanExportResult:
        return SpanExportResult.SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a flood came to."""

    calls: int
    series_before: int
    series: int
    growth: int
    """Bytes of memory more than before."""
    seconds: float

    @property
    def within(self) -> bool:
        """Whether both bounds hold."""
        return self.series <= MOST_SERIES and self.growth < MOST_GROWTH

    def __str__(self) -> str:
        grown = f"memory grew by {self.growth / 2**20:.1f} MB (less than {MOST_GROWTH / 2**20:.0f})"
        held = f"{self.series} series (before: {self.series_before}, at most {MOST_SERIES})"
        return f"{self.calls} calls in {self.seconds:.0f} s: {held}, {grown}"


def flood(calls: int) -> Figures:
    """Let so many calls through everything that judges and counts."""
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as name:
        metrics, spans = Metrics(), Spans(_Nowhere(), passes=0.01)
        trail, _ = opened(Path(name) / "audit", metrics=metrics)
        trail.start({})
        admission = Admission(
            agent=Agent(principal=Principal(agent="flood"), secret_headers=frozenset(), key=b"k" * 32),
            store=cast(Any, None),  # what needs it is not gone through
            metrics=metrics,
            audit=Recorder(trail=trail, reads=0.01),
            traces=spans,
            passes=PassLog(share=0.01),
        )
        ruleset = _ruleset()
        for number in range(_WARM):
            _one(-1 - number, ruleset, admission)
        before, memory, began = series(metrics), _rss(), monotonic()
        for number in range(calls):
            _one(number, ruleset, admission)
        took = monotonic() - began
        spans.close()
        trail.close()
        figures = Figures(
            calls=calls,
            series_before=before,
            series=series(metrics),
            growth=_rss() - memory,
            seconds=took,
        )
    return figures


def series(metrics: Metrics) -> int:
    """How many a scrape has."""
    return sum(len(family.samples) for family in metrics.registry.collect())


def _one(number: int, ruleset: Ruleset, admission: Admission) -> None:
    for call in (_request(number, ruleset), _tool(number)):
        if isinstance(call, Refusal):
            admission.metrics.refused(call.reason_id)
        else:
            _admit(call, classify(call, ruleset), admission)


def _admit(call: Call, judgement: Judgement, admission: Admission) -> None:
    if judgement.verdict is Verdict.BLOCK:
        admission.blocked(call, judgement)
    elif judgement.only_reads or judgement.verdict is Verdict.PASS:
        admission.read(call, judgement)
    else:
        # What the store would be asked first is no number.
        admission.count(judgement)


def _request(number: int, ruleset: Ruleset) -> Call | Refusal:
    host = f"h{number}.{number % 97}.example"
    message: Message = replace(
        PLAIN,
        host=host,
        sni=host,
        method=(b"GET", b"POST", b"DELETE", f"M{number}".encode())[number % 4],
        target=f"/t{number}/..%2f?q={number}".encode() if number % 10 == 9 else f"/t{number}?q=1".encode(),
        fields=(
            (b"Host", host.encode()),
            (b"Mcp-Session-Id", f"s{number}".encode()),
            (b"Traceparent", f"00-{number + 10**6:032x}-{number + 10**6:016x}-01".encode()),
        ),
        body=b"",
    )
    return normalize(message, paths=ruleset.paths)


def _tool(number: int) -> ToolCall:
    verb = ("list", "delete", "send")[number % 3]
    return ToolCall(server=f"server-{number}", tool=f"{verb}_{number}", arguments={"session": str(number)})


def _ruleset() -> Ruleset:
    logging.getLogger("proxy").setLevel(logging.INFO)
    rulebook = rulebook_of((), packs=True, agent="flood")
    assert not isinstance(rulebook, tuple), rulebook
    return rulebook.current()


def _rss() -> int:
    return int(Path(f"/proc/{os.getpid()}/statm").read_text().split()[1]) * PAGE_BYTES
