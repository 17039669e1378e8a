"""Every number that Sidegate exports, in one place. Labels are bounded: never an id, a host or a path."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_DECISION_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
_REPLAY_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The instruments of one process; the registry is its own, so that two can live in one test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.admissions = Counter(
            "sidegate_admissions",
            "Calls judged, by tier, verdict and reason",
            ["tier", "verdict", "reason_id"],
            registry=self.registry,
        )
        self.refusals = Counter(
            "sidegate_refusals",
            "Requests refused because they have no single reading or no allowed destination",
            ["reason_id"],
            registry=self.registry,
        )
        self.failed_closed = Counter(
            "sidegate_failed_closed",
            "Requests refused because the gate or its store failed",
            ["reason_id"],
            registry=self.registry,
        )
        self.holds = Gauge(
            "sidegate_holds",
            "Holds in the store, by state",
            ["state"],
            registry=self.registry,
        )
        self.holds_opened = Counter(
            "sidegate_holds_opened", "Holds made, by tier", ["tier"], registry=self.registry
        )
        self.retries_joined = Counter(
            "sidegate_retries_joined",
            "Requests that joined a hold that was there already",
            registry=self.registry,
        )
        self.transitions = Counter(
            "sidegate_hold_transitions",
            "Steps of holds, by event",
            ["event"],
            registry=self.registry,
        )
        self.decision_seconds = Histogram(
            "sidegate_decision_seconds",
            "Time from hold to decision, by decision",
            ["decision"],
            buckets=_DECISION_BUCKETS,
            registry=self.registry,
        )
        self.replay_seconds = Histogram(
            "sidegate_replay_seconds",
            "Time from claim to the upstream's whole answer, by disposition",
            ["disposition"],
            buckets=_REPLAY_BUCKETS,
            registry=self.registry,
        )
        self.integrity_failures = Counter(
            "sidegate_integrity_failures",
            "Stored holds that did not open or did not match their digest",
            registry=self.registry,
        )
        self.store_up = Gauge(
            "sidegate_store_up",
            "1 while the store answers, else 0",
            registry=self.registry,
        )
