"""Every number that Sidegate exports, in one place. Labels are bounded: never an id, a host or a path.

Every series exists from the start, at 0: to `increase()` one that begins with its first event had no event.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rules.drill.drill import Answer, Kind
from rules.hold import DISPOSITIONS, TRANSITIONS, Event, State
from rules.quality import HoldLabel, PassLabel
from rules.verdict import Judgement, ReasonId, Tier, Verdict

FAILURES = frozenset(
    {
        ReasonId.GATE_FAILED,
        ReasonId.STORE_UNAVAILABLE,
        ReasonId.WITNESS_UNAVAILABLE,
        ReasonId.AUDIT_UNAVAILABLE,
        ReasonId.CREDENTIAL_UNAVAILABLE,
    }
)
"""Reasons that lie with the gate and not with the request."""

_JUDGED = frozenset(
    {
        ReasonId.RULE,
        ReasonId.RULE_LOWERED,
        ReasonId.RULE_UNKNOWN,
        ReasonId.FORBIDDEN,
        ReasonId.BUDGET,
        ReasonId.SECRET_OUTBOUND,
        ReasonId.DEFAULT_READ,
        ReasonId.DEFAULT_REVERSIBLE,
        ReasonId.DEFAULT_WRITE,
        ReasonId.DEFAULT_DELETE,
        ReasonId.DEFAULT_UNKNOWN_HOST,
        ReasonId.DEFAULT_TOOL,
        ReasonId.TOOL_CHANGED,
        ReasonId.ANSWER_SUSPECT,
        ReasonId.METHOD_OVERRIDE,
    }
)
_DECISION_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
_DWELL_BUCKETS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_REPLAY_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

CHANNELS = ("webhook", "slack", "mail")
"""The kinds of channels."""

WOULD_HOLD = "would_hold"
"""In place of a verdict: the call passes because what would hold it is only observed."""


class Renewal(StrEnum):
    """What became of the renewal of a credential's token."""

    RENEWED = "renewed"
    """There is a new token."""
    DENIED = "denied"
    """The endpoint refuses: a person has to do something."""
    FAILED = "failed"
    """The endpoint did not answer, or not as a token endpoint does."""


