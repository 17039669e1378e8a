"""Takes the pictures of docs/dashboards.md: the panels' own queries, drawn without a Grafana."""

import math
from html import escape
from pathlib import Path
from typing import Any

from tests.acceptance.chromium import chromium
from tests.dashboards.boards import NAMES, Query, dashboard, panels
from tests.dashboards.prometheus import Prometheus
from tests.day.drawing import Drawn, body

FOLDER = Path(__file__).parents[2] / "docs" / "images"

_WIDTH, _ROW = 1240, 36
_STYLE = Path(__file__).with_name("boards.css")


def take(prometheus: Prometheus, *, seconds: float, folder: Path = FOLDER) -> None:
    """One picture of each board, of the last `seconds`."""
    with chromium() as browser:
        for name in NAMES:
            page = browser.new_page(viewport={"width": _WIDTH, "height": 400})
            page.set_content(_page(name, prometheus, seconds))
            page.screenshot(path=folder / f"board-{name}.png", full_page=True)
            page.close()


def _page(name: str, prometheus: Prometheus, seconds: float) -> str:
    shown = panels(name)
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in shown) * _ROW
    parts = [_panel(panel, prometheus, seconds) for panel in shown]
    title = escape(dashboard(name)["title"])
    return (
        f"<!doctype html><meta charset=utf-8><style>{_STYLE.read_text()}</style><h1>{title}</h1>"
        f'<main style="height:{height}px">{"".join(parts)}</main>'
    )


def _panel(panel: dict[str, Any], prometheus: Prometheus, seconds: float) -> str:
    at, unit = panel["gridPos"], (_WIDTH - 24) / 24
    sides = {"left": at["x"] * unit, "top": at["y"] * _ROW, "width": at["w"] * unit, "height": at["h"] * _ROW}
    box = ";".join(f"{side}:{length:.0f}px" for side, length in sides.items())
    title = escape(panel["title"])
    if panel["type"] == "row":
        return f'<section style="{box}"><h2>{title}</h2></section>'
    drawn = [one for target in panel["targets"] for one in _asked(target, prometheus, seconds)]
    return f'<section style="{box}"><article><h3>{title}</h3>{body(panel, drawn)}</article></section>'


def _asked(target: dict[str, Any], prometheus: Prometheus, seconds: float) -> list[Drawn]:
    query = Query(
        panel="", expression=target["expr"], legend=target["legendFormat"], instant=target["instant"]
    )
    window = {"__range": f"{math.ceil(seconds)}s", "__rate_interval": "20s"}
    text = query.written_out(job=".*", across="max", **window)
    found = prometheus.instant(text) if query.instant else prometheus.line(text, seconds=seconds)
    return [
        Drawn(legend=query.legend_of(one.labels), points=tuple(zip(one.times, one.values, strict=True)))
        for one in found
    ]
