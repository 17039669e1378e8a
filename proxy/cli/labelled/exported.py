"""The figures of a run as a file for Prometheus, with the hash of the rules that were measured."""

from pathlib import Path

from prometheus_client import write_to_textfile

from proxy.cli.labelled.tally import Tally
from proxy.metrics import EvalMetrics

_COUNTED = ("catch", "false_escalation", "grey_held")


def write(path: Path, tally: Tally, *, ruleset: str, at: float) -> None:
    """Write it whole or not at all; one that was there is replaced. Raises OSError."""
    metrics = EvalMetrics()
    metrics.info.labels(ruleset).set(1)
    metrics.timestamp.set(at)
    for _, source, rates in tally.sources():
        counted = [rates[name] for name in _COUNTED]
        metrics.rows.labels(source).set(sum(rate.of for rate in counted if rate is not None))
        if (catch := rates["catch"]) is not None:
            metrics.catch_ratio.labels(source).set(catch.share)
        if (false := rates["false_escalation"]) is not None:
            metrics.false_escalation_ratio.labels(source).set(false.share)
    write_to_textfile(str(path), metrics.registry)
