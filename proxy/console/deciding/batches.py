"""Approving several holds that are alike at once: each is decided by itself, and answered by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.deciding.deciding import Deciding
from proxy.console.deciding.decisions import read_digest
from proxy.console.door import reviewer
from proxy.console.people.asking import check
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.holds import find_hold
from proxy.console.reading.packages import read
from proxy.console.reading.seen import Named, read_named
from proxy.console.reading.shown import damaged, summary
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.action import Principal
from rules.authority import Act
from rules.hold import Hold
from rules.request.strict_json import Json
from rules.review.past import shape_of
from rules.reviewer import Reviewer
from rules.verdict import Tier

MOST = 50
_MEMBERS = frozenset({"hold_id", "digest", "preview", "viewed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """What is said about one of them."""

    hold_id: str
    digest: str
    named: Named


@dataclass(frozen=True, slots=True)
class Likeness:
    """What holds have in common that are approved together."""

    principal: Principal
    rule: str | None
    shape: str


class Batches:
    """The route that approves several."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._deciding = Deciding(reviewing)

    async def approve(self, request: Request) -> Response:
        """Approve each, if all are alike: the same agent, rule and kind of call, and none of tier 4."""
        asked = _read(await read_members(request, names=["holds"]))
        told = await self.each(asked, who=reviewer(request))
        return answer({"now": self._reviewing.now().isoformat(), "holds": told})

    async def each(self, asked: Sequence[One], *, who: Reviewer) -> list[dict[str, Any]]:
        """What became of each. Raises Problem where they may not be approved together."""
        check(who, Act.APPROVE)
        await self._check_alike(asked, who)
        return [await self._approved(one, who) for one in asked]

    async def _approved(self, one: One, who: Reviewer) -> dict[str, Any]:
        """What became of one of them: the hold, or why not."""
        try:
            hold = await self._deciding.approve(one.hold_id, who=who, digest=one.digest, named=one.named)
        except Problem as problem:
            return {"hold_id": one.hold_id, "approved": False, "problem": problem.members}
        return {"hold_id": one.hold_id, "approved": True, "hold": summary(hold)}

    async def _check_alike(self, asked: Sequence[One], who: Reviewer) -> None:
        """Raises Problem unless they may be approved together; then nothing was approved."""
        holds = [await find_hold(self._reviewing, one.hold_id, who=who, act=Act.APPROVE) for one in asked]
        if any(hold.tier is not Tier.EXTERNAL for hold in holds):
            detail = "a hold of tier 4 is approved by itself; nothing was changed: leave it out"
            raise Problem(409, Obstacle.UNLIKE, detail)
        alike = {await self._likeness(hold) for hold in holds}
        if len(alike) > 1 or not next(iter(alike)).shape:
            detail = "these are not of one agent, one rule and one kind of call; nothing was changed"
            raise Problem(409, Obstacle.UNLIKE, detail)

    async def _likeness(self, hold: Hold) -> Likeness:
        try:
            action = await self._reviewing.action(hold)
        except SealError as error:
            raise damaged(hold, error) from error
        call = read(action, self._reviewing.ruleset())
        shape = "" if call is None else shape_of(call, hold.rule)
        return Likeness(action.principal, hold.rule, shape)


def _read(members: dict[str, Json]) -> list[One]:
    """The holds, each with what its reviewer was shown. Raises Problem."""
    given = members.get("holds")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        detail = f"`holds` has to list 1 to {MOST} holds"
        raise Problem(400, Obstacle.BATCH_INVALID, detail)
    asked = [_read_one(one) for one in given]
    if len({one.hold_id for one in asked}) != len(asked):
        raise Problem(400, Obstacle.BATCH_INVALID, "`holds` names a hold twice")
    return asked


def _read_one(given: Json) -> One:
    hold_id = given.get("hold_id") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(hold_id, str) or given.keys() - _MEMBERS:
        detail = "each of `holds` is an object with `hold_id`, `digest`, `preview` and `viewed` alone"
        raise Problem(400, Obstacle.BATCH_INVALID, detail)
    named = read_named(given)
    if named.preview is None:
        detail = "`preview` is missing: several are approved by what was shown of each"
        raise Problem(400, Obstacle.PREVIEW_MISSING, detail)
    return One(hold_id=hold_id, digest=read_digest(given), named=named)
