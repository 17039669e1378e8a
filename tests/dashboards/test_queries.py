"""Every expression of the boards, on a real Prometheus with known numbers in it."""

import time

import pytest

from tests.dashboards.boards import Query, queries, variables
from tests.dashboards.observed import ASSESSED_AGO, AUTHORITY_ENDS_IN, CAUGHT, EVALUATED_AGO, FAILED, REFUSED
from tests.dashboards.prometheus import Prometheus

pytestmark = [pytest.mark.observe, pytest.mark.acceptance]

_RANGE_SECONDS = 240
_PATIENCE = 5.0
# Prometheus stretches an increase to the edges of its window, by half a scrape at most.
_STRETCH = 0.1

# What the panels with one value per series show; a legend names the series.
_SHOWN: dict[str, dict[str, float]] = {
    "Waiting for a decision": {"": 3},
    "Queue": {"": 4},
    "Outcome unknown": {"": 4},
    "Store": {"": 1},
    "Catch rate": {"sidegate rate": 0.95, "sidegate at least": 0.863, "sidegate at most": 0.983},
    "False alarms": {"sidegate rate": 0.1, "sidegate at least": 0.0466, "sidegate at most": 0.2015},
    "Sensitivity": {"sidegate": 2.715},
    "Drills decided": {"sidegate violations": 60, "sidegate twins": 60},
    "Answers to drills": {
        "violation: rejected": 57,
        "violation: approved": 3,
        "violation: expired": 1,
        "benign: rejected": 6,
        "benign: approved": 54,
        "benign: expired": 0,
        "injected": 123,
    },
    # 21 of 84 holds; 1 of 10 of the 40 of tier 1 and 5 of 10 of the 11 of tier 2.
    "False escalation": {"sidegate": 0.25},
    "Missed escalation": {"sidegate": 0.186},
    "Missed escalations": {"sidegate": 9.5},
    "Missed by tier": {"sidegate tier 1": 0.1, "sidegate tier 2": 0.5},
    "Labels of holds": {"unnecessary": 21, "necessary": 63, "taken back": 7},
    "Pass audit waiting": {"": 23},
    "Pass audit dropped": {"": 22},
    "Pass audit sampled": {"tier 1": 19, "tier 2": 21},
    "Labels of passes": {
        "tier 1 right": 9,
        "tier 1 should_have_held": 1,
        "tier 2 right": 5,
        "tier 2 should_have_held": 5,
    },
    # 6 ran, of 6 and 4 that are unknown; 1 no of 10, 3 of which a grant approved.
    "Accuracy": {"sidegate": 0.6},
    "Override": {"sidegate": 1 / 7},
    "Rejection": {"sidegate": 1 / 7},
    "Rubber stamps": {"sidegate": 0.3},
    "On time": {"sidegate": 0.8},
    "Fast approvals": {"tier 3": 1, "tier 4": 2},
    "Time looked at": {"approve p50": 3.5, "approve p90": 4.7},
    "Held as they should be": {"bank": 0.96},
    "Held without need": {"bank": 0.12},
    "Labelled calls": {"bank": 400},
    "Evaluated": {"": EVALUATED_AGO},
    "Evaluated rules": {"0123abcd": 1},
    "Oldest wait": {"": 77},
    "Kill switch": {"": 1},
    "Secrets on their way out": {"": 0},
    "Suspect tools and answers": {"": 0},
    "Floods": {"": 0},
    "Placeholders misused": {"": 0},
    "Blocked and would be held": {"block: forbidden": 2},
    "Authority ends in": {"": AUTHORITY_ENDS_IN},
    "Assessed": {"": ASSESSED_AGO},
    "Alerts": {
        f"{severity}: Sidegate{name}": 1
        for severity, names in (
            ("critical", ("MissedEscalation", "IntegrityFailure", "FailedClosed", "ReplayFailure")),
            ("critical", ("CredentialDenied", "AuditLost", "AuditSinkMissed")),
            ("warning", ("DecisionsLate", "Drift", "ChannelDead", "PassAuditDropped")),
            ("info", ("KillSwitchOn",)),
        )
        for name in names
    },
    "Caught": {"": CAUGHT},
    "Refused": {"": REFUSED},
    "Failed closed": {"": FAILED},
    "Integrity failures": {"": 1},
    "Rules": {"": 1},
    "Rules rejected": {"": 2},
    "Replay failures": {"": 3},
    "Clock skew": {"": 7},
    "Audit trail": {"": 1},
    "Audit records lost": {"": 2},
    "Audit sinks": {"siem": 1},
    "Behind by": {"siem": 29},
    "Copied to sinks": {"siem: taken": 24, "siem: failed": 25, "siem: missed": 26},
    "Spans": {"exported": 27, "failed": 28},
    "Drift refusals": {"changed": 5, "policy": 2},
    "Caught by reason": {"hold: default_write": 7, "hold: rule": 5, "block: forbidden": 2},
    "Refusals by reason": {"destination_refused": 6, "framing_ambiguous": 3},
    "Decisions": {"approve": 5, "reject": 1, "cancel": 0, "met": 24, "missed": 6},
    "Outcomes that became unknown": {"": 2},
    "Time to decision": {
        "approve p50": 3.5,
        "approve p90": 90,
        "reject p50": 22.5,
        "reject p90": 28.5,
    },
    "Replay latency": {
        "approved-executed p50": 0.19375,
        "approved-executed p90": 3.75,
        "execution-error p50": 0.03,
        "execution-error p90": 0.046,
    },
}

