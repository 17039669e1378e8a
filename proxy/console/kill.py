"""The kill switch: while it is on, nothing that was held is sent."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.deciding.decisions import read_reason
from proxy.console.door import reviewer
from proxy.console.people.asking import check
from proxy.console.problem import answer
from proxy.console.reviewing import Reviewing
from rules.audit.record import Kind
from rules.authority import Act
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)


class KillSwitch:
    """The route that reads and sets it."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def serve(self, request: Request) -> Response:
        """Set it as the method says, then tell whether it is on, who switched it on, and why."""
        check(reviewer(request), Act.VIEW)
        match request.method:
            case "POST":
                await self._switch_on(request)
            case "DELETE":
                await switch(self._reviewing, None, who=reviewer(request))
        why = await self._reviewing.store.killed()
        return answer({"killed": why is not None, "why": why})

    async def _switch_on(self, request: Request) -> None:
        reason = read_reason(await read_members(request, names=["reason"]))
        await switch(self._reviewing, reason, who=reviewer(request))


async def switch(reviewing: Reviewing, reason: str | None, *, who: Reviewer) -> None:
    """Switch it on with a reason, or off with None. Raises Problem."""
    check(who, Act.UNKILL if reason is None else Act.KILL)
    await reviewing.store.kill(None if reason is None else f"{who.name}: {reason}")
    reviewing.note(Kind.KILL, who.name, on=reason is not None)
    logger.warning("console.%s reviewer=%s", "unkilled" if reason is None else "killed", who.name)
