"""Review quality: whether people catch what they should, in time, and are asked no more than they need be."""

from dashboards.board import Board, Chart, Kind, Row, alarm, wanted
from dashboards.charts import bounded, count, ratio
from dashboards.overview import CATCH_RATE, FALSE_ESCALATION, MISSED, OLDEST, ON_TIME
from dashboards.queries import combined, each_job, now, quantiles, ranked, risen, series

_DRILLS = Row(
    title="Drills",
    charts=(
        CATCH_RATE,
        bounded(
            "False alarms",
            "Planted calls without a fault that reviewers rejected, of those they decided on in 30 days, "
            "and its 95 % bounds.",
            "job:sidegate_false_alarm",
            steps=alarm(0.2),
        ),
        Chart(
            title="Sensitivity",
            about="How well reviewers tell violations from calls without a fault (d-prime): 0 is guessing, 3 is very well.",
            queries=(each_job("job:sidegate_sensitivity:dprime30d"),),
            decimals=2,
            steps=wanted(2),
        ),
        Chart(
            title="Drills decided",
            about="Violations and twins that reviewers decided on in 30 days: under 30 say little.",
            queries=(
                each_job("job:sidegate_drills_decided:increase30d", "violations"),
                each_job("job:sidegate_twins_decided:increase30d", "twins"),
            ),
        ),
        Chart(
            title="Answers to drills",
            about="What became of drills, in the chosen time; what expired counts for nothing.",
            queries=(
                ranked(risen("sidegate_drill_answers_total", by="kind, answer")),
                risen("sidegate_drills_injected_total", legend="injected"),
            ),
            kind=Kind.BARS,
            width=12,
            height=7,
        ),
        Chart(
            title="Catch rate over time",
            about="The rate of 30 days and its lower bound, by time.",
            queries=CATCH_RATE.queries[:2],
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
            queries=(each_job("job:sidegate_missed_escalations:estimate30d"),),
            steps=alarm(0.5),
        ),
        Chart(
            title="Missed by tier",
            about="Sampled calls that should have been held, of those labelled in 30 days, by tier.",
            queries=(each_job("job_tier:sidegate_missed_escalation:ratio30d", "tier {{tier}}"),),
            unit="percentunit",
            decimals=1,
            steps=alarm(0.0001),
        ),
        Chart(
            title="Labels of holds",
            about="What people said of holds in 7 days, without what they took back.",
            queries=(
                now("sum", "job_label:sidegate_hold_labels:increase7d", by="label"),
                (f"sum(increase({series('sidegate_hold_labels_withdrawn_total')}[7d]))", "taken back"),
            ),
            kind=Kind.BARS,
            width=8,
        ),
        Chart(
            title="Pass audit waiting",
            about="Sampled calls that nobody has labelled yet.",
            queries=(now("max", "sidegate_pass_audit_waiting"),),
            steps=(("orange", 50),),
        ),
        count(
            "Pass audit dropped",
            "Sampled calls for which there was no room, in the chosen time.",
            "sidegate_pass_audit_dropped_total",
            steps=alarm(1),
        ),
        Chart(
            title="Pass audit sampled",
            about="Calls that passed and were drawn to be looked at afterwards, in the chosen time, by tier.",
            queries=(risen("sidegate_pass_audit_sampled_total", by="tier", legend="tier {{tier}}"),),
            kind=Kind.BARS,
            width=8,
        ),
        Chart(
            title="Labels of passes",
            about="What people said of sampled calls in 30 days, without what they took back.",
            queries=(
                combined(
                    "sum",
                    series("job_tier_label:sidegate_pass_audit_labels:increase30d"),
                    by="tier, label",
                    legend="tier {{tier}} {{label}}",
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
        ratio(
            "Override",
            "Decisions that were no plain yes: rejected, answered instead or changed, of 7 days.",
            "job:sidegate_override:ratio7d",
        ),
        ratio(
            "Rejection",
            "Decisions that were rejections or answers instead, of 7 days.",
            "job:sidegate_rejection:ratio7d",
            steps=alarm(0.5),
        ),
        ratio(
            "Rubber stamps",
            "Approvals that came sooner than the call can be read, of those of 7 days.",
            "job:sidegate_rubber_stamp:ratio7d",
            steps=alarm(0.5),
        ),
        ON_TIME,
        OLDEST,
        Chart(
            title="Fast approvals",
            about="Approvals that came sooner than the call can be read, in the chosen time, by tier.",
            queries=(risen("sidegate_fast_approvals_total", by="tier", legend="tier {{tier}}"),),
        ),
        Chart(
            title="Time to decision",
            about="How long people took from hold to decision, half and nine tenths of them, in the chosen time.",
            queries=quantiles("sidegate_decision_seconds", "decision"),
            unit="s",
            width=9,
            height=7,
            decimals=1,
        ),
        Chart(
            title="Time looked at",
            about="How long people looked at a call before they decided, half and nine tenths of them, "
            "in the chosen time.",
            queries=quantiles("sidegate_review_dwell_seconds", "decision"),
            unit="s",
            width=9,
            height=7,
            decimals=1,
        ),
        Chart(
            title="Decisions",
            about="How people decided, in the chosen time; what expired unanswered is no decision.",
            queries=(
                ranked(risen("sidegate_decision_seconds_count", by="decision")),
                risen("sidegate_deadlines_total", by="outcome"),
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
            queries=(now("min", "sidegate_eval_catch_ratio", by="corpus"),),
            unit="percentunit",
            width=6,
            decimals=1,
            steps=wanted(0.95),
        ),
        Chart(
            title="Held without need",
            about="Of your own labelled calls that should pass, those that the rules hold, by corpus.",
            queries=(now("max", "sidegate_eval_false_escalation_ratio", by="corpus"),),
            unit="percentunit",
            width=6,
            decimals=1,
        ),
        Chart(
            title="Labelled calls",
            about="How many calls the evaluation had, by corpus.",
            queries=(now("max", "sidegate_eval_rows", by="corpus"),),
        ),
        Chart(
            title="Evaluated",
            about="How long ago that was.",
            queries=((f"time() - max({series('sidegate_eval_timestamp_seconds')} > 0)", ""),),
            unit="s",
            steps=alarm(2592000),
        ),
        Chart(
            title="Evaluated rules",
            about="The hash of the rules that were evaluated.",
            queries=(now("count", "sidegate_eval_info", by="ruleset"),),
        ),
    ),
)

REVIEW_QUALITY = Board(
    name="review-quality",
    title="Sidegate review quality",
    about="Whether people catch what they should, in time, and are asked no more than they need be.",
    rows=(_DRILLS, _LABELS, _DECISIONS, _EVALUATION),
)
