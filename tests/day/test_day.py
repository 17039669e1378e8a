"""The day in short: what boards, rules and alerts show of it is what its script has done."""

from collections.abc import Iterator

import pytest

from tests.day.script import caused, played
from tests.day.stage import Stage, staged
from tests.day.tally import Tally
from tests.day.verdict import (
    WITHOUT_DATA,
    check_counts,
    check_ratios,
    empty_panels,
    evaluate_rules,
    fired,
)

pytestmark = [pytest.mark.observe, pytest.mark.acceptance, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def day() -> Iterator[tuple[Stage, Tally]]:
    """A stage after its day."""
    with staged() as stage:
        yield stage, played(stage, 0)


def test_every_panel_shows_the_day(day: tuple[Stage, Tally]) -> None:
    """Each query evaluates; a panel without data is one that could have none."""
    assert empty_panels(day[0].prometheus) <= set(WITHOUT_DATA)


def test_every_rule_and_alert_evaluates(day: tuple[Stage, Tally]) -> None:
    """Against what a real sidecar exports."""
    evaluate_rules(day[0].prometheus)


def test_the_alerts_that_were_caused_fired_and_no_other(day: tuple[Stage, Tally]) -> None:
    """Those that a day cannot cause have promtool's tests."""
    stage, tally = day
    assert fired(stage.prometheus) == caused(tally)


def test_counts_are_the_scripts_own(day: tuple[Stage, Tally]) -> None:
    """Calls, refusals, steps of holds, drills: exactly."""
    stage, tally = day
    check_counts(stage, tally)


def test_ratios_are_the_scripts_own(day: tuple[Stage, Tally]) -> None:
    """As recorded by our rules; drills are in their own ratios only."""
    stage, tally = day
    check_ratios(stage.prometheus, tally)
