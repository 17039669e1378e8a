"""The dashboard as a file: what Grafana needs of it, and what Sidegate exports."""

import re
from itertools import combinations
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from proxy.metrics import Metrics
from tests.dashboards.observed import fresh, observe
from tests.dashboards.overview import Query, charts, dashboard, panels, queries, variables

_GRAFANA_UNITS = {"none", "short", "s", "reqps"}
_WIDTH = 24
# What Prometheus adds to each series, and what a histogram's buckets have.
_ADDED_LABELS = {"job", "le"}


def exported() -> dict[str, set[str]]:
    """Every series' name that the process exports, with its labels."""
    metrics = fresh()
    observe(metrics)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_is_a_dashboard_with_a_name_that_stays() -> None:
    """Grafana finds it again by its uid, whatever else changes."""
    board = dashboard()
    assert (board["uid"], board["title"]) == ("sidegate-overview", "Sidegate overview")
    assert board["schemaVersion"] >= 39
    assert "id" not in board, "the number in Grafana's own database"


def test_panel_ids_are_unique() -> None:
    """Two panels with one id show the same data in Grafana."""
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    assert all(isinstance(each, int) and each > 0 for each in ids)


def test_panel_titles_are_unique() -> None:
    """A title is how people, and these tests, name a panel."""
    titles = [panel["title"] for panel in panels()]
    assert len(titles) == len(set(titles))


def test_panels_do_not_overlap() -> None:
    """Grafana would move an overlapping panel somewhere else."""
    for one, other in combinations(panels(), 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (one["title"], other["title"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= _WIDTH for panel in panels())


@pytest.mark.parametrize("panel", charts(), ids=lambda panel: str(panel["title"]))
def test_every_chart_explains_itself(panel: dict[str, Any]) -> None:
    """Each has a description in a sentence, a unit that Grafana knows, and something to show."""
    defaults = panel["fieldConfig"]["defaults"]
    assert re.match(r"[A-Z].*[.]$", panel["description"])
    assert defaults["unit"] in _GRAFANA_UNITS
    assert panel["targets"]


@pytest.mark.parametrize("panel", charts(), ids=lambda panel: str(panel["title"]))
def test_every_chart_asks_the_chosen_data_source(panel: dict[str, Any]) -> None:
    """No panel is tied to the data source of the machine on which it was drawn."""
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert panel["datasource"] == chosen
    assert all(target["datasource"] == chosen for target in panel["targets"])
    references = [target["refId"] for target in panel["targets"]]
    assert len(references) == len(set(references))


def test_the_data_source_can_be_chosen() -> None:
    """The variable that every panel names."""
    assert variables()["datasource"]["type"] == "datasource"
    assert variables()["datasource"]["query"] == "prometheus"


def test_every_variable_in_an_expression_exists() -> None:
    """Grafana sends an unknown variable to Prometheus as it stands."""
    known = {*variables(), "__range", "__rate_interval"}
    used = {name for query in queries() for name in re.findall(r"\$(\w+)", query.expression)}
    assert used <= known
    assert {"job", "across"} <= used


@pytest.mark.parametrize("query", queries(), ids=lambda query: f"{query.panel}: {query.legend}")
def test_expressions_name_what_sidegate_exports(query: Query) -> None:
    """A metric or a label that nobody exports is an empty panel, not an error."""
    series = exported()
    assert query.metrics, "an expression without a metric of ours"
    for metric in query.metrics:
        assert metric in series, f"`{metric}` is not in proxy/metrics.py"
        assert query.labels <= series[metric] | _ADDED_LABELS
        shown = set(re.findall(r"{{(\w+)}}", query.legend))
        assert shown <= series[metric]


def test_every_metric_is_on_the_board() -> None:
    """What is worth counting is worth a look."""
    shown = {metric for query in queries() for metric in query.metrics}
    for family in Metrics().registry.collect():
        assert any(metric.startswith(family.name) for metric in shown), family.name