class Metrics:
    """The instruments of one process; the registry is its own, so that two can live in one test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._of_calls()
        self._of_holds()
        self._of_replays()
        self._of_quality()
        self._of_the_sidecar()
        self._of_records()

    def _of_calls(self) -> None:
        """What the gate says of them."""
        self.admissions = self._counter(
            "admissions",
            "Calls judged, by tier, verdict and reason",
            labels=("tier", "verdict", "reason_id"),
            series=_admissions(),
        )
        self._admitted: dict[tuple[Tier, str, ReasonId], Counter] = {}
        self.refusals = self._counter(
            "refusals",
            "Requests refused because they have no single reading or no allowed destination",
            labels=("reason_id",),
            series=_each(reason for reason in ReasonId if reason not in _JUDGED | FAILURES),
        )
        self.failed_closed = self._counter(
            "failed_closed",
            "Requests refused because the gate or its store failed",
            labels=("reason_id",),
            series=_each(FAILURES),
        )

    def _of_holds(self) -> None:
        """How many there are, what becomes of them, and who is told."""
        self.holds = self._gauge("holds", "Holds that may still change, by state", "state")
        self.oldest_pending_seconds = self._gauge(
            "oldest_pending_seconds", "How long the oldest hold has waited for a decision; 0 if none waits"
        )
        self.holds_opened = self._counter(
            "holds_opened",
            "Holds made, by tier",
            labels=("tier",),
            series=_each(tier for tier in Tier if _verdict(tier) is Verdict.HOLD),
        )
        self.grant_uses = self._counter(
            "grant_uses", "Holds that were approved by a grant, without a person looking at each"
        )
        self.retries_joined = self._counter(
            "retries_joined", "Requests that joined a hold that was there already"
        )
        self.transitions = self._counter(
            "hold_transitions",
            "Steps of holds, by event",
            labels=("event",),
            series=_each(event for event in Event if event is not Event.DRILL),
        )
        self.decision_seconds = self._histogram(
            "decision_seconds",
            "Time from hold to decision, by decision",
            label="decision",
            values=(Event.APPROVE, Event.REJECT, Event.CANCEL),
            buckets=_DECISION_BUCKETS,
        )
        self.channel_deliveries = self._counter(
            "channel_deliveries",
            "What channels were told, by kind of channel and by what became of the try",
            labels=("channel", "outcome"),
            series=[(c, o) for c in CHANNELS for o in ("delivered", "failed", "dead", "skipped", "lost")],
        )

    def _of_replays(self) -> None:
        """What is run, and what keeps it from that."""
        self.replay_seconds = self._histogram(
            "replay_seconds",
            "Time from claim to the upstream's whole answer, by disposition",
            label="disposition",
            values=[DISPOSITIONS[s] for s in TRANSITIONS[State.SENDING].values() if s in DISPOSITIONS],
            buckets=_REPLAY_BUCKETS,
        )
        self.replay_failures = self._counter(
            "replay_failures", "Failures of replays that nobody foresaw: the holds are left to their leases"
        )
        self.integrity_failures = self._counter(
            "integrity_failures", "Stored holds that did not open or did not match their digest"
        )
        self.credential_renewals = self._counter(
            "credential_renewals",
            "Renewals of tokens, by name of the credential and outcome",
            labels=("credential", "outcome"),
        )
        self.probes = self._counter(
            "probes",
            "Reads of what held calls would change, by moment and by what they showed",
            labels=("moment", "outcome"),
            series=[(m, o) for m in ("hold", "claim") for o in ("shown", "absent", "unread")],
        )
        self.drift_refusals = self._counter(
            "drift_refusals",
            "Approved calls that were not run because something had changed, by what",
            labels=("cause",),
            series=_each(("changed", "precondition", "unrecorded", "policy", "integrity")),
        )

    def _of_quality(self) -> None:
        """What people say of verdicts, how they decide, and what drills tell of that."""
        self.deadlines = self._counter(
            "deadlines",
            "Holds that people decided about in time, and those that expired unanswered",
            labels=("outcome",),
            series=_each(("met", "missed")),
        )
        self.review_dwell_seconds = self._histogram(
            "review_dwell_seconds",
            "Time from a reviewer's first view of a hold to the decision, by decision",
            label="decision",
            values=(Event.APPROVE, Event.REJECT, Event.RESPOND),
            buckets=_DWELL_BUCKETS,
        )
        self.fast_approvals = self._counter(
            "fast_approvals",
            "Approvals sooner after the first view than anybody can have read it, by tier",
            labels=("tier",),
            series=_each((int(Tier.EXTERNAL), int(Tier.HIGH_RISK))),
        )
        self.hold_labels = self._counter(
            "hold_labels",
            "What people say of holds: a changed mind counts anew",
            labels=("label",),
            series=_each(HoldLabel),
        )
        self.hold_labels_withdrawn = self._counter(
            "hold_labels_withdrawn",
            "What people no longer say of holds, by what it was",
            labels=("label",),
            series=_each(HoldLabel),
        )
        self.drills_injected = self._counter(
            "drills_injected", "Drills put among the holds, by kind", labels=("kind",), series=_each(Kind)
        )
        self.drill_answers = self._counter(
            "drill_answers",
            "What became of drills, by kind",
            labels=("kind", "answer"),
            series=[(kind, answer) for kind in Kind for answer in Answer],
        )
        tiers = (int(Tier.READ_ONLY), int(Tier.REVERSIBLE))
        words = [(tier, label) for tier in tiers for label in PassLabel]
        self.pass_audit_sampled = self._counter(
            "pass_audit_sampled",
            "Passed calls that were kept for people to look at, by tier",
            labels=("tier",),
            series=_each(tiers),
        )
        self.pass_audit_dropped = self._counter(
            "pass_audit_dropped", "Passed calls that were chosen for that and could not be kept"
        )
        self.pass_audit_waiting = self._gauge(
            "pass_audit_waiting", "Kept passed calls about which nobody has said anything"
        )
        self.pass_audit_labels = self._counter(
            "pass_audit_labels",
            "What people say of passed calls, by tier: a changed mind counts anew",
            labels=("tier", "label"),
            series=words,
        )
        self.pass_audit_labels_withdrawn = self._counter(
            "pass_audit_labels_withdrawn",
            "What people no longer say of passed calls, by tier and by what it was",
            labels=("tier", "label"),
            series=words,
        )

    def _of_the_sidecar(self) -> None:
        """Whether its parts stand, and for how long."""
        self.rules_loaded = self._counter(
            "rules_loaded",
            "New versions of the rules files, by what became of them",
            labels=("outcome",),
            series=_each(("loaded", "rejected")),
        )
        self.rules_stale = self._gauge("rules_stale", "1 while the rules files hold what could not be loaded")
        self.kill_switch = self._gauge("kill_switch", "1 while the kill switch is on, else 0")
        self.authority_end_timestamp_seconds = self._gauge(
            "authority_end_timestamp_seconds", "When the certificate of the authority that signs ends"
        )
        self.store_up = self._gauge("store_up", "1 while the store answers, else 0")
        self.clock_skew_seconds = self._gauge(
            "clock_skew_seconds", "How far the store's clock is ahead of this machine's"
        )

    def _of_records(self) -> None:
        """The audit trail, who else is given it, and traces."""
        self.audit_up = self._gauge("audit_up", "1 while the audit trail can be written, else 0")
        self.audit_records = self._counter("audit_records", "Records written to the audit trail")
        self.audit_lost = self._counter(
            "audit_lost", "Records for which the audit trail had no room; their number is recorded"
        )
        self.spans = self._counter(
            "spans",
            "Spans for the collector of traces, by what became of them",
            labels=("outcome",),
            series=_each(("exported", "failed")),
        )
        self.audit_sink_up = self._gauge("audit_sink_up", "1 while a sink takes records, else 0", "sink")
        self.audit_sink_lag = self._gauge(
            "audit_sink_lag_seconds", "Age of the oldest audit record that a sink has not taken", "sink"
        )
        self.audit_sink_records = self._counter(
            "audit_sink_records", "Audit records that a sink has taken", labels=("sink",)
        )
        self.audit_sink_failures = self._counter(
            "audit_sink_failures", "Tries that failed to give a sink audit records", labels=("sink",)
        )
        self.audit_sink_missed = self._counter(
            "audit_sink_missed",
            "Audit records that were gone, by their time of keeping, before a sink took them",
            labels=("sink",),
        )

    def assessed(self, day: date) -> None:
        """Export the day of the last assessment; where nobody says it, there is no such series."""
        self.assessment_timestamp_seconds = self._gauge(
            "assessment_timestamp_seconds",
            "When the operator last assessed this deployment, where that is configured",
        )
        self.assessment_timestamp_seconds.set(datetime.combine(day, time(), tzinfo=UTC).timestamp())

    def admitted(self, judgement: Judgement) -> None:
        """Count a call that was judged so."""
        verdict = WOULD_HOLD if judgement.observed else judgement.verdict
        series = (judgement.tier, verdict, judgement.reason_id)
        # Finding a series costs more than counting in it.
        counter = self._admitted.get(series)
        if counter is None:
            counter = self._admitted[series] = self.admissions.labels(int(series[0]), *series[1:])
        counter.inc()

    def refused(self, reason_id: ReasonId) -> None:
        """Count a call that goes no further, by whose fault that is."""
        counter = self.failed_closed if reason_id in FAILURES else self.refusals
        counter.labels(reason_id).inc()

    def _counter(
        self,
        name: str,
        help_text: str,
        *,
        labels: Sequence[str] = (),
        series: Iterable[tuple[object, ...]] = (),
    ) -> Counter:
        counter = Counter(f"sidegate_{name}", help_text, labels, registry=self.registry)
        for values in series:
            counter.labels(*values)
        return counter

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"sidegate_{name}", help_text, labels, registry=self.registry)

    def _histogram(
        self,
        name: str,
        help_text: str,
        *,
        label: str,
        values: Iterable[str],
        buckets: Sequence[float],
    ) -> Histogram:
        histogram = Histogram(f"sidegate_{name}", help_text, [label], buckets=buckets, registry=self.registry)
        for value in values:
            histogram.labels(value)
        return histogram


class EvalMetrics:
    """What `sidegate eval` writes for Prometheus: another process's, so in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.catch_ratio = self._gauge(
            "catch_ratio", "Share of consequential calls that the rules stop, by source", "corpus"
        )
        self.false_escalation_ratio = self._gauge(
            "false_escalation_ratio", "Share of harmless calls that the rules stop, by source", "corpus"
        )
        self.rows = self._gauge("rows", "Labelled calls that were judged, by source", "corpus")
        self.info = self._gauge("info", "1, by the hash of the rules that were measured", "ruleset")
        self.timestamp = self._gauge("timestamp_seconds", "When they were measured")

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"sidegate_eval_{name}", help_text, labels, registry=self.registry)


def _each(values: Iterable[object]) -> list[tuple[object]]:
    return [(value,) for value in values]


def _admissions() -> list[tuple[int, str, ReasonId]]:
    """Every tier and verdict that a judgement of each reason can have."""
    blocked = [
        (int(Tier.HIGH_RISK), Verdict.BLOCK, reason) for reason in (ReasonId.FORBIDDEN, ReasonId.RULE_UNKNOWN)
    ]
    overridden = (int(Tier.HIGH_RISK), Verdict.HOLD, ReasonId.METHOD_OVERRIDE)
    observed = (Tier.EXTERNAL, Tier.HIGH_RISK)
    others = sorted(_JUDGED - {ReasonId.FORBIDDEN, ReasonId.METHOD_OVERRIDE})
    return [
        *blocked,
        overridden,
        (int(Tier.HIGH_RISK), WOULD_HOLD, ReasonId.METHOD_OVERRIDE),
        *((int(tier), WOULD_HOLD, reason) for reason in others for tier in observed),
        *((int(tier), _verdict(tier), reason) for reason in others for tier in Tier),
    ]


def _verdict(tier: Tier) -> Verdict:
    return Verdict.PASS if tier <= Tier.REVERSIBLE else Verdict.HOLD
