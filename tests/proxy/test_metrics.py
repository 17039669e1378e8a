"""The instruments: bounded labels, and two sets of them in one process."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from proxy.metrics import FAILURES, Metrics
from rules.call import HttpCall
from rules.classify import classify
from rules.hold import Event
from rules.verdict import ReasonId
from tests.rules.calls import calls, from_rules, rule_lists

METRICS = Metrics()

BOUNDED = {
    "label",
    "kind",
    "answer",
    "channel",
    "credential",
    "tier",
    "verdict",
    "reason_id",
    "state",
    "event",
    "decision",
    "disposition",
    "outcome",
} | {
    "moment",
    "sink",
    "cause",
}


def samples(registry: Collector) -> dict[str, float]:
    """All samples by name and labels."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {f"{s.name}{sorted(s.labels.items())}": s.value for family in families for s in family.samples}


def test_an_assessment_is_exported_where_somebody_says_its_day() -> None:
    """As the beginning of that day in UTC; an absent series is not one of the year 1970."""
    metrics = Metrics()
    name = "sidegate_assessment_timestamp_seconds[]"
    assert name not in samples(metrics.registry)
    metrics.assessed(date(2025, 11, 3))
    assert samples(metrics.registry)[name] == 1762128000


def test_every_instrument_is_registered() -> None:
    """What the code counts is what a scrape shows, each with a sentence of help."""
    metrics = Metrics()
    families = list(metrics.registry.collect())
    instruments = {
        value._name
        for name, value in vars(metrics).items()
        if name != "registry" and not name.startswith("_")
    }
    assert {family.name for family in families} == instruments
    assert all(family.name.startswith("sidegate_") for family in families)
    assert all(family.documentation for family in families)


def test_labels_are_bounded() -> None:
    """Every label takes one of a few values: never an id, a host, a path or a person."""
    metrics = Metrics()
    for name, instrument in vars(metrics).items():
        if name != "registry" and not name.startswith("_"):
            assert set(instrument._labelnames) <= BOUNDED, name


def counted(name: str, label: str) -> dict[str, float]:
    """The first number of each series of `name`, by the one label."""
    families = Metrics().registry.collect()
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {sample.labels[label]: sample.value for sample in found}


@pytest.mark.parametrize(
    ("name", "label", "values"),
    [
        ("failed_closed_total", "reason_id", set(FAILURES)),
        ("holds_opened_total", "tier", {"3", "4"}),
        ("hold_transitions_total", "event", set(Event) - {Event.DRILL}),
        ("decision_seconds_count", "decision", {Event.APPROVE, Event.REJECT, Event.CANCEL}),
        (
            "replay_seconds_count",
            "disposition",
            {"approved-executed", "execution-error", "outcome-unknown", "denied-not-executed"},
        ),
    ],
    ids=["failed_closed", "holds_opened", "transitions", "decisions", "replays"],
)
def test_series_begin_before_their_first_event(name: str, label: str, values: set[str]) -> None:
    """A series that came with its first event would show no increase for it."""
    assert counted(f"sidegate_{name}", label) == dict.fromkeys(values, 0)


def test_every_reason_has_a_series() -> None:
    """Each reason is counted in exactly one place, and is there at 0."""
    judged, refused, failed = (
        set(counted(f"sidegate_{name}_total", "reason_id"))
        for name in ("admissions", "refusals", "failed_closed")
    )
    assert judged | refused | failed == set(ReasonId)
    assert len(judged) + len(refused) + len(failed) == len(ReasonId)


@given(written=rule_lists(), mode=st.sampled_from(["enforce", "observe"]), call=calls())
def test_judgements_begin_before_their_first_event(
    written: list[dict[str, Any]], mode: str, call: HttpCall
) -> None:
    """However a call is judged, its series is there."""
    modes = [{} if rule.get("forbidden") else {"mode": mode} for rule in written]
    ruleset = from_rules(*(rule | mode for rule, mode in zip(written, modes, strict=True)))
    judgement = classify(call, ruleset)
    labels = {
        "tier": str(int(judgement.tier)),
        "verdict": "would_hold" if judgement.observed else str(judgement.verdict),
        "reason_id": str(judgement.reason_id),
    }
    registry = METRICS.registry
    assert registry.get_sample_value("sidegate_admissions_total", labels) == 0


def test_two_sets_do_not_share_a_number() -> None:
    """Each process, and each test, counts for itself."""
    one, two = Metrics(), Metrics()
    one.retries_joined.inc()
    assert samples(one.registry)["sidegate_retries_joined_total[]"] == 1
    assert samples(two.registry)["sidegate_retries_joined_total[]"] == 0


@pytest.mark.parametrize("seconds", [0.5, 60, 1800, 100_000])
def test_decisions_have_buckets_where_people_answer(seconds: float) -> None:
    """From a second to a day; the half-hour window is an edge of its own."""
    metrics = Metrics()
    metrics.decision_seconds.labels("approve").observe(seconds)
    found = samples(metrics.registry)
    below = found["sidegate_decision_seconds_bucket[('decision', 'approve'), ('le', '1800.0')]"]
    assert below == (1 if seconds <= 1800 else 0)
