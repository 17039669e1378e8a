"""One hold: what a person needs to decide about it, and all that would run."""

import re
from typing import Any

from starlette.responses import Response

from proxy.console.pages.acting.granting import granting
from proxy.console.pages.rendering import lines
from proxy.console.pages.shell import Shell, Visit
from proxy.console.people.asking import barring
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.contents import content_of, page_end
from proxy.console.reading.holds import find_hold
from proxy.console.reading.shown import approvers, drill_of, standing
from proxy.console.reading.whole import Whole, own_label
from proxy.keys.seal import SealError
from rules.authority import Act
from rules.edit import Uneditable, editable
from rules.hold import TRANSITIONS, Hold, Resolution
from rules.review.part import hash_of

REASONS = (
    "not what was asked for",
    "wrong recipient or other side",
    "wrong amount",
    "too much at once: ask for less",
    "a person will do this by hand",
    "not now: ask again later",
)
_OFFSET = re.compile(r"0|[1-9][0-9]{0,9}")
# What is shown on the hold's page itself; anything longer has a page of its own.
_AT_ONCE = 2000


class One:
    """The routes about one hold."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._whole = Whole(shell.reviewing)

    async def hold(self, visit: Visit) -> Response:
        """The context package, the parts, and the forms that fit how it stands."""
        hold = await find_hold(self._shell.reviewing, visit.hold_id, who=visit.who, act=Act.VIEW)
        await self._shell.reviewing.pace.viewed(hold, who=visit.who.name)
        whole = await self._whole.of(hold)
        package = whole["package"]
        parts = [await self._part(visit, hold, part) for part in package["parts"]] if package else []
        barred = await barring(self._shell.reviewing, hold, who=visit.who)
        members: dict[str, Any] = {
            **_about(hold),
            "barred": {str(act): refused.sentence for act, refused in barred.items()},
            "factor": self._factor(visit, hold),
            "whole": whole,
            "package": package,
            "parts": parts,
            "unopened": [part["name"] for part in parts if part["open_first"] and not part["opened"]],
            "can": {str(event) for event in TRANSITIONS[hold.state]},
            "own_label": own_label(whole["labels"], visit.who.name),
            "reasons": REASONS,
            "outcomes": list(Resolution),
            "editable": await self._editable(hold),
            "granting": await granting(self._shell.reviewing, hold, barred),
        }
        return self._shell.show("hold.html", visit.session, members)

    async def _editable(self, hold: Hold) -> bool:
        """Whether a page to change it would have anything to change."""
        try:
            return not isinstance(editable(await self._shell.reviewing.action(hold)), Uneditable)
        except SealError:
            return False

    def _factor(self, visit: Visit, hold: Hold) -> dict[str, bool]:
        """Whether deciding needs a second factor, and which ones the person has."""
        if hold.tier not in self._shell.reviewing.step_up:
            return {"needed": False}
        own = self._shell.reviewing.proving.of(visit.who.name)
        passkeys = bool(own.passkeys) and self._shell.place(visit).able
        return {"needed": True, "code": own.secret is not None, "passkeys": passkeys}

    async def standing(self, visit: Visit) -> Response:
        """How it stands, for a page that renews it."""
        hold = await find_hold(self._shell.reviewing, visit.hold_id, who=visit.who, act=Act.VIEW)
        seen = visit.request.query_params.get("seen", "")
        return self._shell.show("standing.html", visit.session, {**_about(hold), "seen": seen})

    async def part(self, visit: Visit) -> Response:
        """A page of what would run; the session notes what was shown from its beginning to its end."""
        hold = await find_hold(self._shell.reviewing, visit.hold_id, who=visit.who, act=Act.VIEW)
        name, start = visit.request.path_params["part"], _read_offset(visit)
        content = await content_of(self._shell.reviewing, hold, name, offset=start)
        end = page_end(content, start)
        visit.session.show(hash_of(content), start=start, end=end, size=len(content))
        members = {
            "hold": hold,
            "name": name,
            "size": len(content),
            "start": start,
            "end": end,
            "lines": lines(content[start:end]),
            "next": end if end < len(content) else None,
            "opened": hash_of(content) in visit.session.viewed,
        }
        return self._shell.show("part.html", visit.session, members)

    async def _part(self, visit: Visit, hold: Hold, part: dict[str, Any]) -> dict[str, Any]:
        """A part with its lines, where it is short and all to be seen."""
        if part["open_first"] is None and part["size"] <= _AT_ONCE:
            content = await content_of(self._shell.reviewing, hold, part["name"])
            return {**part, "lines": lines(content), "opened": True}
        opened = False
        if part["open_first"] is not None:
            content = await content_of(self._shell.reviewing, hold, part["name"])
            opened = hash_of(content) in visit.session.viewed
        return {**part, "lines": None, "opened": opened}


def _about(hold: Hold) -> dict[str, Any]:
    return {
        "hold": hold,
        "standing": standing(hold),
        "by": "` and `".join(approvers(hold)),
        "drilled": drill_of(hold),
        "seen": str(hold.state),
    }


def _read_offset(visit: Visit) -> int:
    """From where the query asks for. Raises Problem."""
    offset = visit.request.query_params.get("offset", "0")
    if not _OFFSET.fullmatch(offset):
        raise Problem(400, Obstacle.QUERY_INVALID, "there is no such page: open the part from its beginning")
    return int(offset)
