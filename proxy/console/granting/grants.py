"""Grants over the API."""

from dataclasses import replace
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.deciding.decisions import read_digest, read_reason
from proxy.console.door import reviewer
from proxy.console.granting.granting import Granting, Terms
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.seen import read_named
from proxy.console.reviewing import Reviewing
from proxy.grants.kept import Known
from rules.granting.grant import LONGEST, MOST_COUNT, USUAL_COUNT, lapse
from rules.request.strict_json import Json

MOST_MINUTES = LONGEST // timedelta(minutes=1)
_MEMBERS = ("digest", "preview", "viewed", "reason", "minutes", "count", "check")


class Grants:
    """The routes about grants."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._granting = Granting(reviewing)

    async def give(self, request: Request) -> Response:
        """Let calls like this hold's run, or say only whether they could."""
        members = await read_members(request, names=_MEMBERS)
        terms = read_terms(members, longest=self._reviewing.longest_grant)
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        if not _checks(members):
            return self._told(await self._granting.give(hold_id, terms, who=who))
        await self._granting.check(hold_id, terms, who=who)
        return answer({"now": self._reviewing.now().isoformat(), "grant": None})

    async def show(self, request: Request) -> Response:
        """All of the last day, and those that still count."""
        known, now = await self._granting.all(who=reviewer(request)), self._reviewing.now()
        return answer({"now": now.isoformat(), "grants": [shown(one, now=now) for one in known]})

    async def take_back(self, request: Request) -> Response:
        """Nothing more runs by it."""
        grant_id = request.path_params["grant_id"]
        return self._told(await self._granting.take_back(grant_id, who=reviewer(request)))

    def _told(self, known: Known) -> Response:
        now = self._reviewing.now()
        return answer({"now": now.isoformat(), "grant": shown(known, now=now)})


def shown(known: Known, *, now: datetime) -> dict[str, object]:
    """A grant as JSON values."""
    grant, alike = known.grant, known.grant.likeness
    over = lapse(grant, now=now) or ("it is used up" if not known.left else "")
    return {
        "grant_id": grant.grant_id,
        "standing": "taken back" if known.revoked else "over" if over else "counts",
        "who": grant.who,
        "reason": grant.reason,
        "hold_id": grant.hold_id,
        "agent": [name for name in alike.agent if name],
        "rule": alike.rule,
        "shape": alike.shape.removeprefix(f"{alike.rule} "),
        "place": alike.place,
        "money": None if grant.money is None else str(grant.money),
        "at": grant.at.isoformat(),
        "until": grant.until.isoformat(),
        "count": grant.count,
        "left": known.left,
        "uses": list(known.uses),
        "revoked_by": known.revoked or None,
    }


def read_terms(
    members: dict[str, Json], *, longest: timedelta, viewed: frozenset[str] = frozenset()
) -> Terms:
    """What is granted, by a body or a form in the manner of one. Raises Problem.

    `viewed`: hashes of parts that a session knows to have been opened.
    """
    digest, named, reason = read_digest(members), read_named(members), read_reason(members)
    if named.preview is None:
        detail = "`preview` is missing: a grant is for calls like the one that was shown"
        raise Problem(400, Obstacle.PREVIEW_MISSING, detail)
    usual = min(60, max(1, longest // timedelta(minutes=1)))
    minutes = _number(members, "minutes", usual=usual, most=MOST_MINUTES)
    count = _number(members, "count", usual=USUAL_COUNT, most=MOST_COUNT)
    named = replace(named, viewed=named.viewed | viewed)
    return Terms(digest=digest, named=named, reason=reason, time=timedelta(minutes=minutes), count=count)


def _checks(members: dict[str, Json]) -> bool:
    value = members.get("check", False)
    if not isinstance(value, bool):
        detail = "`check` has to be true, to give nothing and learn whether a grant could be, or false"
        raise Problem(400, Obstacle.GRANT_INVALID, detail)
    return value


def _number(members: dict[str, Json], name: str, *, usual: int, most: int) -> int:
    value = members.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        detail = f"`{name}` has to be a whole number from 1 to {most}"
        raise Problem(400, Obstacle.GRANT_INVALID, detail)
    return value
