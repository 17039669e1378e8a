"""What a person found out about an outcome that is unknown, over the API."""

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members, read_word
from proxy.console.deciding.deciding import Deciding
from proxy.console.deciding.decisions import proven, read_digest, read_reason
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.shown import told
from proxy.console.reviewing import Reviewing
from rules.hold import Resolution
from rules.request.strict_json import Json


class Resolving:
    """The route that resolves."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._now = reviewing.now
        self._deciding = Deciding(reviewing)

    async def resolve(self, request: Request) -> Response:
        """Record what became of a hold, who says so, and why; to send it again, by the digest of what is."""
        members = await read_members(request, names=["outcome", "reason", "digest", "code"])
        outcome, reason = read_outcome(members), read_reason(members)
        who = proven(self._reviewing, request, members)
        digest = read_digest(members) if outcome is Resolution.TRY_AGAIN else None
        if digest is None and "digest" in members and "code" not in members:
            detail = "`digest` is for `try-again` alone: leave it out"
            raise Problem(400, Obstacle.MEMBER_UNKNOWN, detail)
        hold_id = request.path_params["hold_id"]
        resolved = await self._deciding.resolve(hold_id, outcome, who=who, reason=reason, digest=digest)
        return told(resolved, self._now())


def read_outcome(members: dict[str, Json]) -> Resolution:
    """The member `outcome`. Raises Problem."""
    return read_word(members, "outcome", of=Resolution, obstacle=Obstacle.OUTCOME_INVALID)
