"""Review quality: whether people catch what they should, in time, and are asked no more than they need be."""

from dashboards.board import Board, Chart, Kind, Row, alarm, wanted
from dashboards.overview import CATCH_RATE, FALSE_ESCALATION, MISSED, OLDEST


def _ratio(title: str, about: str, recorded: str, steps: tuple[tuple[str, float], ...] = ()) -> Chart:
    query = (f'{recorded}{{job=~"$job"}}', "{{job}}")
    return Chart(title=title, about=about, queries=(query,), unit="percentunit", decimals=1, steps=steps)


_DRILLS = Row(
    title="Drills",
    charts=(
        CATCH_RATE,
        Chart(
            title="False alarms",
            about="Planted calls without a fault that reviewers rejected, of those they decided on in 30 days, "
            "and its 95 % bounds.",
            queries=(
                ('job:sidegate_false_alarm:ratio30d{job=~"$job"}', "{{job}} rate"),
                ('job:sidegate_false_alarm_lower:ratio30d{job=~"$job"}', "{{job}} at least"),
                ('job:sidegate_false_alarm_upper:ratio30d{job=~"$job"}', "{{job}} at most"),
            ),
            unit="percentunit",
            width=8,
            decimals=1,
            steps=alarm(0.2),
        ),
        Chart(
            title="Sensitivity",
            about="How well reviewers tell violations from calls without a fault (d-prime): 0 is guessing, 3 is very well.",
            queries=(('job:sidegate_sensitivity:dprime30d{job=~"$job"}', "{{job}}"),),
            decimals=2,
            steps=(("green", 2),),
        ),
        Chart(
            title="Drills decided",
            about="Violations and twins that reviewers decided on in 30 days: under 30 say little.",
            queries=(
                ('job:sidegate_drills_decided:increase30d{job=~"$job"}', "{{job}} violations"),
                ('job:sidegate_twins_decided:increase30d{job=~"$job"}', "{{job}} twins"),
            ),
        ),
        Chart(
            title="Answers to drills",
            about="What became of drills, in the chosen time; what expired counts for nothing.",
            queries=(
                (
                    "sort_desc(sum by (kind, answer) (increase(sidegate_drill_answers_total"
                    '{job=~"$job"}[$__range])))',
                    "{{kind}}: {{answer}}",
                ),
                ('sum(increase(sidegate_drills_injected_total{job=~"$job"}[$__range]))', "injected"),
            ),
            kind=Kind.BARS,
            width=12,
            height=7,
        ),
        Chart(
            title="Catch rate over time",
            about="The rate of 30 days and its lower bound, by time.",
            queries=(
                ('job:sidegate_catch:ratio30d{job=~"$job"}', "{{job}} rate"),
                ('job:sidegate_catch_lower:ratio30d{job=~"$job"}', "{{job}} at least"),
            ),
            kind=Kind.LINES,
            unit="percentunit",
            width=12,
            height=7,
            decimals=None,
        ),
    ),
)

_LABELS = Row(
    title="Labels",
    charts=(
        FALSE_ESCALATION,
        MISSED,
        Chart(
            title="Missed escalations",
            about="How many calls of 30 days passed that should have been held, as the sample says of all.",
            queries=(('job:sidegate_missed_escalations:estimate30d{job=~"$job"}', "{{job}}"),),
            steps=alarm(0.5),
        ),
        Chart(
            title="Missed by tier",
            about="Sampled calls that should have been held, of those labelled in 30 days, by tier.",
            queries=(('job_tier:sidegate_missed_escalation:ratio30d{job=~"$job"}', "{{job}} tier {{tier}}"),),
            unit="percentunit",
            decimals=1,
            steps=alarm(0.0001),
        ),
        Chart(
            title="Labels of holds",
            about="What people said of holds in 7 days, without what they took back.",
            queries=(
                ('sum by (label) (job_label:sidegate_hold_labels:increase7d{job=~"$job"})', "{{label}}"),
                (
                    'sum(increase(sidegate_hold_labels_withdrawn_total{job=~"$job"}[7d]))',
                    "taken back",
                ),
            ),
            kind=Kind.BARS,
            width=8,
        ),
        Chart(
            title="Pass audit waiting",
            about="Sampled calls that nobody has labelled yet.",
            queries=(('max(sidegate_pass_audit_waiting{job=~"$job"})', ""),),
            steps=(("orange", 50),),
        ),
        Chart(
            title="Pass audit dropped",
            about="Sampled calls for which there was no room, in the chosen time.",
            queries=(('sum(increase(sidegate_pass_audit_dropped_total{job=~"$job"}[$__range]))', ""),),
            steps=alarm(1),
        ),
        Chart(
            title="Pass audit sampled",
            about="Calls that passed and were drawn to be looked at afterwards, in the chosen time, by tier.",
            queries=(
                (
                    'sum by (tier) (increase(sidegate_pass_audit_sampled_total{job=~"$job"}[$__range]))',
                    "tier {{tier}}",
                ),
            ),
            kind=Kind.BARS,
            width=8,
        ),
        Chart(
            title="Labels of passes",
            about="What people said of sampled calls in 30 days, without what they took back.",
            queries=(
                (
                    'sum by (tier, label) (job_tier_label:sidegate_pass_audit_labels:increase30d{job=~"$job"})',
                    "tier {{tier}} {{label}}",
                ),
            ),
            kind=Kind.BARS,
            width=8,
        ),
    ),
)

