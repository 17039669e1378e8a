"""Spans leave by themselves: a collector that is gone, slow or refuses delays no call and is told of once."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proxy.metrics import Metrics
from proxy.tracing.exporting import exporter
from proxy.tracing.spans import Spans
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.proxy.tracing.collector import collecting
from tests.rules.calls import http

pytestmark = pytest.mark.observe

CALL = http("POST a.example/x")
PASSES = Judgement(tier=Tier.REVERSIBLE, verdict=Verdict.PASS, reason_id=ReasonId.RULE, reason="r")


def outcome(metrics: Metrics, name: str) -> float:
    """How many spans came to that."""
    return metrics.registry.get_sample_value("sidegate_spans_total", {"outcome": name}) or 0.0


@contextmanager
def deaf() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1/traces"


async def test_calls_do_not_wait_for_a_collector_that_does_not_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ten thousand of them are judged meanwhile; what has no room is not kept; the end comes soon."""
    metrics = Metrics()
    with deaf() as url:
        spans = Spans(exporter(url, metrics), passes=1.0)
        began = time.monotonic()
        for _ in range(10_000):
            spans.judged(CALL, PASSES)
        assert time.monotonic() - began < 30
        began = time.monotonic()
        await asyncio.to_thread(spans.close)
        assert time.monotonic() - began < 30
    assert outcome(metrics, "exported") == 0
    assert "http://" not in caplog.text


@pytest.mark.parametrize("status", [400, 503])
def test_what_is_refused_is_counted(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """And said, once, without an address."""
    metrics = Metrics()
    with collecting() as collector:
        collector.status = status
        spans = Spans(exporter(collector.url, metrics), passes=1.0)
        spans.judged(CALL, PASSES)
        spans.close()
    assert (outcome(metrics, "exported"), outcome(metrics, "failed")) == (0, 1)
    assert caplog.text.count("traces.export_failed") == 1


def test_what_is_taken_is_counted() -> None:
    """With who made it."""
    metrics = Metrics()
    with collecting() as collector:
        spans = Spans(exporter(collector.url, metrics), passes=1.0)
        spans.judged(CALL, PASSES)
        spans.close()
        assert b"sidegate" in collector.raw
    assert (outcome(metrics, "exported"), outcome(metrics, "failed")) == (1, 0)
