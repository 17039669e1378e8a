"""Recording rules and alerts: promtool's own tests, and that none is without them or without a runbook."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.dashboards.observed import exported
from tests.dashboards.prometheus import tool
from tests.dashboards.rules.files import (
    ROOT,
    RULES,
    TESTS,
    alerts,
    groups_of_tests,
    recorded,
    recorded_in,
    series_in,
)

pytestmark = [pytest.mark.observe, pytest.mark.acceptance]

_SECONDS = 120


def promtool(*arguments: str | Path) -> None:
    """Run it; what it complains of fails the test."""
    done = subprocess.run(
        [tool("promtool"), *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_them() -> None:
    """As its own checker reads them, templates included."""
    promtool("check", "rules", *RULES)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: str(file.stem))
def test_values_are_those_worked_out_by_hand(file: Path) -> None:
    """Every expression that promtool's tests ask has the value that stands there."""
    promtool("test", "rules", file)


def test_every_recording_rule_has_a_value_worked_out_by_hand() -> None:
    """Each is asked for by its name in some test."""
    asked = {
        name
        for group in groups_of_tests()
        for test in group["promql_expr_test"]
        if test["exp_samples"]
        for name in recorded_in(test["expr"])
    }
    assert asked == set(recorded())


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_is_caused_once_and_not_another_time(alert: str) -> None:
    """One group of numbers raises it alone; in another, with series of its own, it is silent."""
    groups = [group for group in groups_of_tests() if group["name"].startswith(f"{alert} ")]
    fired = [g for g in groups if g["name"].startswith(f"{alert} fires")]
    silent = [g for g in groups if g["name"].startswith(f"{alert} is silent")]
    assert fired
    assert silent
    alone = [{"labels": f'{{alertname="{alert}"}}', "value": 1}]
    for group in groups:
        (test,) = group["promql_expr_test"]
        assert test["expr"] == 'count by (alertname) (ALERTS{alertstate="firing"})'
        assert test["exp_samples"] == (alone if group in fired else [])


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_says_what_to_do(alert: str) -> None:
    """How bad, what happened in a sentence, and a section of the runbook of its own."""
    rule = alerts()[alert]
    assert set(rule["labels"]) == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert all(re.search(r"[^.]$", text) for text in rule["annotations"].values())
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{alert.lower()}"


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    """In the order of the file; each says something."""
    parts = re.split(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE)
    assert parts[1::2] == list(alerts())
    assert all(len(text.strip().splitlines()) >= 2 for text in parts[2::2])


def test_expressions_name_what_exists() -> None:
    """A series that nobody exports, or a rule that nobody records, is an alert that never fires."""
    expressions = [*recorded().values(), *(rule["expr"] for rule in alerts().values())]
    named = set[str]().union(*map(series_in, expressions))
    assert named <= set(exported())
    assert set[str]().union(*map(recorded_in, expressions)) <= set(recorded())
