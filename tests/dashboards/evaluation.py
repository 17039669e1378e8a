"""What `sidegate eval` writes, beside a sidecar's own metrics."""

from prometheus_client import Gauge

from proxy.metrics import Metrics

_GAUGES = {
    "eval_catch_ratio": ("corpus",),
    "eval_false_escalation_ratio": ("corpus",),
    "eval_rows": ("corpus",),
    "eval_info": ("ruleset",),
    "eval_timestamp_seconds": (),
}


def evaluated(metrics: Metrics) -> Metrics:
    """The same with these gauges, as a sidecar serves them."""
    for name, labels in _GAUGES.items():
        setattr(metrics, name, Gauge(f"sidegate_{name}", name, labels, registry=metrics.registry))
    return metrics
