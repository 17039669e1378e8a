"""Approving, rejecting and cancelling holds over the API."""

import unicodedata

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.deciding.deciding import Deciding
from proxy.console.door import reviewer
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.seen import read_named
from proxy.console.reading.shown import told
from proxy.console.reviewing import Reviewing
from rules.authority import about
from rules.hold import Hold
from rules.request.strict_json import Json
from rules.reviewer import Reviewer

MAX_REASON = 2000
MAX_TEXT = 4000
"""Characters of what is said to an agent, or to other people."""

# Controls, line breaks of other alphabets, and what turns the direction of the text around it.
_UNPLAIN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Decisions:
    """The routes that decide."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._now = reviewing.now
        self._deciding = Deciding(reviewing)

    async def approve(self, request: Request) -> Response:
        """Approve exactly what the reviewer saw, named by its digest and by the preview that showed it."""
        members = await read_members(request, names=["digest", "preview", "viewed", "code"])
        digest, named = read_digest(members), read_named(members)
        hold_id, who = request.path_params["hold_id"], proven(self._reviewing, request, members)
        return self._told(await self._deciding.approve(hold_id, who=who, digest=digest, named=named))

    async def reject(self, request: Request) -> Response:
        """Reject a hold; the agent is given the reason."""
        reason = read_reason(await read_members(request, names=["reason"]))
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._deciding.reject(hold_id, who=who, reason=reason))

    async def respond(self, request: Request) -> Response:
        """Reject a hold and answer the agent instead."""
        answered = read_text(await read_members(request, names=["answer"]), "answer")
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._deciding.respond(hold_id, who=who, answer=answered))

    async def undo(self, request: Request) -> Response:
        """Take an own approval back."""
        await read_members(request, names=[])
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._deciding.undo(hold_id, who=who))

    async def ask_again(self, request: Request) -> Response:
        """Make a new hold of what did not run because something had changed; it waits for a decision."""
        await read_members(request, names=[])
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._deciding.ask_again(hold_id, who=who))

    async def cancel(self, request: Request) -> Response:
        """Take a hold back, which refuses nothing: the same request may be asked again."""
        reason = read_reason(await read_members(request, names=["reason"]))
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._deciding.cancel(hold_id, who=who, reason=reason))

    def _told(self, hold: Hold) -> Response:
        return told(hold, self._now())


def proven(reviewing: Reviewing, request: Request, members: dict[str, Json]) -> Reviewer:
    """Who asks, with the decision proven whose `code` the body shows. Raises Problem."""
    who, code, digest = reviewer(request), members.get("code"), members.get("digest")
    if code is None:
        return who
    if not isinstance(code, str) or not isinstance(digest, str):
        detail = "`code` has to be a text of six digits, beside the `digest` of what is decided"
        raise Problem(400, Obstacle.STEP_UP, detail)
    this = about(request.path_params["hold_id"], digest)
    return reviewing.proving.by_code(who, code, about=this)


def read_digest(members: dict[str, Json]) -> str:
    """The member `digest`. Raises Problem."""
    digest = members.get("digest")
    if not isinstance(digest, str):
        detail = "`digest` is missing: read the hold first, then send the digest it shows"
        raise Problem(400, Obstacle.DIGEST_MISSING, detail)
    return digest


def read_reason(members: dict[str, Json]) -> str:
    """The member `reason`, as plain text. Raises Problem."""
    reason = members.get("reason")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > MAX_REASON:
        detail = f"`reason` has to be a text of 1 to {MAX_REASON} characters: say why"
        raise Problem(400, Obstacle.REASON_INVALID, detail)
    if any(unicodedata.category(c) in _UNPLAIN or c in _DIRECTION for c in reason):
        detail = "`reason` holds control characters: write it as one line of plain text"
        raise Problem(400, Obstacle.REASON_INVALID, detail)
    return reason


def read_text(members: dict[str, Json], name: str) -> str:
    """The member `name`, as plain text of several lines. Raises Problem."""
    text = members.get(name)
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
        detail = f"`{name}` has to be a text of 1 to {MAX_TEXT} characters"
        raise Problem(400, Obstacle.TEXT_INVALID, detail)
    text = text.replace("\r\n", "\n")
    if any(c not in "\n\t" and (unicodedata.category(c) in _UNPLAIN or c in _DIRECTION) for c in text):
        detail = f"`{name}` holds control characters: write it as plain text"
        raise Problem(400, Obstacle.TEXT_INVALID, detail)
    return text
