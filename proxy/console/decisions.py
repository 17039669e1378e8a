"""Approving, rejecting and cancelling holds."""

import logging
import unicodedata
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from proxy.again import Hopeless
from proxy.console.body import read_members
from proxy.console.door import reviewer
from proxy.console.holds import find, missing
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reviewing import Reviewing
from proxy.console.seen import check_seen, read_named
from proxy.console.shown import conflict, damaged, summary
from proxy.seal import SealError
from proxy.store import Refused
from rules.action import Action
from rules.hold import Event, Hold, State
from rules.mcp.action import ToolAction
from rules.request.strict_json import Json

logger = logging.getLogger(__name__)

MAX_REASON = 2000

# Controls, line breaks of other alphabets, and what turns the direction of the text around it.
_UNPLAIN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Decisions:
    """The routes that decide."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def approve(self, request: Request) -> Response:
        """Approve exactly what the reviewer saw, named by its digest and by the preview that showed it."""
        members = await read_members(request, names=["digest", "preview", "viewed"])
        digest, named = read_digest(members), read_named(members)
        hold = await find(self._reviewing, request)
        action = await check_contents(self._reviewing, hold)
        if hold.state is State.PENDING and digest == hold.digest:
            await check_seen(self._reviewing, hold, action, named)
        return await self._decide(request, hold, Event.APPROVE, preview=named.preview or "", digest=digest)

    async def reject(self, request: Request) -> Response:
        """Reject a hold; the agent is given the reason."""
        members = await read_members(request, names=["reason"])
        reason = read_reason(members)
        hold = await find(self._reviewing, request)
        return await self._decide(request, hold, Event.REJECT, reason=reason)

    async def ask_again(self, request: Request) -> Response:
        """Make a new hold of what did not run because something had changed; it waits for a decision."""
        await read_members(request, names=[])
        hold = await find(self._reviewing, request)
        now = self._reviewing.now()
        if hold.state is not State.DRIFT_REFUSED:
            raise conflict("state", hold, now)
        await check_contents(self._reviewing, hold)
        try:
            made = await self._reviewing.again(hold)
        except Hopeless as error:
            detail = f"{Hopeless.__doc__}: {error}; nothing was changed"
            members = {"why": Obstacle.HOPELESS, "hold": summary(hold)}
            raise Problem(409, Obstacle.HOPELESS, detail, members=members) from error
        name = reviewer(request)
        logger.info("console.asked_again hold=%s new=%s reviewer=%s", hold.hold_id, made.hold_id, name)
        return answer({"now": now.isoformat(), "hold": summary(made)})

    async def cancel(self, request: Request) -> Response:
        """Take a hold back, which refuses nothing: the same request may be asked again."""
        members = await read_members(request, names=["reason"])
        reason = read_reason(members)
        hold = await find(self._reviewing, request)
        return await self._decide(request, hold, Event.CANCEL, reason=reason)

    async def _decide(
        self,
        request: Request,
        hold: Hold,
        event: Event,
        *,
        reason: str = "",
        preview: str = "",
        **guard: Any,
    ) -> Response:
        name, now = reviewer(request), self._reviewing.now()
        fields = self._reviewing.decision(hold, event, who=name, reason=reason, preview=preview)
        try:
            decided = await self._reviewing.store.step(hold, event, fields=fields, **guard)
        except Refused as refused:
            if refused.hold is None:
                raise missing(hold.hold_id) from refused
            raise conflict(refused.why, refused.hold, now) from refused
        metrics = self._reviewing.metrics
        metrics.transitions.labels(event=event).inc()
        waited = max(0.0, (now - hold.created_at).total_seconds())
        metrics.decision_seconds.labels(decision=event).observe(waited)
        logger.info("console.decided hold=%s event=%s reviewer=%s", hold.hold_id, event, name)
        return answer({"now": now.isoformat(), "hold": summary(decided)})


async def check_contents(reviewing: Reviewing, hold: Hold) -> Action | ToolAction:
    """What would run; what does not open is not approved: nobody can have seen it. Raises Problem."""
    try:
        return await reviewing.action(hold)
    except SealError as error:
        raise damaged(hold, error) from error


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
