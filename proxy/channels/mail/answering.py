"""The pages behind a letter's link: whoever looks sees the facts, and only the button on the page decides.

Mail scanners open every link they find, so opening one must not do anything.
"""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from proxy.channels.mail.links import Link, read
from proxy.channels.queue import Queue
from proxy.channels.told import lesson, lines, opens_elsewhere
from proxy.console.deciding.deciding import Deciding
from proxy.console.deciding.decisions import read_reason
from proxy.console.pages.form import read_form
from proxy.console.pages.one import REASONS
from proxy.console.pages.shell import Shell
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.lesson import lesson_of
from proxy.console.reading.seen import Named
from proxy.console.reading.shown import standing
from proxy.console.reading.whole import Whole
from proxy.console.reviewing import Reviewing
from rules.authority import Act
from rules.hold import Hold, State
from rules.reviewer import Reviewer
from rules.verdict import Tier

_AFTER = timedelta(days=1)


class Answering:
    """The routes of a link."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._shell = Shell(reviewing)
        self._whole = Whole(reviewing)
        self._deciding = Deciding(reviewing)
        self._queue = Queue(reviewing.store, who="")

    async def look(self, request: Request) -> Response:
        """The facts and a form; nothing is decided by looking, whoever or whatever looks."""
        return await self._shell.guarded(request, lambda: self._looked(request), session=None)

    async def decide(self, request: Request) -> Response:
        """Decide as the form says, once."""
        return await self._shell.guarded(request, lambda: self._decided(request), session=None)

    async def _looked(self, request: Request) -> Response:
        link, who = await self._valid(request)
        hold = await find_hold(self._reviewing, link.hold_id, who=who, act=Act.VIEW)
        whole = await self._whole.of(hold)
        return await self._page(link, hold, whole["package"])

    async def _decided(self, request: Request) -> Response:
        link, who = await self._valid(request)
        form = await read_form(request, names=["decision", "reason"])
        if form.get("decision") not in ("approve", "reject"):
            raise Problem(400, Obstacle.BODY_INVALID, "the form says neither yes nor no: open the link again")
        reason = read_reason({"reason": form.get("reason", "")}) if form["decision"] == "reject" else ""
        hold = await find_hold(self._reviewing, link.hold_id, who=who, act=Act.VIEW)
        if hold.tier > Tier.EXTERNAL:
            raise Problem(403, Obstacle.STATE, "this is decided on the console alone: log in there")
        # Used up before anything is decided: of two that come at once, one decides.
        lasts = timedelta(seconds=link.until - self._now()) + _AFTER
        if not await self._queue.keep(_used(link), "1", lasts=lasts):
            raise _gone("it has been used")
        if form["decision"] == "reject":
            await self._deciding.reject(link.hold_id, who=who, reason=reason)
        else:
            named = Named(preview=link.preview, viewed=frozenset())
            await self._deciding.approve(link.hold_id, who=who, digest=link.digest, named=named)
        decided = await find_hold(self._reviewing, link.hold_id, who=who, act=Act.VIEW)
        return await self._page(link, decided, None)

    async def _valid(self, request: Request) -> tuple[Link, Reviewer]:
        """The link, if it can still be used, and whom it was for. Raises Problem."""
        place = self._reviewing.channels
        mail = None if place is None else place.settings.mail
        if mail is None:
            raise Problem(404, Obstacle.NOT_FOUND, "no letters are written here: log in to the console")
        hold_id, seal = request.path_params["hold_id"], request.path_params["seal"]
        link = read(seal, self._reviewing.sealed.keyring, hold_id=hold_id)
        if link is None:
            raise Problem(403, Obstacle.UNAUTHENTICATED, "no letter has this link: open it as it was sent")
        if link.until <= self._now():
            raise _gone("its time is over")
        if await self._queue.kept(_used(link)) is not None:
            raise _gone("it has been used")
        written_to = {recipient.reviewer for recipient in mail.recipients}
        who = self._reviewing.people.named(link.reviewer) if link.reviewer in written_to else None
        if who is None:
            raise Problem(403, Obstacle.UNAUTHENTICATED, "the link was for somebody who decides no more here")
        return link, who

    def _now(self) -> float:
        return self._reviewing.now().timestamp()

    async def _page(self, link: Link, hold: Hold, package: dict[str, Any] | None) -> Response:
        pending = hold.state is State.PENDING and package is not None
        members: dict[str, Any] = {
            "hold": hold,
            "standing": standing(hold),
            "package": package,
            "lines": [] if package is None else lines(package),
            "lesson": lesson(await lesson_of(self._reviewing, hold)),
            "reviewer": link.reviewer,
            "open": pending,
            "approvable": pending
            and not opens_elsewhere(package)
            and package is not None
            and package["preview"] == link.preview,
            "reasons": REASONS,
        }
        return self._shell.show("linked.html", None, members)


def _used(link: Link) -> str:
    return f"mail-used:{link.nonce}"


def _gone(why: str) -> Problem:
    return Problem(410, Obstacle.LINK_GONE, f"this link is of no use any more, {why}: log in to the console")
