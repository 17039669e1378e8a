"""What a person found out about an outcome that is unknown."""

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.decisions import check_contents, read_digest, read_reason
from proxy.console.door import reviewer
from proxy.console.holds import find, missing
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reviewing import Reviewing
from proxy.console.shown import conflict, summary
from proxy.store import Refused
from rules.hold import Event, Hold, Resolution
from rules.request.strict_json import Json

logger = logging.getLogger(__name__)

_EVENTS = {
    Resolution.EXECUTED: Event.CONFIRM,
    Resolution.NOT_EXECUTED: Event.REFUTE,
    Resolution.TRY_AGAIN: Event.RETRY,
}


class Resolving:
    """The route that resolves."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def resolve(self, request: Request) -> Response:
        """Record what became of a hold, who says so, and why; to send it again, by the digest of what is."""
        members = await read_members(request, names=["outcome", "reason", "digest"])
        outcome, reason, who = _read_outcome(members), read_reason(members), reviewer(request)
        fields = {"resolved_as": outcome, "resolved_by": who, "resolution_reason": reason}
        written, guard = {name: value.encode() for name, value in fields.items()}, dict[str, Any]()
        hold = await find(self._reviewing, request)
        if outcome is Resolution.TRY_AGAIN:
            guard["digest"] = read_digest(members)
            await check_contents(self._reviewing, hold)
            written |= self._reviewing.decision(hold, Event.RETRY, who=who, reason=reason)
        elif "digest" in members:
            detail = "`digest` is for `try-again` alone: leave it out"
            raise Problem(400, Obstacle.MEMBER_UNKNOWN, detail)
        logger.warning("console.resolving hold=%s as=%s reviewer=%s", hold.hold_id, outcome, who)
        return await self._step(hold, _EVENTS[outcome], written, guard)

    async def _step(
        self, hold: Hold, event: Event, written: dict[str, bytes], guard: dict[str, Any]
    ) -> Response:
        now = self._reviewing.now()
        try:
            resolved = await self._reviewing.store.step(hold, event, fields=written, **guard)
        except Refused as refused:
            if refused.hold is None:
                raise missing(hold.hold_id) from refused
            raise conflict(refused.why, refused.hold, now) from refused
        self._reviewing.metrics.transitions.labels(event=event).inc()
        return answer({"now": now.isoformat(), "hold": summary(resolved)})


def _read_outcome(members: dict[str, Json]) -> Resolution:
    """The member `outcome`. Raises Problem."""
    outcome = members.get("outcome")
    if outcome not in tuple(Resolution):
        detail = f"`outcome` has to be one of {', '.join(f'`{each}`' for each in Resolution)}"
        raise Problem(400, Obstacle.OUTCOME_INVALID, detail)
    return Resolution(str(outcome))
