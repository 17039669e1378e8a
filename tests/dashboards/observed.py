"""Metrics with known numbers in them."""

import time
from datetime import date
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from proxy.metrics import Metrics
from tests.dashboards.evaluation import evaluated

# Labels of each counter, and how often it counts: every number differs from every other.
_COUNTED: dict[str, dict[tuple[str, ...], int]] = {
    "admissions": {
        ("1", "pass", "default_read"): 40,
        ("2", "pass", "rule"): 11,
        ("3", "hold", "default_write"): 7,
        ("4", "hold", "rule"): 5,
        ("4", "block", "forbidden"): 2,
    },
    "refusals": {("framing_ambiguous",): 3, ("destination_refused",): 6},
    "failed_closed": {("gate_failed",): 1, ("store_unavailable",): 8},
    "holds_opened": {("3",): 7, ("4",): 5},
    "transitions": {("approve",): 9, ("reject",): 1, ("answer",): 6, ("lose",): 2},
    "retries_joined": {(): 4},
    "grant_uses": {(): 3},
    "integrity_failures": {(): 1},
    "rules_loaded": {("loaded",): 5, ("rejected",): 2},
    "replay_failures": {(): 3},
    "drift_refusals": {("changed",): 5, ("policy",): 2},
    "probes": {("hold", "shown"): 10, ("claim", "unread"): 13},
    "channel_deliveries": {("webhook", "delivered"): 16, ("mail", "dead"): 17},
    "audit_records": {(): 18},
    "audit_lost": {(): 2},
    "audit_sink_records": {("siem",): 24},
    "audit_sink_failures": {("siem",): 25},
    "audit_sink_missed": {("siem",): 26},
    "spans": {("exported",): 27, ("failed",): 28},
    "drills_injected": {("violation",): 61, ("benign",): 62},
    "drill_answers": {
        ("violation", "rejected"): 57,
        ("violation", "approved"): 3,
        ("violation", "expired"): 1,
        ("benign", "rejected"): 6,
        ("benign", "approved"): 54,
    },
    "hold_labels": {("unnecessary",): 28, ("necessary",): 63},
    "hold_labels_withdrawn": {("unnecessary",): 7, ("necessary",): 0},
    "pass_audit_sampled": {("1",): 19, ("2",): 21},
    "pass_audit_labels": {
        ("1", "right"): 9,
        ("1", "should_have_held"): 2,
        ("2", "right"): 5,
        ("2", "should_have_held"): 5,
    },
    "pass_audit_labels_withdrawn": {
        ("1", "right"): 0,
        ("1", "should_have_held"): 1,
        ("2", "right"): 0,
        ("2", "should_have_held"): 0,
    },
    "pass_audit_dropped": {(): 22},
    "fast_approvals": {("3",): 1, ("4",): 2},
    "deadlines": {("met",): 24, ("missed",): 6},
    "credential_renewals": {("bank", "renewed"): 14, ("mail", "denied"): 15},
}

_GAUGES: dict[str, dict[tuple[str, ...], float]] = {
    "rules_stale": {(): 1},
    "clock_skew_seconds": {(): -7},
    "oldest_pending_seconds": {(): 77},
    "kill_switch": {(): 1},
    "pass_audit_waiting": {(): 23},
    "audit_sink_up": {("siem",): 1},
    "audit_sink_lag": {("siem",): 29},
    "eval_catch_ratio": {("bank",): 0.96},
    "eval_false_escalation_ratio": {("bank",): 0.12},
    "eval_rows": {("bank",): 400},
    "eval_info": {("0123abcd",): 1},
}
AUTHORITY_ENDS_IN, EVALUATED_AGO, ASSESSED_AGO = 1_000_000, 500_000, 9_000_000
"""Seconds, from when everything happens on."""

_HOLDS = {"pending": 3, "approved": 2, "claimed": 1, "sending": 1, "executed": 12, "outcome_unknown": 4}

# Half of the approvals within (1, 5] s, a tenth and more of them within (60, 120] s.
_TIMED: dict[str, dict[str, tuple[float, ...]]] = {
    "decision_seconds": {"approve": (2.0, 2.0, 2.0, 2.0, 100.0), "reject": (20.0,)},
    "review_dwell_seconds": {"approve": (3.0,) * 10},
    "replay_seconds": {"approved-executed": (0.2, 0.2, 0.2, 0.2, 4.0), "execution-error": (0.02,)},
}

CAUGHT, REFUSED, FAILED = 14, 9, 9
"""What the counters above add up to."""


def fresh() -> Metrics:
    """Metrics of a process in which nothing has happened, with every series that will be there."""
    metrics = evaluated(Metrics())
    metrics.assessed(date(2025, 11, 3))
    for name, counts in _COUNTED.items():
        for labels in counts:
            _child(metrics, name, labels)
    for name, label, _ in _times():
        _child(metrics, name, (label,))
    metrics.store_up.set(1)
    metrics.audit_up.set(1)
    return metrics


def observe(metrics: Metrics) -> None:
    """Let everything happen that the tables above say."""
    for name, counts in _COUNTED.items():
        for labels, count in counts.items():
            _child(metrics, name, labels).inc(count)
    now = time.time()
    ages = {
        "authority_end_timestamp_seconds": AUTHORITY_ENDS_IN,
        "eval_timestamp": -EVALUATED_AGO,
        "assessment_timestamp_seconds": -ASSESSED_AGO,
    }
    states = {(state,): float(count) for state, count in _HOLDS.items()}
    dates = {name: {(): now + age} for name, age in ages.items()}
    for name, values in (_GAUGES | dates | {"holds": states}).items():
        for labels, value in values.items():
            _child(metrics, name, labels).set(value)
    for name, label, seconds in _times():
        for each in seconds:
            _child(metrics, name, (label,)).observe(each)


def exported() -> dict[str, set[str]]:
    """Every series' name that a sidecar exports, with its labels."""
    metrics = fresh()
    observe(metrics)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def _child(metrics: Metrics, name: str, labels: tuple[str, ...]) -> Any:
    instrument = getattr(metrics, name)
    return instrument.labels(*labels) if labels else instrument


def _times() -> list[tuple[str, str, tuple[float, ...]]]:
    return [(name, label, seconds) for name, by in _TIMED.items() for label, seconds in by.items()]
