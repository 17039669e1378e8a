"""Every number that Sidegate exports, in one place. Labels are bounded: never an id, a host or a path."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_DECISION_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
_REPLAY_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The instruments of one process; the registry is its own, so that two can live in one test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.admissions = self._counter(
            "admissions", "Calls judged, by tier, verdict and reason", "tier", "verdict", "reason_id"
        )
        self.refusals = self._counter(
            "refusals",
            "Requests refused because they have no single reading or no allowed destination",
            "reason_id",
        )
        self.failed_closed = self._counter(
            "failed_closed", "Requests refused because the gate or its store failed", "reason_id"
        )
        self.holds = self._gauge("holds", "Holds in the store, by state", "state")
        self.holds_opened = self._counter("holds_opened", "Holds made, by tier", "tier")
        self.retries_joined = self._counter(
            "retries_joined", "Requests that joined a hold that was there already"
        )
        self.transitions = self._counter("hold_transitions", "Steps of holds, by event", "event")
        self.decision_seconds = self._histogram(
            "decision_seconds",
            "Time from hold to decision, by decision",
            label="decision",
            buckets=_DECISION_BUCKETS,
        )
        self.replay_seconds = self._histogram(
            "replay_seconds",
            "Time from claim to the upstream's whole answer, by disposition",
            label="disposition",
            buckets=_REPLAY_BUCKETS,
        )
        self.integrity_failures = self._counter(
            "integrity_failures", "Stored holds that did not open or did not match their digest"
        )
        self.store_up = self._gauge("store_up", "1 while the store answers, else 0")

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"sidegate_{name}", help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"sidegate_{name}", help_text, labels, registry=self.registry)

    def _histogram(self, name: str, help_text: str, *, label: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"sidegate_{name}", help_text, [label], buckets=buckets, registry=self.registry)
