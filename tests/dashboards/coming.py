"""The series of review quality, for a sidecar that does not have them yet."""

from prometheus_client import Counter, Gauge, Histogram

from proxy.metrics import Metrics

_COUNTERS = {
    "drills_injected": ("kind",),
    "drill_answers": ("kind", "answer"),
    "hold_labels": ("label",),
    "hold_labels_withdrawn": ("label",),
    "pass_audit_sampled": ("tier",),
    "pass_audit_labels": ("tier", "label"),
    "pass_audit_labels_withdrawn": ("tier", "label"),
    "pass_audit_dropped": (),
    "fast_approvals": ("tier",),
    "deadlines": ("outcome",),
}
_GAUGES = {
    "pass_audit_waiting": (),
    "eval_catch_ratio": ("corpus",),
    "eval_false_escalation_ratio": ("corpus",),
    "eval_rows": ("corpus",),
    "eval_info": ("ruleset",),
    "eval_timestamp_seconds": (),
}


def complete(metrics: Metrics) -> Metrics:
    """The same with the instruments that it lacks."""
    for name, labels in _COUNTERS.items():
        if not hasattr(metrics, name):
            setattr(metrics, name, Counter(f"sidegate_{name}", name, labels, registry=metrics.registry))
    for name, labels in _GAUGES.items():
        if not hasattr(metrics, name):
            setattr(metrics, name, Gauge(f"sidegate_{name}", name, labels, registry=metrics.registry))
    name, labels = "review_dwell_seconds", ("decision",)
    if not hasattr(metrics, name):
        buckets = (1, 5, 15, 60)
        dwell = Histogram(f"sidegate_{name}", name, labels, buckets=buckets, registry=metrics.registry)
        setattr(metrics, name, dwell)
    return metrics