_DECISIONS = Row(
    title="People",
    charts=(
        _ratio(
            "Override",
            "Decisions that were no plain yes: rejected, answered instead or changed, of 7 days.",
            "job:sidegate_override:ratio7d",
        ),
        _ratio(
            "Rejection",
            "Decisions that were rejections or answers instead, of 7 days.",
            "job:sidegate_rejection:ratio7d",
            alarm(0.5),
        ),
        _ratio(
            "Rubber stamps",
            "Approvals that came sooner than the call can be read, of those of 7 days.",
            "job:sidegate_rubber_stamp:ratio7d",
            alarm(0.5),
        ),
        _ratio(
            "Decided on time",
            "Holds that were decided before their deadline, of those decided or expired in 7 days.",
            "job:sidegate_on_time:ratio7d",
            wanted(0.9),
        ),
        OLDEST,
        Chart(
            title="Fast approvals",
            about="Approvals that came sooner than the call can be read, in the chosen time, by tier.",
            queries=(
                (
                    'sum by (tier) (increase(sidegate_fast_approvals_total{job=~"$job"}[$__range]))',
                    "tier {{tier}}",
                ),
            ),
        ),
        Chart(
            title="Time to decision",
            about="How long people took from hold to decision, half and nine tenths of them, in the chosen time.",
            queries=tuple(
                (
                    f"histogram_quantile({share}, sum by (le, decision) (increase(sidegate_decision_seconds_bucket"
                    '{job=~"$job"}[$__range]))) > 0',
                    f"{{{{decision}}}} {name}",
                )
                for share, name in ((0.5, "p50"), (0.9, "p90"))
            ),
            unit="s",
            width=9,
            height=7,
            decimals=1,
        ),
        Chart(
            title="Time looked at",
            about="How long people looked at a call before they decided, half and nine tenths of them, "
            "in the chosen time.",
            queries=tuple(
                (
                    f"histogram_quantile({share}, sum by (le, decision) "
                    '(increase(sidegate_review_dwell_seconds_bucket{job=~"$job"}[$__range]))) > 0',
                    f"{{{{decision}}}} {name}",
                )
                for share, name in ((0.5, "p50"), (0.9, "p90"))
            ),
            unit="s",
            width=9,
            height=7,
            decimals=1,
        ),
        Chart(
            title="Decisions",
            about="How people decided, in the chosen time; what expired unanswered is no decision.",
            queries=(
                (
                    "sort_desc(sum by (decision) (increase(sidegate_decision_seconds_count"
                    '{job=~"$job"}[$__range])))',
                    "{{decision}}",
                ),
                (
                    'sum by (outcome) (increase(sidegate_deadlines_total{job=~"$job"}[$__range]))',
                    "{{outcome}}",
                ),
            ),
            kind=Kind.BARS,
            width=6,
            height=7,
        ),
    ),
)

_EVALUATION = Row(
    title="Evaluation on your own calls",
    charts=(
        Chart(
            title="Held as they should be",
            about="Of your own labelled calls that should be held, those that the rules hold, by corpus.",
            queries=(('min by (corpus) (sidegate_eval_catch_ratio{job=~"$job"})', "{{corpus}}"),),
            unit="percentunit",
            width=6,
            decimals=1,
            steps=wanted(0.95),
        ),
        Chart(
            title="Held without need",
            about="Of your own labelled calls that should pass, those that the rules hold, by corpus.",
            queries=(('max by (corpus) (sidegate_eval_false_escalation_ratio{job=~"$job"})', "{{corpus}}"),),
            unit="percentunit",
            width=6,
            decimals=1,
        ),
        Chart(
            title="Labelled calls",
            about="How many calls the evaluation had, by corpus.",
            queries=(('max by (corpus) (sidegate_eval_rows{job=~"$job"})', "{{corpus}}"),),
            width=4,
        ),
        Chart(
            title="Evaluated",
            about="How long ago that was.",
            queries=(('time() - max(sidegate_eval_timestamp_seconds{job=~"$job"} > 0)', ""),),
            unit="s",
            width=4,
            steps=alarm(2592000),
        ),
        Chart(
            title="Evaluated rules",
            about="The hash of the rules that were evaluated.",
            queries=(('count by (ruleset) (sidegate_eval_info{job=~"$job"})', "{{ruleset}}"),),
            width=4,
        ),
    ),
)

REVIEW_QUALITY = Board(
    name="review-quality",
    title="Sidegate review quality",
    about="Whether people catch what they should, in time, and are asked no more than they need be.",
    rows=(_DRILLS, _LABELS, _DECISIONS, _EVALUATION),
)
