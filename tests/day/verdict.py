"""What is asked at the day's end: every panel, every rule and alert, and the script's own count."""

from collections import Counter

import pytest

from tests.dashboards.boards import Query, queries
from tests.dashboards.prometheus import Prometheus
from tests.dashboards.rules.files import alerts, recorded
from tests.day.stage import Stage
from tests.day.tally import Tally

_RANGE = "3600s"
_SECONDS = 600

WITHOUT_DATA = {
    "Sensitivity": "drills of both kinds, which chance may not have brought",
    "False alarms": "a harmless drill that was answered",
    "Catch rate": "a planted violation that was answered",
    "Catch rate over time": "the same",
    "Credential renewals": "a credential that is renewed",
    "Clock skew": "a store whose clock was read",
    "Missed escalation": "a sampled pass, of which chance may not have brought one",
    "Missed escalations": "the same",
    "Missed by tier": "the same",
}
"""Panels that may be empty at the end of the day, and what they would need."""


def empty_panels(prometheus: Prometheus) -> set[str]:
    """The titles of panels that show nothing; an expression that does not evaluate fails."""
    shown = Counter[str]()
    for query in queries():
        shown[query.panel] += _count(prometheus, query)
    return {panel for panel, count in shown.items() if not count}


def evaluate_rules(prometheus: Prometheus) -> None:
    """Every expression of a rule and of an alert has an answer, if only an empty one."""
    for expression in (*recorded().values(), *(rule["expr"] for rule in alerts().values())):
        prometheus.instant(expression)


def fired(prometheus: Prometheus) -> set[str]:
    """The alerts that have fired at any time."""
    asked = 'count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))'
    return {series.labels["alertname"] for series in prometheus.instant(asked)}


def check_ratios(prometheus: Prometheus, tally: Tally) -> None:
    """What Prometheus has recorded is what the script has counted."""
    expected = tally.ratios()
    assert {name: prometheus.value(name) for name in expected} == pytest.approx(expected, abs=0.002)


def check_counts(stage: Stage, tally: Tally) -> None:
    """The sidecar's own counters, exactly."""
    metric = stage.sidecar.metric
    admitted = {
        key: metric("sidegate_admissions_total", tier=key[0], verdict=key[1]) for key in tally.admitted
    }
    assert admitted == tally.admitted
    refused = {reason: metric("sidegate_refusals_total", reason_id=reason) for reason in tally.refused}
    assert refused == tally.refused
    events = tally.decided | tally.ended | Counter(expire=tally.expired)
    assert {event: metric("sidegate_hold_transitions_total", event=event) for event in events} == events
    opened = sum(count for (_, verdict), count in tally.admitted.items() if verdict == "hold")
    assert metric("sidegate_holds_opened_total") == opened - tally.joined
    assert metric("sidegate_retries_joined_total") == tally.joined
    answers = {
        key: metric("sidegate_drill_answers_total", kind=key[0], answer=key[1]) for key in tally.drills
    }
    assert answers == tally.drills
    assert metric("sidegate_drills_injected_total") == tally.drills.total()


def _count(prometheus: Prometheus, query: Query) -> int:
    text = query.written_out(job=".*", across="max", __range=_RANGE, __rate_interval="60s")
    found = prometheus.instant(text) if query.instant else prometheus.line(text, seconds=_SECONDS)
    return len(found)
