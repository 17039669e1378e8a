"""The boards as files: they are what their source says, what Grafana needs, and of what Sidegate exports."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.__main__ import BOARDS
from dashboards.board import written
from tests.dashboards.boards import FILES, NAMES, Query, charts, dashboard, panels, queries, variables
from tests.dashboards.observed import exported, fresh
from tests.dashboards.rules.files import recorded, recorded_in, series_in

_GRAFANA_UNITS = {"none", "short", "s", "reqps", "percentunit"}
_WIDTH = 24
# What Prometheus adds to each series, and what a histogram's buckets have.
_ADDED_LABELS = {"job", "le"}

on_every_board = pytest.mark.parametrize("name", NAMES)


def test_the_files_are_what_the_source_says() -> None:
    """`make dashboards` would change nothing, and no file is without a source."""
    assert {file.stem: file.read_text() for file in FILES} == {b.name: written(b) for b in BOARDS}


@on_every_board
def test_grafanas_own_types_read_the_file_whole(name: str) -> None:
    """What they read and write again is the file: no member that they do not know, none of a wrong name."""
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(dashboard(name)), cls=JSONEncoder))
    assert again == dashboard(name)


@on_every_board
def test_is_a_dashboard_with_a_name_that_stays(name: str) -> None:
    """Grafana finds it again by its uid, whatever else changes."""
    board = dashboard(name)
    assert (board["uid"], board["title"]) == (f"sidegate-{name}", f"Sidegate {name.replace('-', ' ')}")
    assert board["schemaVersion"] >= 39
    assert "id" not in board, "the number in Grafana's own database"


@on_every_board
def test_panel_ids_are_unique(name: str) -> None:
    """Two panels with one id show the same data in Grafana."""
    ids = [panel["id"] for panel in panels(name)]
    assert len(ids) == len(set(ids))
    assert all(isinstance(each, int) and each > 0 for each in ids)


@on_every_board
def test_panel_titles_are_unique(name: str) -> None:
    """A title is how people, and these tests, name a panel."""
    titles = [panel["title"] for panel in panels(name)]
    assert len(titles) == len(set(titles))


def test_a_title_means_the_same_on_every_board() -> None:
    """What stands on two boards asks the same."""
    asked: dict[str, list[str]] = {}
    for name in NAMES:
        for panel in charts(name):
            expressions = [target["expr"] for target in panel["targets"]]
            assert asked.setdefault(panel["title"], expressions) == expressions


@on_every_board
def test_panels_do_not_overlap(name: str) -> None:
    """Grafana would move an overlapping panel somewhere else."""
    for one, other in combinations(panels(name), 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (one["title"], other["title"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= _WIDTH for panel in panels(name))


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


@on_every_board
def test_the_data_source_can_be_chosen(name: str) -> None:
    """The variable that every panel names."""
    assert variables(name)["datasource"]["type"] == "datasource"
    assert variables(name)["datasource"]["query"] == "prometheus"


@on_every_board
def test_every_variable_in_an_expression_exists(name: str) -> None:
    """Grafana sends an unknown variable to Prometheus as it stands."""
    known = {*variables(name), "__range", "__rate_interval"}
    used = {word for query in queries(name) for word in re.findall(r"\$(\w+)", query.expression)}
    assert used <= known
    assert "job" in used


@pytest.mark.parametrize("query", queries(), ids=lambda query: f"{query.panel}: {query.legend}")
def test_expressions_name_what_sidegate_exports(query: Query) -> None:
    """A metric or a label that nobody exports is an empty panel, not an error."""
    series = exported()
    assert query.metrics or query.recorded or "ALERTS" in query.expression
    assert query.recorded <= set(recorded())
    for metric in query.metrics:
        assert metric in series, f"`{metric}` is not in proxy/metrics.py"
        assert query.labels <= series[metric] | _ADDED_LABELS
        shown = set(re.findall(r"{{(\w+)}}", query.legend))
        assert shown <= series[metric]


def test_every_metric_is_on_a_board() -> None:
    """What is worth counting is worth a look: by itself, or in a number that is worked out from it."""
    rules = recorded()
    asked = [query.expression for query in queries()]
    shown = set[str]()
    while asked:
        expression = asked.pop()
        shown |= series_in(expression)
        asked += [rules[name] for name in recorded_in(expression)]
    for family in fresh().registry.collect():
        assert any(metric.startswith(family.name) for metric in shown), family.name


def test_every_recorded_number_is_on_a_board_or_part_of_one() -> None:
    """A rule that nobody looks at costs Prometheus its time for nothing."""
    used = {name for query in queries() for name in query.recorded}
    inner = {
        name
        for text in recorded().values()
        for name in Query(panel="", expression=text, legend="", instant=True).recorded
    }
    assert set(recorded()) <= used | inner
