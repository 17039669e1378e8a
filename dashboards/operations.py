"""Operations: whether the parts work, and how what was approved gets on."""

from dashboards.board import Board, Chart, Kind, Row, alarm
from dashboards.overview import OLDEST, STORE, UNKNOWN

_PARTS = Row(
    title="Parts",
    charts=(
        STORE,
        Chart(
            title="Rules",
            about="Whether every sidecar judges by the rules files as they are; a faulty version leaves the last "
            "good one in force.",
            queries=(('max(sidegate_rules_stale{job=~"$job"})', ""),),
            unit="none",
            steps=alarm(1),
            words=(("0", "current", "green"), ("1", "outdated", "red")),
        ),
        Chart(
            title="Rules rejected",
            about="New versions of the rules files that had a fault and were not used, in the chosen time.",
            queries=(
                ('sum(increase(sidegate_rules_loaded_total{job=~"$job", outcome="rejected"}[$__range]))', ""),
            ),
            steps=alarm(1),
        ),
        Chart(
            title="Clock skew",
            about="How far the store's clock and the sidecar's are apart: beyond 5 s, approvals lapse early or late.",
            queries=(('max(abs(sidegate_clock_skew_seconds{job=~"$job"}))', ""),),
            unit="s",
            steps=alarm(5),
        ),
        Chart(
            title="Replay failures",
            about="Failures of replays that nobody foresaw, in the chosen time; the log says where.",
            queries=(('sum(increase(sidegate_replay_failures_total{job=~"$job"}[$__range]))', ""),),
            steps=alarm(1),
        ),
        UNKNOWN,
        Chart(
            title="Failed closed by reason",
            about="Requests refused because the gate or what it needs failed.",
            queries=(
                (
                    "sum by (reason_id) (increase(sidegate_failed_closed_total"
                    '{job=~"$job"}[$__rate_interval]))',
                    "{{reason_id}}",
                ),
            ),
            kind=Kind.LINES,
            width=8,
            height=7,
        ),
        Chart(
            title="Credential renewals",
            about="Renewals of tokens, by name of the credential and outcome. Anything but renewed needs a person "
            "soon.",
            queries=(
                (
                    "sum by (credential, outcome) (increase(sidegate_credential_renewals_total"
                    '{job=~"$job"}[$__rate_interval]))',
                    "{{credential}}: {{outcome}}",
                ),
            ),
            kind=Kind.LINES,
            width=8,
            height=7,
        ),
        Chart(
            title="Channels",
            about="What webhooks, Slack and mail were told; what is dead or lost was given up.",
            queries=(
                (
                    "sum by (channel, outcome) (increase(sidegate_channel_deliveries_total"
                    '{job=~"$job"}[$__rate_interval]))',
                    "{{channel}}: {{outcome}}",
                ),
            ),
            kind=Kind.LINES,
            width=8,
            height=7,
        ),
    ),
)

_HOLDS = Row(
    title="Holds",
    charts=(
        Chart(
            title="Holds by state",
            about="Holds that may still change.",
            queries=(('$across by (state) (sidegate_holds{job=~"$job"})', "{{state}}"),),
            kind=Kind.AREAS,
            width=12,
            height=8,
        ),
        Chart(
            title="Steps of holds",
            about="What happened to holds, by event; `lose` is an outcome that became unknown.",
            queries=(
                (
                    'sum by (event) (increase(sidegate_hold_transitions_total{job=~"$job"}[$__rate_interval]))',
                    "{{event}}",
                ),
            ),
            kind=Kind.AREAS,
            width=12,
            height=8,
        ),
        Chart(
            title="Holds opened and retries joined",
            about="New holds by tier, requests that joined a hold that was there already, and holds that a grant approved.",
            queries=(
                (
                    'sum by (tier) (increase(sidegate_holds_opened_total{job=~"$job"}[$__rate_interval]))',
                    "opened, tier {{tier}}",
                ),
                ('sum(increase(sidegate_retries_joined_total{job=~"$job"}[$__rate_interval]))', "joined"),
                (
                    'sum(increase(sidegate_grant_uses_total{job=~"$job"}[$__rate_interval]))',
                    "approved by a grant",
                ),
            ),
            kind=Kind.LINES,
            width=12,
            height=7,
        ),
        Chart(
            title="Reads of what would change",
            about="Reads of what held calls would change, when they were held and when they were claimed, by what "
            "they showed.",
            queries=(
                (
                    "sum by (moment, outcome) (increase(sidegate_probes_total"
                    '{job=~"$job"}[$__rate_interval]))',
                    "{{moment}}: {{outcome}}",
                ),
            ),
            kind=Kind.LINES,
            width=12,
            height=7,
        ),
    ),
)

_RUNS = Row(
    title="Runs",
    charts=(
        OLDEST,
        Chart(
            title="Outcomes that became unknown",
            about="Runs that were sent and never answered, in the chosen time, whether or not their answer came "
            "later.",
            queries=(
                ('sum(increase(sidegate_hold_transitions_total{job=~"$job", event="lose"}[$__range]))', ""),
            ),
            steps=alarm(1),
        ),
        Chart(
            title="Spans",
            about="Spans for the collector of traces, by what became of them, in the chosen time.",
            queries=(
                ('sum by (outcome) (increase(sidegate_spans_total{job=~"$job"}[$__range]))', "{{outcome}}"),
            ),
        ),
        Chart(
            title="Replay latency",
            about="From the claim to the upstream's whole answer, half and nine tenths of the runs, in the chosen "
            "time.",
            queries=tuple(
                (
                    f"histogram_quantile({share}, sum by (le, disposition) (increase(sidegate_replay_seconds_bucket"
                    '{job=~"$job"}[$__range]))) > 0',
                    f"{{{{disposition}}}} {name}",
                )
                for share, name in ((0.5, "p50"), (0.9, "p90"))
            ),
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
