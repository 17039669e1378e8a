"""The lists: what waits, and what was."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from proxy.console.pages.shell import Shell, Visit
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import SCANNED
from proxy.console.reading.lines import Line, Lines
from rules.hold import OPEN, UNENDED, Hold, State
from rules.verdict import Tier

_SHOWN = 100
_LONGEST = 200
_GROUPS = {"open": "open", "ended": "ended", "all": "all"}
# What a person has to do something about.
_WAITING = frozenset({State.PENDING, State.OUTCOME_UNKNOWN})
_HELD = (Tier.EXTERNAL, Tier.HIGH_RISK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which holds are asked for."""

    state: str = "open"
    tier: str = ""
    host: str = ""
    text: str = ""

    @property
    def query(self) -> str:
        """The filter as a query."""
        return urlencode({"state": self.state, "tier": self.tier, "host": self.host, "text": self.text})

    @property
    def unended(self) -> bool:
        """Whether it asks for nothing that has ended."""
        return self.state == "open" or self.state in UNENDED

    def wants(self, hold: Hold) -> bool:
        """Whether `hold` may be one, by what is known without opening it."""
        groups = {"open": hold.state in UNENDED, "ended": hold.state not in UNENDED, "all": True}
        return groups.get(self.state, hold.state == self.state) and self.tier in ("", str(int(hold.tier)))

    def takes(self, line: Line) -> bool:
        """Whether what it would do is asked for."""
        return self.host.casefold() in line.told.host.casefold() and line.says(self.text)


class Listed:
    """The routes of the lists."""

    def __init__(self, shell: Shell, lines: Lines) -> None:
        self._shell = shell
        self._lines = lines

    async def holds(self, visit: Visit) -> Response:
        """What waits first, with its filters."""
        return await self._list(visit, "holds.html", state="open")

    async def history(self, visit: Visit) -> Response:
        """What has ended."""
        return await self._list(visit, "holds.html", state="ended")

    async def part(self, visit: Visit) -> Response:
        """The list alone, for a page that renews it."""
        return await self._list(visit, "list.html", state="open")

    async def _list(self, visit: Visit, template: str, *, state: str) -> Response:
        asked = _read_filter(visit.request.query_params.multi_items(), state)
        unended = await self._lines.visible(await self._lines.board.unended(), who=visit.who)
        newest = [] if asked.unended else await self._lines.board.newest(limit=SCANNED)
        visible = await self._lines.visible(newest, who=visit.who)
        known = {hold.hold_id: hold for hold in (*unended, *visible)}
        wanted = sorted((hold for hold in known.values() if asked.wants(hold)), key=_order)
        if not asked.host and not asked.text:
            found, more = await self._lines.of(wanted[:_SHOWN]), len(wanted) > _SHOWN
        else:
            every = [line for line in await self._lines.of(wanted) if asked.takes(line)]
            found, more = every[:_SHOWN], len(every) > _SHOWN
        lines = [line for line in await self._lines.fresh(found) if asked.wants(line.hold)]
        members: dict[str, Any] = {
            "lines": lines,
            "together": together(lines),
            "asked": asked,
            "more": more or len(newest) >= SCANNED,
            "waiting": sum(hold.state in _WAITING for hold in unended),
            "states": [*_GROUPS, *State],
            "tiers": [int(tier) for tier in _HELD],
            "killed": await self._shell.reviewing.store.killed(),
            "here": "history" if visit.request.url.path == "/history" else "holds",
        }
        return self._shell.show(template, visit.session, members)


def together(lines: Sequence[Line]) -> dict[str, int]:
    """How many wait that are alike, by the id of the first of them; of at least two."""
    firsts: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for line in lines:
        if line.hold.state is State.PENDING and line.told.alike:
            counted[firsts.setdefault(line.told.alike, line.hold.hold_id)] += 1
    return {hold_id: count for hold_id, count in counted.items() if count > 1}


def _order(hold: Hold) -> tuple[int, float]:
    """What waits for a person first, the most urgent before; then the newest."""
    if hold.state in _WAITING:
        return 0, hold.decide_by.timestamp()
    return (1 if hold.state in OPEN else 2), -hold.created_at.timestamp()


def _read_filter(pairs: list[tuple[str, str]], state: str) -> Filter:
    """The filter that a query asks for. Raises Problem."""
    asked = {"state": state} | dict(pairs)
    known = {"state": {*_GROUPS, *State}, "tier": {"", *(str(int(tier)) for tier in _HELD)}}
    wrong = len(dict(pairs)) != len(pairs) or asked.keys() - {"state", "tier", "host", "text"}
    if wrong or any(len(value) > _LONGEST for value in asked.values()) or not _fits(asked, known):
        raise Problem(400, Obstacle.QUERY_INVALID, "there is no such list: use the filters of the page")
    return Filter(**asked)


def _fits(asked: Mapping[str, str], known: Mapping[str, set[str]]) -> bool:
    return all(asked[name] in values for name, values in known.items() if name in asked)
