"""Spans of a call from its admission to its replay: one trace, over processes, without contents."""

from dataclasses import replace

import pytest

from addons.exchange import Passage
from proxy.metrics import Metrics
from proxy.store.record import read_hold
from proxy.tracing.exporting import exporter
from proxy.tracing.spans import Spans
from rules.call import ToolCall
from rules.hold import Event, State
from rules.reply import Reply
from rules.talk import Kind
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.gatehouse import NOW, gatehouse, request
from tests.proxy.tracing.collector import Collector, collecting
from tests.rules.audit.test_facts import DECIDED, HOLD
from tests.rules.test_trace import SAID, SPAN, TRACE

pytestmark = pytest.mark.observe

FROM = (b"traceparent", SAID.encode())
SECRET = "hunter2-of-the-call"


def spans_to(collector: Collector, *, passes: float = 0.0) -> Spans:
    """A process that makes them."""
    return Spans(exporter(collector.url, Metrics()), passes=passes)


async def test_one_trace_from_admission_to_replay_over_processes(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """One process holds, a second one decides, a third one runs it: each span hangs where it belongs."""
    with collecting() as collector:
        one, other = spans_to(collector), spans_to(collector)
        async with gatehouse(redis_url, trust=authority.ca, traces=one) as house:
            body = f'{{"amount": 7, "to": "{SECRET}"}}'.encode()
            asked = request(port=upstream.port, path=f"/pay/1?token={SECRET}", fields=(*NOW, FROM), body=body)
            told = await house.admit(asked)
            held = await house.find(told)
            assert held.trace.startswith(f"00-{TRACE}-")
            house.store.told[:] = [other]
            await house.bring(told, State.APPROVED)
            house.store.told[:] = [one]
            ran = await house.gate.holding.replayer.run(await house.find(told))
            assert ran.state is State.EXECUTED
            examples = [
                sample.exemplar.labels
                for family in house.metrics.registry.collect()
                if family.name == "sidegate_replay_seconds"
                for sample in family.samples
                if sample.exemplar
            ]
        one.close()
        other.close()
        admitted, hold = collector.named("POST"), collector.named("hold")
        decided, replayed = collector.named("decision approve"), collector.named("replay")
        assert {span.trace for span in collector.spans} == {TRACE}
        assert admitted.parent == SPAN
        assert hold.parent == admitted.span
        assert decided.parent == replayed.parent == hold.span
        assert replayed.links == (decided.span,)
        assert admitted.attributes["sidegate.verdict"] == "hold"
        assert admitted.attributes["server.address"] == "localhost"
        assert hold.attributes["sidegate.disposition"] == "approved-executed"
        assert hold.seconds >= decided.seconds > 0
        assert SECRET.encode() not in bytes(collector.raw)
        assert b"pay/1" not in bytes(collector.raw)
        assert examples == [{"trace_id": TRACE}]


@pytest.mark.parametrize(("passes", "count"), [(0.0, 0), (1.0, 1)])
async def test_of_passed_calls_there_is_a_share(redis_url: str, passes: float, count: int) -> None:
    """Blocked ones always have one; where the agent names no trace, there is a new one."""
    with collecting() as collector:
        spans = spans_to(collector, passes=passes)
        async with gatehouse(redis_url, traces=spans) as house:
            assert isinstance(await house.admit(request("POST", "/drafts")), Passage)
            assert isinstance(await house.admit(request("POST", "/never/1")), Reply)
        spans.close()
        verdicts = [span.attributes["sidegate.verdict"] for span in collector.spans]
    assert verdicts == ["pass"] * count + ["block"]


def test_a_tool_call_is_named_by_the_conventions() -> None:
    """Of MCP and of GenAI; no argument of it."""
    judged = Judgement(
        tier=Tier.HIGH_RISK, verdict=Verdict.BLOCK, reason_id=ReasonId.RULE, reason="r", rule="x"
    )
    with collecting() as collector:
        spans = spans_to(collector)
        call = ToolCall(server="bank", tool="pay", arguments={"pin": SECRET}, trace=SAID)
        spans.judged(call, judged)
        spans.judged(replace(call, tool="t" * 10_000, trace="x"), judged)
        spans.close()
        made = collector.named("tools/call pay")
        assert (made.trace, made.parent) == (TRACE, SPAN)
        assert made.attributes["mcp.method.name"] == "tools/call"
        assert made.attributes["gen_ai.operation.name"] == "execute_tool"
        assert made.attributes["gen_ai.tool.name"] == "pay"
        assert made.attributes["sidegate.rule"] == "x"
        assert max(len(span.name) for span in collector.spans) <= 220
        assert SECRET.encode() not in bytes(collector.raw)


def test_a_hold_without_a_trace_has_no_spans() -> None:
    """One of a version or a process that traces nothing; what stands there may be anything."""
    with collecting() as collector:
        spans = spans_to(collector)
        for trace in ("", "x", "00-zz"):
            spans.stepped(replace(DECIDED, trace=trace), Event.APPROVE, by="ada")
        spans.opened(HOLD, new=True)
        spans.said(HOLD, Kind.ANSWER, by="")
        spans.close()
        assert collector.spans == []
    fields = {"state": "pending", "fence": "0", "digest": "d", "fingerprint": "f", "idempotency_key": "k"}
    fields |= {"tier": "4", "rule": "", "reason_id": "rule", "reason": "r", "policy": "p", "attempts": "1"}
    assert read_hold("01H", fields | {"created_at": "1", "decide_by": "1"}).trace == ""


def test_a_replay_that_another_process_claimed_is_an_instant() -> None:
    """Its lease ran out elsewhere; when it began, nobody here knows."""
    with collecting() as collector:
        spans = spans_to(collector)
        spans.stepped(replace(HOLD, trace=SAID, state=State.OUTCOME_UNKNOWN), Event.LOSE, by="")
        spans.close()
        assert collector.named("replay").seconds < 1
        assert collector.named("hold").attributes["sidegate.hold.state"] == "outcome_unknown"
