"""Boards as data: rows of charts, each with its queries; and the same as Grafana's JSON, by its own types."""

import json
from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import QueryEditorMode

from dashboards.queries import Query

_SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
_LETTERS = "ABCDEFGH"

type Steps = tuple[tuple[str, float], ...]
"""The colours from a value on; below the first it is the opposite, without any they mean nothing."""


class Kind(StrEnum):
    """How a chart shows its values."""

    NUMBER = "stat"
    """As they are now."""
    BARS = "bargauge"
    """As they are now, beside one another."""
    LINES = "timeseries"
    """Over the chosen time."""
    AREAS = "areas"
    """Over the chosen time, on top of one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One panel."""

    title: str
    about: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.NUMBER
    unit: str = "short"
    width: int = 4
    height: int = 4
    decimals: int | None = 0
    steps: Steps = ()
    words: tuple[tuple[str, str, str], ...] = ()
    """Words in place of values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Charts under one heading, in the order of reading."""

    title: str
    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard; `name` is its file's."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]


def alarm(value: float) -> Steps:
    """Green below `value`, red from there on."""
    return (("red", value),)


def wanted(value: float) -> Steps:
    """Red below `value`, green from there on."""
    return (("green", value),)


def written(board: Board) -> str:
    """The file that Grafana reads."""
    return json.dumps(_built(board), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def _built(board: Board) -> model.Dashboard:
    grid = (
        dashboard.Dashboard(board.title)
        .uid(f"sidegate-{board.name}")
        .description(board.about)
        .tags(["sidegate"])
        .version(1)
        .refresh("10s")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Sidegate")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["sidegate"])
            .keep_time(keep_time=True)
        )
    )
    for variable in (_data_source(), _jobs(), _stores()):
        grid.with_variable(variable)
    number = 0
    for row in board.rows:
        number += 1
        grid.with_row(dashboard.Row(row.title).id(number))
        for chart in row.charts:
            number += 1
            grid.with_panel(_panel(chart).id(number))
    return grid.build()


def _panel(chart: Chart) -> timeseries.Panel | stat.Panel | bargauge.Panel:
    panel = _lines(chart) if chart.kind in (Kind.LINES, Kind.AREAS) else _values(chart)
    panel.title(chart.title).description(chart.about).datasource(_SOURCE).unit(chart.unit).min(0)
    panel.span(chart.width).height(chart.height).thresholds(_thresholds(chart.steps))
    colours = "thresholds" if chart.steps else "palette-classic"
    panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId(colours)))
    if chart.decimals is not None:
        panel.decimals(chart.decimals)
    if chart.words:
        options = {
            value: model.ValueMappingResult(text=text, color=colour, index=n)
            for n, (value, text, colour) in enumerate(chart.words)
        }
        panel.mappings([model.ValueMap(options=options)])
    for letter, (expression, legend) in zip(_LETTERS, chart.queries, strict=False):
        panel.with_target(
            _query(letter, expression, legend, now=isinstance(panel, stat.Panel | bargauge.Panel))
        )
    return panel


def _lines(chart: Chart) -> timeseries.Panel:
    stacked = shapes.StackingMode.NORMAL if chart.kind is Kind.AREAS else shapes.StackingMode.NONE
    return (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(30 if chart.kind is Kind.AREAS else 0)
        .show_points(shapes.VisibilityMode.NEVER)
        .stacking(common.StackingConfig().mode(stacked).group("A"))
        .legend(
            common.VizLegendOptions()
            .display_mode(shapes.LegendDisplayMode.LIST)
            .placement(shapes.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
        .tooltip(
            common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
        )
    )


def _values(chart: Chart) -> stat.Panel | bargauge.Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
    if chart.kind is Kind.NUMBER:
        number = stat.Panel().reduce_options(last).graph_mode(shapes.BigValueGraphMode.NONE)
        return number.color_mode(shapes.BigValueColorMode.VALUE)
    bars = bargauge.Panel().reduce_options(last).display_mode(shapes.BarGaugeDisplayMode.BASIC)
    return bars.orientation(shapes.VizOrientation.HORIZONTAL).show_unfilled(show_unfilled=True)


def _query(letter: str, expression: str, legend: str, *, now: bool) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id(letter).datasource(_SOURCE).editor_mode(QueryEditorMode.CODE)
    query.expr(expression).legend_format(legend)
    return query.instant() if now else query.range()


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    below = "red" if steps and steps[0][0] == "green" else "green"
    all_steps = [model.Threshold(color=below), *(model.Threshold(color=c, value=v) for c, v in steps)]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(all_steps)


def _data_source() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _jobs() -> dashboard.QueryVariable:
    """Which jobs of Prometheus; all at first."""
    return (
        dashboard.QueryVariable("job")
        .label("Job")
        .datasource(_SOURCE)
        .query("label_values(sidegate_store_up, job)")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(model.VariableOption(text=["All"], value=["$__all"]))
    )


def _stores() -> dashboard.CustomVariable:
    """Sidecars on one store all report the same holds; those with a store of their own do not."""
    shared = model.VariableOption(text="one for all sidecars", value="max", selected=True)
    own = model.VariableOption(text="one for each sidecar", value="sum", selected=False)
    return (
        dashboard.CustomVariable("across")
        .label("Stores")
        .description(
            "Sidecars on one store all report the same holds; sidecars with a store of their own differ."
        )
        .values("one for all sidecars : max, one for each sidecar : sum")
        .options([shared, own])
        .current(shared)
    )
