"""Security: what was refused and why, what looks like an attack, and whether the record of it is sound."""

from dashboards.board import Board, Chart, Kind, Row, alarm
from dashboards.charts import count, up
from dashboards.overview import KILL_SWITCH
from dashboards.queries import Query, happened, now, per_second, ranked, risen, rising, series


def _ranking(title: str, about: str, counted: Query) -> Chart:
    """What happened, the most first."""
    query = ranked(happened(counted))
    return Chart(title=title, about=about, queries=(query,), kind=Kind.BARS, width=8, height=8)


_NOW = Row(
    title="Alarms",
    charts=(
        count(
            "Integrity failures",
            "Stored holds that did not open or did not match their digest, in the chosen time. Somebody or "
            "something changed them.",
            "sidegate_integrity_failures_total",
            steps=alarm(1),
        ),
        KILL_SWITCH,
        count(
            "Secrets on their way out",
            "Calls that were held because something in them has the shape of a secret, in the chosen time.",
            "sidegate_admissions_total",
            'reason_id="secret_outbound"',
            steps=alarm(1),
        ),
        count(
            "Suspect tools and answers",
            "Calls held because a tool had changed or an answer tried to instruct the agent, in the chosen time.",
            "sidegate_admissions_total",
            'reason_id=~"tool_changed|answer_suspect"',
            steps=alarm(1),
        ),
        count(
            "Floods",
            "Requests of agents that had asked for more than people can decide on, in the chosen time.",
            "sidegate_refusals_total",
            'reason_id="flooded"',
            steps=alarm(1),
        ),
        count(
            "Placeholders misused",
            "Requests with the placeholder of a secret where it does not belong, in the chosen time.",
            "sidegate_refusals_total",
            'reason_id="placeholder_misused"',
            steps=alarm(1),
        ),
    ),
)

_REFUSALS = Row(
    title="What does not get through",
    charts=(
        _ranking(
            "Refusals by reason",
            "Requests that were refused before they were judged, by reason, in the chosen time.",
            risen("sidegate_refusals_total", by="reason_id"),
        ),
        _ranking(
            "Blocked and would be held",
            "Calls that no approval can release, and calls that passed only because they are observed.",
            risen("sidegate_admissions_total", 'verdict=~"block|would_hold"', by="verdict, reason_id"),
        ),
        _ranking(
            "Drift refusals",
            "Approved calls that were not run because something had changed, by what, in the chosen time.",
            risen("sidegate_drift_refusals_total", by="cause"),
        ),
        Chart(
            title="Refusals over time",
            about="Requests that were refused before they were judged, per second, by reason.",
            queries=(happened(per_second("sidegate_refusals_total", by="reason_id")),),
            kind=Kind.AREAS,
            unit="reqps",
            width=24,
            height=7,
            decimals=None,
        ),
    ),
)

_RECORD = Row(
    title="Record and keys",
    charts=(
        up(
            "Audit trail",
            "Whether the audit trail can be written: while it cannot, nothing of tier 3 and 4 is held or sent.",
            "sidegate_audit_up",
        ),
        count(
            "Audit records lost",
            "Records for which the trail had no room, in the chosen time.",
            "sidegate_audit_lost_total",
            steps=alarm(1),
        ),
        Chart(
            title="Authority ends in",
            about="How long the certificate is good that signs for agents; a restart in its last month has a "
            "successor made.",
            queries=((f"min({series('sidegate_authority_end_timestamp_seconds')} > 0) - time()", ""),),
            unit="s",
            steps=(("orange", 604800), ("green", 2592000)),
        ),
        up(
            "Audit sinks",
            "Whether each place to which the trail is copied takes records.",
            "sidegate_audit_sink_up",
            by="sink",
        ),
        Chart(
            title="Behind by",
            about="How old the oldest record is that a sink has not taken.",
            queries=(now("max", "sidegate_audit_sink_lag_seconds", by="sink"),),
            unit="s",
            steps=alarm(300),
        ),
        Chart(
            title="Assessed",
            about="How long ago the operator last assessed this deployment, where that is configured.",
            queries=((f"time() - min({series('sidegate_assessment_timestamp_seconds')})", ""),),
            unit="s",
            steps=alarm(31536000),
        ),
        Chart(
            title="Copied to sinks",
            about="Records that sinks have taken, tries that failed, and records that were gone before, in the "
            "chosen time.",
            queries=(
                risen("sidegate_audit_sink_records_total", by="sink", legend="{{sink}}: taken"),
                risen("sidegate_audit_sink_failures_total", by="sink", legend="{{sink}}: failed"),
                risen("sidegate_audit_sink_missed_total", by="sink", legend="{{sink}}: missed"),
            ),
            kind=Kind.BARS,
            width=12,
        ),
        Chart(
            title="Audit records",
            about="Records written to the audit trail.",
            queries=(rising("sidegate_audit_records_total", legend="records"),),
            kind=Kind.LINES,
            width=12,
        ),
    ),
)

SECURITY = Board(
    name="security",
    title="Sidegate security",
    about="What was refused and why, what looks like an attack, and whether the record of it is sound.",
    rows=(_NOW, _REFUSALS, _RECORD),
)
