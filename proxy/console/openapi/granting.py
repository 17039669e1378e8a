"""The routes by which leads let calls run without being asked about each."""

from proxy.console.granting.grants import MOST_MINUTES
from proxy.console.openapi.operation import Operation
from proxy.console.openapi.schemas import (
    FLAG,
    HASH,
    REASON,
    TEXT,
    TIME,
    VIEWED,
    Shape,
    listed,
    members,
    named,
    or_null,
    taken,
)
from proxy.console.problem import Obstacle
from rules.granting.grant import MOST_COUNT

_GIVEN = members(now=TIME, grant=named("Grant"))


def _up_to(most: int) -> Shape:
    return {"type": "integer", "minimum": 1, "maximum": most}


GRANTING = {
    "POST /api/holds/{hold_id}/grant": Operation(
        summary="let calls like this one run for a time, so many of them, or learn whether they could",
        body=taken(
            {"digest": TEXT, "preview": HASH, "reason": REASON},
            viewed=VIEWED,
            minutes=_up_to(MOST_MINUTES),
            count=_up_to(MOST_COUNT),
            check=FLAG,
        ),
        answer=members(now=TIME, grant=or_null(named("Grant"))),
        problems={
            400: (
                *(Obstacle.DIGEST_MISSING, Obstacle.PREVIEW_MISSING, Obstacle.UNSEEN),
                *(Obstacle.REASON_INVALID, Obstacle.GRANT_INVALID),
            ),
            409: (
                *(Obstacle.STATE, Obstacle.DIGEST, Obstacle.KILLED, Obstacle.PREVIEW, Obstacle.UNSEEN),
                *(Obstacle.INTEGRITY, Obstacle.UNGRANTABLE),
            ),
        },
    ),
    "GET /api/grants": Operation(
        summary="what leads let run, and how much of it was used",
        answer=members(now=TIME, grants=listed(named("Grant"))),
    ),
    "DELETE /api/grants/{grant_id}": Operation(
        summary="take one back: nothing more runs by it",
        answer=_GIVEN,
        problems={404: (Obstacle.NOT_FOUND,)},
    ),
}
