"""Begins the tracing of one process, where it is configured."""

from proxy.metrics import Metrics
from proxy.tracing.settings import TracesEntry
from proxy.tracing.traces import Traces


def begin(entry: TracesEntry, metrics: Metrics) -> Traces | None:
    """What makes spans, or None. Raises ValueError where what it needs is not installed."""
    if not entry.endpoint:
        return None
    try:
        # Only here: it takes as long to load as the gate itself, and threads.
        from proxy.tracing.exporting import exporter
        from proxy.tracing.spans import Spans
    except ImportError as error:
        raise ValueError("`traces` needs OpenTelemetry: install `sidegate[otel]`") from error
    return Spans(exporter(entry.endpoint, metrics), passes=entry.passes)
