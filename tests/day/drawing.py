"""Simple charts as HTML and SVG: numbers, bars and lines, in the colours and units of a panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_COLOURS = ("#3b78c4", "#d97f1f", "#4c9a4c", "#b8484e", "#7d5fb2", "#2f9c9c", "#c066a5", "#8a8a35", "#6b7a8f")
_NAMED = {"green": "#2f8a3e", "orange": "#c96a10", "red": "#c0353b"}
_WIDE, _HIGH = 1000, 260
_SECONDS = ((86400 * 2, 86400, "d"), (7200, 3600, "h"), (120, 60, "min"), (1, 1, "s"), (0, 0.001, "ms"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One series: its legend, and times with values."""

    legend: str
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


def body(panel: dict[str, Any], series: Sequence[Drawn]) -> str:
    """What stands in a panel."""
    if not series:
        return '<p class="empty">No data</p>'
    if panel["type"] == "timeseries":
        return _lines(panel, series)
    if panel["type"] == "bargauge":
        return _bars(panel, sorted(series, key=lambda one: -one.last))
    return _numbers(panel, series)


def worded(panel: dict[str, Any], value: float) -> str:
    """A value in the panel's words or unit."""
    defaults = panel["fieldConfig"]["defaults"]
    for mapping in defaults.get("mappings") or ():
        word = mapping["options"].get(f"{value:g}")
        if word:
            return str(word["text"])
    decimals = defaults.get("decimals", 2)
    match defaults["unit"]:
        case "percentunit":
            return f"{value * 100:.{decimals}f} %"
        case "s":
            return _duration(value)
        case "reqps":
            return f"{value:.2g}/s"
        case _:
            return f"{value:.{decimals}f}"


def _duration(seconds: float) -> str:
    size, name = next((size, name) for least, size, name in _SECONDS if abs(seconds) >= least)
    return f"{seconds / size:.3g} {name}"


def _colour(panel: dict[str, Any], value: float, number: int) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    if defaults["color"]["mode"] != "thresholds":
        return _COLOURS[number % len(_COLOURS)]
    steps = defaults["thresholds"]["steps"]
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return _NAMED[reached[-1]]


def _numbers(panel: dict[str, Any], series: Sequence[Drawn]) -> str:
    cells = [
        f'<div><b style="color:{_colour(panel, one.last, n)}">{escape(worded(panel, one.last))}</b>'
        f"<span>{escape(one.legend)}</span></div>"
        for n, one in enumerate(series)
    ]
    return f'<div class="numbers">{"".join(cells)}</div>'


def _bars(panel: dict[str, Any], series: Sequence[Drawn]) -> str:
    most = max(one.last for one in series) or 1
    rows = [
        f'<tr><td>{escape(one.legend)}</td><td class="bar"><i style="width:{max(one.last, 0) / most:.1%};'
        f'background:{_colour(panel, one.last, n)}"></i></td><td>{escape(worded(panel, one.last))}</td></tr>'
        for n, one in enumerate(series)
    ]
    return f"<table>{''.join(rows)}</table>"


def _lines(panel: dict[str, Any], series: Sequence[Drawn]) -> str:
    stacked = panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
    shown = [one for one in series if any(value for _, value in one.points)] or list(series[:1])
    times = [time for one in shown for time, _ in one.points]
    first, span = min(times), (max(times) - min(times)) or 1
    stacks = _stacked(shown) if stacked else [dict(one.points) for one in shown]
    most = max(max(stack.values()) for stack in stacks) or 1
    below = dict.fromkeys(sorted(set(times)), 0.0)
    marks = []
    for number, stack in enumerate(stacks):
        line = _path(stack, first, span, most)
        colour = _COLOURS[number % len(_COLOURS)]
        if stacked:
            floor = _path({time: below[time] for time in reversed(stack)}, first, span, most)
            marks.append(f'<polygon points="{line} {floor}" fill="{colour}" opacity="0.35"/>')
            below |= stack
        marks.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    names = [
        f'<span><i style="background:{_COLOURS[n % len(_COLOURS)]}"></i>{escape(one.legend)}</span>'
        for n, one in enumerate(shown)
    ]
    svg = f'<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none">{"".join(marks)}</svg>'
    return f'<em>{escape(worded(panel, most))}</em>{svg}<p class="legend">{"".join(names)}</p>'


def _stacked(series: Sequence[Drawn]) -> list[dict[float, float]]:
    sums = dict[float, float]()
    found = []
    for one in series:
        sums = sums | {time: sums.get(time, 0.0) + value for time, value in one.points}
        found.append({time: sums[time] for time, _ in one.points})
    return found


def _path(points: dict[float, float], first: float, span: float, most: float) -> str:
    return " ".join(
        f"{(time - first) / span * _WIDE:.1f},{_HIGH - value / most * (_HIGH - 8):.1f}"
        for time, value in points.items()
    )