# The series that the panels with lines show.
_DRAWN: dict[str, set[str]] = {
    "Admissions by tier and verdict": {
        "tier 1 pass",
        "tier 2 pass",
        "tier 3 hold",
        "tier 4 hold",
        "tier 4 block",
    },
    "Failed closed by reason": {"gate_failed", "store_unavailable"},
    "Holds opened and retries joined": {"opened, tier 3", "opened, tier 4", "joined", "approved by a grant"},
    "Holds by state": {"pending", "approved", "claimed", "sending", "executed", "outcome_unknown"},
    "Steps of holds": {"approve", "reject", "answer", "lose"},
    "Reads of what would change": {"hold: shown", "claim: unread"},
    "Audit records": {"records"},
    "Catch rate over time": {"sidegate rate", "sidegate at least"},
    "Refusals over time": {"destination_refused", "framing_ambiguous"},
    "Channels": {"webhook: delivered", "mail: dead"},
    "Credential renewals": {"bank: renewed", "mail: denied"},
}

_INSTANT = {query.panel for query in queries() if query.instant}
_LINES = {query.panel for query in queries() if not query.instant}


def written_out(query: Query, *, across: str = "max") -> str:
    """The expression as Grafana sends it."""
    return query.written_out(
        job=".*", across=across, __range=f"{_RANGE_SECONDS}s", __rate_interval=f"{_RANGE_SECONDS}s"
    )


def test_every_panel_has_its_expectation() -> None:
    """A panel that is added without a number here fails."""
    assert set(_SHOWN) == _INSTANT
    assert set(_DRAWN) == _LINES


@pytest.mark.parametrize("panel", sorted(_INSTANT))
def test_values_are_what_was_observed(panel: str, prometheus: Prometheus) -> None:
    """Sums add up to what was counted, and quantiles lie in the right bucket."""
    expected = pytest.approx(_SHOWN[panel], rel=_STRETCH)
    end = time.monotonic() + _PATIENCE
    # A scrape that a busy machine has missed leaves no value until the next one.
    while (shown := _shown(panel, prometheus)) != expected and time.monotonic() < end:
        pass
    assert shown == expected


def _shown(panel: str, prometheus: Prometheus) -> dict[str, float]:
    return {
        query.legend_of(series.labels): series.values[0]
        for query in queries()
        if query.panel == panel
        for series in prometheus.instant(written_out(query))
    }


@pytest.mark.parametrize("panel", sorted(_LINES))
def test_lines_are_drawn_for_every_series(panel: str, prometheus: Prometheus) -> None:
    """What happened has a line above zero; what did not may have one at zero."""
    drawn = {
        query.legend_of(series.labels): max(series.values)
        for query in queries()
        if query.panel == panel
        for series in prometheus.line(written_out(query), seconds=5)
    }
    assert {line for line, highest in drawn.items() if highest > 0} == _DRAWN[panel]


@pytest.mark.parametrize("option", variables()["across"]["options"], ids=lambda each: str(each["value"]))
def test_both_ways_to_add_up_stores_work(option: dict[str, str], prometheus: Prometheus) -> None:
    """With one sidecar, one store for all and one for each are the same."""
    for query in queries():
        if query.panel == "Waiting for a decision":
            assert prometheus.value(written_out(query, across=option["value"])) == 3


def test_another_job_is_left_out(prometheus: Prometheus) -> None:
    """The choice of a job reaches every expression."""
    for query in queries():
        others = query.written_out(job="other", across="max", __range="240s", __rate_interval="240s")
        assert prometheus.instant(others) == [], query.panel
