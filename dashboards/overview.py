"""The overview: what the gate lets through, catches and refuses, and whether all is well."""

from dashboards.board import Board, Chart, Kind, Row, Steps, alarm, wanted
from dashboards.charts import bounded, count, raised, ratio, up
from dashboards.queries import combined, happened, now, per_second, ranked, risen


def _holding(title: str, about: str, states: str, steps: Steps) -> Chart:
    """How many holds are in those states; `states` matches their label."""
    in_each, _ = now("$across", "sidegate_holds", states, by="state")
    return Chart(title=title, about=about, queries=(combined("sum", in_each),), steps=steps)


CATCH_RATE = bounded(
    "Catch rate",
    "Planted violations that reviewers rejected, of those they decided on in 30 days, and its 95 % bounds.",
    "job:sidegate_catch",
    steps=wanted(0.8),
)
MISSED = ratio(
    "Missed escalation",
    "Calls that passed and should have been held, of all that passed in 30 days, as labels of a sample say.",
    "job:sidegate_missed_escalation:ratio30d",
    steps=alarm(0.0001),
    decimals=2,
)
FALSE_ESCALATION = ratio(
    "False escalation",
    "Holds that people labelled as unnecessary, of all that they labelled in 7 days.",
    "job:sidegate_false_escalation:ratio7d",
    steps=alarm(0.5),
)
ON_TIME = ratio(
    "On time",
    "Holds that were decided before their deadline, of those decided or expired in 7 days.",
    "job:sidegate_on_time:ratio7d",
    steps=wanted(0.9),
)
STORE = up(
    "Store",
    "Whether every sidecar's store answers. While it does not, everything but reading is refused.",
    "sidegate_store_up",
)
UNKNOWN = _holding(
    "Outcome unknown",
    "Holds that may have been executed, with no answer known. A person or a probe has to find out.",
    'state="outcome_unknown"',
    alarm(1),
)
OLDEST = Chart(
    title="Oldest wait",
    about="How long the oldest hold has waited for a decision.",
    queries=(now("max", "sidegate_oldest_pending_seconds"),),
    unit="s",
    steps=(("orange", 600), ("red", 1200)),
)
KILL_SWITCH = raised(
    "Kill switch",
    "While it is on, nothing but reads passes, and nothing that is approved runs.",
    "sidegate_kill_switch",
    off="off",
    on="on",
)

_QUALITY = Row(
    title="Quality",
    charts=(
        CATCH_RATE,
        MISSED,
        FALSE_ESCALATION,
        ratio(
            "Accuracy",
            "Approved calls that ran as approved, of those that ended or are unknown, in 7 days.",
            "job:sidegate_accuracy:ratio7d",
            steps=wanted(0.9),
        ),
        ON_TIME,
    ),
)

_NOW = Row(
    title="Now",
    charts=(
        _holding(
            "Waiting for a decision",
            "Holds that no reviewer has decided yet.",
            'state="pending"',
            (("orange", 1),),
        ),
        OLDEST,
        _holding(
            "Queue",
            "Approved holds that are not done: waiting to run, claimed by a worker, or being sent.",
            'state=~"approved|claimed|sending"',
            (("orange", 10),),
        ),
        UNKNOWN,
        STORE,
        KILL_SWITCH,
    ),
)

_ADMISSIONS = Row(
    title="Admissions",
    charts=(
        Chart(
            title="Admissions by tier and verdict",
            about="Calls that could be judged, per second: tier 1 reads, 2 is reversible, 3 is external "
            "or unknown, 4 is high-risk.",
            queries=(
                per_second(
                    "sidegate_admissions_total", by="tier, verdict", legend="tier {{tier}} {{verdict}}"
                ),
            ),
            kind=Kind.AREAS,
            unit="reqps",
            width=16,
            height=8,
            decimals=None,
        ),
        Chart(
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
        ),
    ),
)

_CHOSEN = Row(
    title="In the chosen time",
    charts=(
        count(
            "Caught",
            "Calls that were held or blocked instead of passed, in the chosen time.",
            "sidegate_admissions_total",
            'verdict=~"hold|block"',
        ),
        count(
            "Refused",
            "Requests with no single reading or no allowed destination, in the chosen time. None was sent.",
            "sidegate_refusals_total",
        ),
        count(
            "Failed closed",
            "Requests refused because the gate or what it needs failed, in the chosen time. None was sent.",
            "sidegate_failed_closed_total",
            steps=alarm(1),
        ),
        Chart(
            title="Caught by reason",
            about="Held and blocked calls by the reason that fixed their verdict, in the chosen time.",
            queries=(
                ranked(
                    happened(
                        risen("sidegate_admissions_total", 'verdict=~"hold|block"', by="verdict, reason_id")
                    )
                ),
            ),
            kind=Kind.BARS,
            width=12,
        ),
    ),
)

OVERVIEW = Board(
    name="overview",
    title="Sidegate overview",
    about="What the gate let through, caught and refused, and how its holds stand.",
    rows=(_QUALITY, _NOW, _ADMISSIONS, _CHOSEN),
)
