"""Several holds of one kind on one page: each as it would run, chosen by itself, approved with the others."""

from typing import Any

from starlette.responses import Response

from proxy.console.deciding.batches import Batches, One
from proxy.console.pages.rendering import lines as in_lines
from proxy.console.pages.shell import Shell, Visit
from proxy.console.people.asking import refusal
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.contents import content_of
from proxy.console.reading.holds import find_hold
from proxy.console.reading.lines import Line, Lines
from proxy.console.reading.seen import Named
from proxy.console.reading.whole import Whole
from rules.authority import Act
from rules.hold import State

MOST = 12
"""Holds on one page: more would be approved unread."""
NAMES = tuple(f"hold{number}" for number in range(MOST))


class Together:
    """The page and its form."""

    def __init__(self, shell: Shell, lines: Lines) -> None:
        self._shell = shell
        self._lines = lines
        self._whole = Whole(shell.reviewing)
        self._batches = Batches(shell.reviewing)

    async def show(self, visit: Visit) -> Response:
        """All that wait and are of the kind of this one, the most urgent first."""
        return await self._show(visit, {})

    async def approve(self, visit: Visit) -> Response:
        """Approve each that was chosen, as it was shown; then the page says what became of each."""
        asked = [_read(visit, name) for name in NAMES if name in visit.form]
        if not asked:
            raise Problem(400, Obstacle.BATCH_INVALID, "none was chosen: nothing was changed")
        told = await self._batches.each(asked, who=visit.who)
        return await self._show(visit, {one["hold_id"]: one for one in told})

    async def _show(self, visit: Visit, told: dict[str, dict[str, Any]]) -> Response:
        reviewing = self._shell.reviewing
        first = await find_hold(reviewing, visit.hold_id, who=visit.who, act=Act.VIEW)
        [own] = await self._lines.of([first])
        if not own.told.alike or first.tier in reviewing.step_up:
            detail = "a hold like this is approved by itself"
            raise Problem(409, Obstacle.UNLIKE, detail)
        found = await self._alike(visit, own)
        members = {
            "hold": first,
            "words": own.told,
            "told": [told[name] for name in told],
            "items": [await self._item(visit, line) for line in found[:MOST]],
            "more": max(0, len(found) - MOST),
        }
        return self._shell.show("alike.html", visit.session, members)

    async def _alike(self, visit: Visit, own: Line) -> list[Line]:
        """Those that wait, are alike, and may be approved by whoever looks."""
        unended = [hold for hold in await self._lines.board.unended() if hold.state is State.PENDING]
        lines = await self._lines.fresh(await self._lines.seen_by(visit.who, unended))
        alike = [x for x in lines if x.told.alike == own.told.alike and x.hold.state is State.PENDING]
        asking = [
            (x, await refusal(self._shell.reviewing, x.hold, who=visit.who, act=Act.APPROVE)) for x in alike
        ]
        found = [line for line, refused in asking if refused is None]
        return sorted(found, key=lambda line: line.hold.decide_by)

    async def _item(self, visit: Visit, line: Line) -> dict[str, Any]:
        """One of them, with all that would run; what is not shown whole here has to be opened by itself."""
        hold, whole = line.hold, await self._whole.of(line.hold)
        package = whole["package"]
        parts = []
        for part in package["parts"] if package else ():
            content = await content_of(self._shell.reviewing, hold, part["name"])
            parts.append({"name": part["name"], "lines": None if part["open_first"] else in_lines(content)})
        voted = visit.who.name in [vote["who"] for vote in (whole["quorum"] or {}).get("votes", ())]
        hidden = not package or any(part["lines"] is None for part in parts)
        return {"line": line, "package": package, "parts": parts, "hidden": hidden, "voted": voted}


def _read(visit: Visit, name: str) -> One:
    """One that was chosen, as the page showed it. Raises Problem."""
    said = visit.form[name].split(" ")
    if len(said) != len(("hold", "digest", "preview")):
        raise Problem(400, Obstacle.BATCH_INVALID, "this is no form of a page: load the page again")
    hold_id, digest, preview = said
    return One(hold_id=hold_id, digest=digest, named=Named(preview=preview, viewed=visit.session.viewed))
