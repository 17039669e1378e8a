"""What `sidegate eval` writes, beside a sidecar's own metrics."""

from proxy.metrics import EvalMetrics, Metrics


def evaluated(metrics: Metrics) -> Metrics:
    """The same with these gauges, as a sidecar serves them; their names begin with `eval_`."""
    for name, gauge in vars(EvalMetrics()).items():
        if name != "registry":
            metrics.registry.register(gauge)
            setattr(metrics, f"eval_{name}", gauge)
    return metrics
