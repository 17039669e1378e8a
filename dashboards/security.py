"""Security: what was refused and why, what looks like an attack, and whether the record of it is sound."""

from dashboards.board import Board, Chart, Kind, Row, alarm, wanted
from dashboards.overview import KILL_SWITCH


def _count(title: str, about: str, series: str, *chosen: str, steps: tuple[tuple[str, float], ...]) -> Chart:
    labels = ", ".join(('job=~"$job"', *chosen))
    query = (f"sum(increase({series}{{{labels}}}[$__range]))", "")
    return Chart(title=title, about=about, queries=(query,), steps=steps)


_NOW = Row(
    title="Alarms",
    charts=(
        _count(
            "Integrity failures",
            "Stored holds that did not open or did not match their digest, in the chosen time. Somebody or "
            "something changed them.",
            "sidegate_integrity_failures_total",
            steps=alarm(1),
        ),
        KILL_SWITCH,
        _count(
            "Secrets on their way out",
            "Calls that were held because something in them has the shape of a secret, in the chosen time.",
            "sidegate_admissions_total",
            'reason_id="secret_outbound"',
            steps=alarm(1),
        ),
        _count(
            "Suspect tools and answers",
            "Calls held because a tool had changed or an answer tried to instruct the agent, in the chosen time.",
            "sidegate_admissions_total",
            'reason_id=~"tool_changed|answer_suspect"',
            steps=alarm(1),
        ),
        _count(
            "Floods",
            "Requests of agents that had asked for more than people can decide on, in the chosen time.",
            "sidegate_refusals_total",
            'reason_id="flooded"',
            steps=alarm(1),
        ),
        _count(
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
        Chart(
            title="Refusals by reason",
            about="Requests that were refused before they were judged, by reason, in the chosen time.",
            queries=(
                (
                    'sort_desc(sum by (reason_id) (increase(sidegate_refusals_total{job=~"$job"}[$__range])) > 0)',
                    "{{reason_id}}",
                ),
            ),
            kind=Kind.BARS,
            width=8,
            height=8,
        ),
        Chart(
            title="Blocked and would be held",
            about="Calls that no approval can release, and calls that passed only because they are observed.",
            queries=(
                (
                    "sum by (verdict, reason_id) (increase(sidegate_admissions_total"
                    '{job=~"$job", verdict=~"block|would_hold"}[$__range])) > 0',
                    "{{verdict}}: {{reason_id}}",
                ),
            ),
            kind=Kind.BARS,
            width=8,
            height=8,
        ),
        Chart(
            title="Drift refusals",
            about="Approved calls that were not run because something had changed, by what, in the chosen time.",
            queries=(
                (
                    "sort_desc(sum by (cause) (increase(sidegate_drift_refusals_total"
                    '{job=~"$job"}[$__range])) > 0)',
                    "{{cause}}",
                ),
            ),
            kind=Kind.BARS,
            width=8,
            height=8,
        ),
        Chart(
            title="Refusals over time",
            about="Requests that were refused before they were judged, per second, by reason.",
            queries=(
                (
                    'sum by (reason_id) (rate(sidegate_refusals_total{job=~"$job"}[$__rate_interval])) > 0',
                    "{{reason_id}}",
                ),
            ),
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
        Chart(
            title="Audit trail",
            about="Whether the audit trail can be written: while it cannot, nothing of tier 3 and 4 is held or sent.",
            queries=(('min(sidegate_audit_up{job=~"$job"})', ""),),
            unit="none",
            steps=wanted(1),
            words=(("0", "down", "red"), ("1", "up", "green")),
        ),
        _count(
            "Audit records lost",
            "Records for which the trail had no room, in the chosen time.",
            "sidegate_audit_lost_total",
            steps=alarm(1),
        ),
        Chart(
            title="Authority ends in",
            about="How long the certificate is good that signs for agents; a restart in its last month has a "
            "successor made.",
            queries=(('min(sidegate_authority_end_timestamp_seconds{job=~"$job"} > 0) - time()', ""),),
            unit="s",
            steps=(("orange", 604800), ("green", 2592000)),
        ),
        Chart(
            title="Audit sinks",
            about="Whether each place to which the trail is copied takes records.",
            queries=(('min by (sink) (sidegate_audit_sink_up{job=~"$job"})', "{{sink}}"),),
            unit="none",
            steps=wanted(1),
            words=(("0", "down", "red"), ("1", "up", "green")),
        ),
        Chart(
            title="Behind by",
            about="How old the oldest record is that a sink has not taken.",
            queries=(('max by (sink) (sidegate_audit_sink_lag_seconds{job=~"$job"})', "{{sink}}"),),
            unit="s",
            width=8,
            steps=alarm(300),
        ),
        Chart(
            title="Copied to sinks",
            about="Records that sinks have taken, tries that failed, and records that were gone before, in the "
            "chosen time.",
            queries=(
                (
                    'sum by (sink) (increase(sidegate_audit_sink_records_total{job=~"$job"}[$__range]))',
                    "{{sink}}: taken",
                ),
                (
                    'sum by (sink) (increase(sidegate_audit_sink_failures_total{job=~"$job"}[$__range]))',
                    "{{sink}}: failed",
                ),
                (
                    'sum by (sink) (increase(sidegate_audit_sink_missed_total{job=~"$job"}[$__range]))',
                    "{{sink}}: missed",
                ),
            ),
            kind=Kind.BARS,
            width=12,
        ),
        Chart(
            title="Audit records",
            about="Records written to the audit trail.",
            queries=(
                ('sum(increase(sidegate_audit_records_total{job=~"$job"}[$__rate_interval]))', "records"),
            ),
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
