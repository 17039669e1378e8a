"""Grants: what leads let run, how much of it was used, and the forms that give one or take it back."""

import asyncio
from collections.abc import Container
from datetime import timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from proxy.console.granting.granting import GRANTABLE, Granting
from proxy.console.granting.grants import read_terms, shown
from proxy.console.pages.shell import Shell, Visit
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.authority import Act
from rules.granting.grant import MOST_COUNT, USUAL_COUNT
from rules.granting.likeness import likeness_of
from rules.hold import Hold
from rules.request.strict_json import Json
from rules.verdict import Tier


class Granted:
    """The page, and its forms."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._granting = Granting(shell.reviewing)

    async def show(self, visit: Visit) -> Response:
        """All of the last day, and those that still count."""
        now = self._shell.reviewing.now()
        known = await self._granting.all(who=visit.who)
        found = [{**shown(one, now=now), "until": one.grant.until, "at": one.grant.at} for one in known]
        members = {"grants": found, "longest": self._shell.reviewing.longest_grant // timedelta(minutes=1)}
        return self._shell.show("grants.html", visit.session, members)

    async def give(self, visit: Visit) -> Response:
        """Let calls like the hold's run."""
        members: dict[str, Json] = dict(visit.form)
        members |= {name: _number(visit.form[name]) for name in ("minutes", "count") if name in visit.form}
        terms = read_terms(members, longest=self._shell.reviewing.longest_grant, viewed=visit.session.viewed)
        await self._granting.give(visit.hold_id, terms, who=visit.who)
        return RedirectResponse("/grants", status_code=303)

    async def take_back(self, visit: Visit) -> Response:
        """Nothing more runs by it."""
        await self._granting.take_back(visit.form.get("grant_id", ""), who=visit.who)
        return RedirectResponse("/grants", status_code=303)


async def granting(reviewing: Reviewing, hold: Hold, barred: Container[Act]) -> dict[str, Any] | None:
    """What the form on the page of `hold` says; None where it has none."""
    longest = reviewing.longest_grant // timedelta(minutes=1)
    fits = hold.tier is Tier.EXTERNAL and hold.state in GRANTABLE and hold.tier not in reviewing.step_up
    if Act.GRANT in barred or not fits or not longest:
        return None
    try:
        action = await reviewing.action(hold)
    except SealError:
        return None
    # A body of megabytes takes its time.
    alike = await asyncio.to_thread(likeness_of, hold, action, reviewing.ruleset())
    why = alike if isinstance(alike, str) else ""
    bounds = {"longest": longest, "minutes": min(60, longest), "count": USUAL_COUNT, "most": MOST_COUNT}
    return {"why_not": why, "rule": hold.rule, **bounds}


def _number(text: str) -> Json:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("1440") else text
