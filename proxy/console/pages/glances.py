"""Agents and numbers at a glance; the dashboards have them over time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from proxy.console.pages.shell import Shell, Visit
from proxy.console.quality.rates import rates, shares
from proxy.console.reading.holds import SCANNED
from proxy.console.reading.lines import Line, Lines
from rules.hold import OPEN, Hold, State

_LOOKED_AT = 200


class Glances:
    """Both pages."""

    def __init__(self, shell: Shell, lines: Lines) -> None:
        self._shell = shell
        self._lines = lines

    async def agents(self, visit: Visit) -> Response:
        """Whose calls were held lately, and what became of them."""
        newest = _real(await self._lines.board.newest(limit=_LOOKED_AT))
        found = _by_agent(await self._lines.seen_by(visit.who, newest))
        return self._shell.show("agents.html", visit.session, {"agents": found, "looked_at": len(newest)})

    async def numbers(self, visit: Visit) -> Response:
        """Holds by state, calls by verdict, and decisions, since the process started."""
        newest = _real(await self._lines.board.newest(limit=SCANNED))
        visible = await self._lines.visible(newest, who=visit.who)
        counted = Counter(hold.state for hold in visible)
        states = {str(state): counted[state] for state in State if counted[state]}
        charts = {
            "holds by state": states,
            "calls judged, by tier and verdict": self._sums("sidegate_admissions_total", ("tier", "verdict")),
            "steps of holds since the start": self._sums("sidegate_hold_transitions_total", ("event",)),
            "refused as ambiguous or not allowed": self._sums("sidegate_refusals_total", ("reason_id",)),
        }
        reviewing = self._shell.reviewing
        members = {
            "charts_of": {title: _bars(values) for title, values in charts.items()},
            "rates": rates(reviewing.metrics),
            "shares": shares(reviewing.metrics),
            "drill_rate": reviewing.drill_rate,
        }
        return self._shell.show("numbers.html", visit.session, members)

    def _sums(self, name: str, labels: tuple[str, ...]) -> dict[str, int]:
        """The samples of `name` that are not 0, by their labels."""
        found: Counter[str] = Counter()
        for family in self._shell.reviewing.metrics.registry.collect():
            for sample in family.samples:
                if sample.name == name and sample.value:
                    found[" ".join(sample.labels[label] for label in labels)] += int(sample.value)
        return dict(found)


def _real(holds: Iterable[Hold]) -> list[Hold]:
    """Those that an agent has asked for."""
    return [hold for hold in holds if not hold.drill]


def _bars(values: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each value with how long its bar is, of 100, the longest first."""
    most = max(values.values(), default=1)
    ranked = sorted(values.items(), key=lambda item: -item[1])
    return [{"name": name, "value": value, "length": max(1, value * 100 // most)} for name, value in ranked]


def _by_agent(lines: Iterable[Line]) -> list[dict[str, Any]]:
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        who = {} if line.told.principal is None else asdict(line.told.principal)
        name = tuple(f"{part} {who[part]}" for part in ("agent", "human", "service") if who.get(part))
        found.setdefault(name or ("nobody named",), []).append(line)
    return [_agent(", ".join(name), its) for name, its in found.items()]


def _agent(name: str, lines: list[Line]) -> dict[str, Any]:
    states = Counter(str(line.hold.state) for line in lines)
    return {
        "name": name,
        "held": len(lines),
        "open": sum(line.hold.state in OPEN for line in lines),
        "rejected": states[State.REJECTED],
        "last": max(line.hold.created_at for line in lines),
        "states": _bars(states),
        "sessions": len({line.told.principal.session for line in lines if line.told.principal}),
    }
