"""Metrics with known numbers in them, and the page on which Prometheus finds them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, generate_latest

from proxy.metrics import Metrics

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
    "transitions": {("approve",): 9, ("answer",): 6, ("lose",): 2},
    "retries_joined": {(): 4},
    "integrity_failures": {(): 1},
    "rules_loaded": {("loaded",): 5, ("rejected",): 2},
    "replay_failures": {(): 3},
    "drift_refusals": {("changed",): 5, ("policy",): 2},
    "probes": {("hold", "shown"): 10, ("claim", "unread"): 13},
    "channel_deliveries": {("webhook", "delivered"): 16, ("mail", "dead"): 17},
    "audit_records": {(): 18},
    "audit_lost": {(): 2},
    "credential_renewals": {("bank", "renewed"): 14, ("mail", "denied"): 15},
}

_HOLDS = {"pending": 3, "approved": 2, "claimed": 1, "sending": 1, "executed": 12, "outcome_unknown": 4}

# Half of the approvals within (1, 5] s, a tenth and more of them within (60, 120] s.
_DECIDED = {"approve": (2.0, 2.0, 2.0, 2.0, 100.0), "reject": (20.0,)}
_REPLAYED = {"approved-executed": (0.2, 0.2, 0.2, 0.2, 4.0), "execution-error": (0.02,)}

CAUGHT, REFUSED, FAILED = 14, 9, 9
"""What the counters above add up to."""


def fresh() -> Metrics:
    """Metrics of a process in which nothing has happened, with every series that will be there."""
    metrics = Metrics()
    for name, counts in _COUNTED.items():
        for labels in counts:
            _child(metrics, name, labels)
    for decision in _DECIDED:
        metrics.decision_seconds.labels(decision)
    for disposition in _REPLAYED:
        metrics.replay_seconds.labels(disposition)
    metrics.store_up.set(1)
    metrics.audit_up.set(1)
    return metrics


def observe(metrics: Metrics) -> None:
    """Let everything happen that the tables above say."""
    for name, counts in _COUNTED.items():
        for labels, count in counts.items():
            _child(metrics, name, labels).inc(count)
    metrics.rules_stale.set(1)
    metrics.clock_skew_seconds.set(-7)
    for state, count in _HOLDS.items():
        metrics.holds.labels(state).set(count)
    for decision, waits in _DECIDED.items():
        for seconds in waits:
            metrics.decision_seconds.labels(decision).observe(seconds)
    for disposition, times in _REPLAYED.items():
        for seconds in times:
            metrics.replay_seconds.labels(disposition).observe(seconds)


@contextmanager
def served(registry: CollectorRegistry) -> Iterator[int]:
    """The page `/metrics` on loopback; yields its port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = generate_latest(registry)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Scrapes are not news."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _child(metrics: Metrics, name: str, labels: tuple[str, ...]) -> Counter:
    counter: Counter = getattr(metrics, name)
    return counter.labels(*labels) if labels else counter
