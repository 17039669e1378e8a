"""Operations: whether the parts work, and how what was approved gets on."""

from dashboards.board import Board, Chart, Kind, Row, alarm
from dashboards.charts import count, raised
from dashboards.overview import OLDEST, STORE, UNKNOWN
from dashboards.queries import Query, now, quantiles, risen, rising, series


def _lines(title: str, about: str, *queries: Query, width: int = 8) -> Chart:
    return Chart(title=title, about=about, queries=queries, kind=Kind.LINES, width=width, height=7)


_PARTS = Row(
    title="Parts",
    charts=(
        STORE,
        raised(
            "Rules",
            "Whether every sidecar judges by the rules files as they are; a faulty version leaves the last "
            "good one in force.",
            "sidegate_rules_stale",
            off="current",
            on="outdated",
        ),
        count(
            "Rules rejected",
            "New versions of the rules files that had a fault and were not used, in the chosen time.",
            "sidegate_rules_loaded_total",
            'outcome="rejected"',
            steps=alarm(1),
        ),
        Chart(
            title="Clock skew",
            about="How far the store's clock and the sidecar's are apart: beyond 5 s, approvals lapse early or late.",
            queries=((f"max(abs({series('sidegate_clock_skew_seconds')}))", ""),),
            unit="s",
            steps=alarm(5),
        ),
        count(
            "Replay failures",
            "Failures of replays that nobody foresaw, in the chosen time; the log says where.",
            "sidegate_replay_failures_total",
            steps=alarm(1),
        ),
        UNKNOWN,
        _lines(
            "Failed closed by reason",
            "Requests refused because the gate or what it needs failed.",
            rising("sidegate_failed_closed_total", by="reason_id"),
        ),
        _lines(
            "Credential renewals",
            "Renewals of tokens, by name of the credential and outcome. Anything but renewed needs a person "
            "soon.",
            rising("sidegate_credential_renewals_total", by="credential, outcome"),
        ),
        _lines(
            "Channels",
            "What webhooks, Slack and mail were told; what is dead or lost was given up.",
            rising("sidegate_channel_deliveries_total", by="channel, outcome"),
        ),
    ),
)

_HOLDS = Row(
    title="Holds",
    charts=(
        Chart(
            title="Holds by state",
            about="Holds that may still change.",
            queries=(now("$across", "sidegate_holds", by="state"),),
            kind=Kind.AREAS,
            width=12,
            height=8,
        ),
        Chart(
            title="Steps of holds",
            about="What happened to holds, by event; `lose` is an outcome that became unknown.",
            queries=(rising("sidegate_hold_transitions_total", by="event"),),
            kind=Kind.AREAS,
            width=12,
            height=8,
        ),
        _lines(
            "Holds opened and retries joined",
            "New holds by tier, requests that joined a hold that was there already, and holds that a grant approved.",
            rising("sidegate_holds_opened_total", by="tier", legend="opened, tier {{tier}}"),
            rising("sidegate_retries_joined_total", legend="joined"),
            rising("sidegate_grant_uses_total", legend="approved by a grant"),
            width=12,
        ),
        _lines(
            "Reads of what would change",
            "Reads of what held calls would change, when they were held and when they were claimed, by what "
            "they showed.",
            rising("sidegate_probes_total", by="moment, outcome"),
            width=12,
        ),
    ),
)

_RUNS = Row(
    title="Runs",
    charts=(
        OLDEST,
        count(
            "Outcomes that became unknown",
            "Runs that were sent and never answered, in the chosen time, whether or not their answer came "
            "later.",
            "sidegate_hold_transitions_total",
            'event="lose"',
            steps=alarm(1),
        ),
        Chart(
            title="Spans",
            about="Spans for the collector of traces, by what became of them, in the chosen time.",
            queries=(risen("sidegate_spans_total", by="outcome"),),
        ),
        Chart(
            title="Replay latency",
            about="From the claim to the upstream's whole answer, half and nine tenths of the runs, in the chosen "
            "time.",
            queries=quantiles("sidegate_replay_seconds", "disposition"),
            unit="s",
            width=12,
            decimals=2,
        ),
    ),
)

OPERATIONS = Board(
    name="operations",
    title="Sidegate operations",
    about="Whether the parts work, and how what was approved gets on.",
    rows=(_PARTS, _HOLDS, _RUNS),
)
