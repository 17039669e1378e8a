"""How spans leave: OTLP over HTTP, from a thread of their own and a bounded queue; no call ever waits."""

import logging
from collections.abc import Sequence

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from proxy.metrics import Metrics
from proxy.version import own

logger = logging.getLogger(__name__)

_SECONDS = 3.0


class CountedExporter(SpanExporter):
    """Another one, whose failures are counted, and said once."""

    def __init__(self, inner: SpanExporter, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Give them away."""
        result = self._inner.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        self._metrics.spans.labels("failed" if failed else "exported").inc(len(spans))
        if failed and not self._failing:
            logger.error("traces.export_failed spans=%d", len(spans))
        elif self._failing and not failed:
            logger.warning("traces.exported_again")
        self._failing = failed
        return result

    def shutdown(self) -> None:
        """Give nothing away any more."""
        self._inner.shutdown()


def exporter(endpoint: str, metrics: Metrics) -> SpanExporter:
    """What sends spans to the collector at `endpoint`, which is not looked for behind proxies."""
    # It says what it does about every batch, with addresses and answers; we count.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    session = requests.Session()
    session.trust_env = False
    return CountedExporter(OTLPSpanExporter(endpoint=endpoint, timeout=_SECONDS, session=session), metrics)


def resource() -> Resource:
    """Who makes the spans."""
    return Resource.create({"service.name": "sidegate", "service.version": own()})
