"""The overview: what the gate lets through, catches and refuses, and whether all is well."""

from dashboards.board import Board, Chart, Kind, Row, alarm, wanted

CATCH_RATE = Chart(
    title="Catch rate",
    about="Planted violations that reviewers rejected, of those they decided on in 30 days, and its 95 % bounds.",
    queries=(
        ('job:sidegate_catch:ratio30d{job=~"$job"}', "{{job}} rate"),
        ('job:sidegate_catch_lower:ratio30d{job=~"$job"}', "{{job}} at least"),
        ('job:sidegate_catch_upper:ratio30d{job=~"$job"}', "{{job}} at most"),
    ),
    unit="percentunit",
    width=8,
    decimals=1,
    steps=wanted(0.8),
)
MISSED = Chart(
    title="Missed escalation",
    about="Calls that passed and should have been held, of all that passed in 30 days, as labels of a sample say.",
    queries=(('job:sidegate_missed_escalation:ratio30d{job=~"$job"}', "{{job}}"),),
    unit="percentunit",
    decimals=2,
    steps=alarm(0.0001),
)
FALSE_ESCALATION = Chart(
    title="False escalation",
    about="Holds that people labelled as unnecessary, of all that they labelled in 7 days.",
    queries=(('job:sidegate_false_escalation:ratio7d{job=~"$job"}', "{{job}}"),),
    unit="percentunit",
    decimals=1,
    steps=alarm(0.5),
)
ALERTS = Chart(
    title="Alerts",
    about="Alerts that fire now; docs/runbook.md has a section for each.",
    queries=(
        (
            'sort_desc(count by (alertname, severity) (ALERTS{job=~"$job|", alertstate="firing", '
            'alertname=~"Sidegate.*"}))',
            "{{severity}}: {{alertname}}",
        ),
    ),
    kind=Kind.BARS,
    width=8,
    height=8,
)
STORE = Chart(
    title="Store",
    about="Whether every sidecar's store answers. While it does not, everything but reading is refused.",
    queries=(('min(sidegate_store_up{job=~"$job"})', ""),),
    unit="none",
    steps=wanted(1),
    words=(("0", "down", "red"), ("1", "up", "green")),
)
UNKNOWN = Chart(
    title="Outcome unknown",
    about="Holds that may have been executed, with no answer known. A person or a probe has to find out.",
    queries=(('sum($across by (state) (sidegate_holds{job=~"$job", state="outcome_unknown"}))', ""),),
    steps=alarm(1),
)
OLDEST = Chart(
    title="Oldest wait",
    about="How long the oldest hold has waited for a decision.",
    queries=(('max(sidegate_oldest_pending_seconds{job=~"$job"})', ""),),
    unit="s",
    steps=(("orange", 600), ("red", 1200)),
)
KILL_SWITCH = Chart(
    title="Kill switch",
    about="While it is on, nothing but reads passes, and nothing that is approved runs.",
    queries=(('max(sidegate_kill_switch{job=~"$job"})', ""),),
    unit="none",
    steps=alarm(1),
    words=(("0", "off", "green"), ("1", "on", "red")),
)

OVERVIEW = Board(
    name="overview",
    title="Sidegate overview",
    about="What the gate let through, caught and refused, and how its holds stand.",
    rows=(
        Row(
            title="Quality",
            charts=(
                CATCH_RATE,
                MISSED,
                FALSE_ESCALATION,
                Chart(
                    title="Accuracy",
                    about="Approved calls that ran as approved, of those that ended or are unknown, in 7 days.",
                    queries=(('job:sidegate_accuracy:ratio7d{job=~"$job"}', "{{job}}"),),
                    unit="percentunit",
                    decimals=1,
                    steps=wanted(0.9),
                ),
                Chart(
                    title="On time",
                    about="Holds that were decided before their deadline, of those decided or expired in 7 days.",
                    queries=(('job:sidegate_on_time:ratio7d{job=~"$job"}', "{{job}}"),),
                    unit="percentunit",
                    decimals=1,
                    steps=wanted(0.9),
                ),
            ),
        ),
        Row(
            title="Now",
            charts=(
                Chart(
                    title="Waiting for a decision",
                    about="Holds that no reviewer has decided yet.",
                    queries=(('sum($across by (state) (sidegate_holds{job=~"$job", state="pending"}))', ""),),
                    steps=(("orange", 1),),
                ),
                OLDEST,
                Chart(
                    title="Queue",
                    about="Approved holds that are not done: waiting to run, claimed by a worker, or being sent.",
                    queries=(
                        (
                            "sum($across by (state) (sidegate_holds"
                            '{job=~"$job", state=~"approved|claimed|sending"}))',
                            "",
                        ),
                    ),
                    steps=(("orange", 10),),
                ),
                UNKNOWN,
                STORE,
                KILL_SWITCH,
            ),
        ),
        Row(
            title="Admissions",
            charts=(
                Chart(
                    title="Admissions by tier and verdict",
                    about="Calls that could be judged, per second: tier 1 reads, 2 is reversible, 3 is external "
                    "or unknown, 4 is high-risk.",
                    queries=(
                        (
                            "sum by (tier, verdict) (rate(sidegate_admissions_total"
                            '{job=~"$job"}[$__rate_interval]))',
                            "tier {{tier}} {{verdict}}",
                        ),
                    ),
                    kind=Kind.AREAS,
                    unit="reqps",
                    width=16,
                    height=8,
                    decimals=None,
                ),
                ALERTS,
            ),
        ),
        Row(
            title="In the chosen time",
            charts=(
                Chart(
                    title="Caught",
                    about="Calls that were held or blocked instead of passed, in the chosen time.",
                    queries=(
                        (
                            "sum(increase(sidegate_admissions_total"
                            '{job=~"$job", verdict=~"hold|block"}[$__range]))',
                            "",
                        ),
                    ),
                ),
                Chart(
                    title="Refused",
                    about="Requests with no single reading or no allowed destination, in the chosen time. "
                    "None was sent.",
                    queries=(('sum(increase(sidegate_refusals_total{job=~"$job"}[$__range]))', ""),),
                ),
                Chart(
                    title="Failed closed",
                    about="Requests refused because the gate or what it needs failed, in the chosen time. "
                    "None was sent.",
                    queries=(('sum(increase(sidegate_failed_closed_total{job=~"$job"}[$__range]))', ""),),
                    steps=alarm(1),
                ),
                Chart(
                    title="Caught by reason",
                    about="Held and blocked calls by the reason that fixed their verdict, in the chosen time.",
                    queries=(
                        (
                            "sort_desc(sum by (verdict, reason_id) (increase(sidegate_admissions_total"
                            '{job=~"$job", verdict=~"hold|block"}[$__range])) > 0)',
                            "{{verdict}}: {{reason_id}}",
                        ),
                    ),
                    kind=Kind.BARS,
                    width=12,
                ),
            ),
        ),
    ),
)
