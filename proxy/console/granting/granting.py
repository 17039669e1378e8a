"""Letting calls like a held one run without being asked about each, and taking that back."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ulid import ULID

from proxy.console.deciding.drilled import answered
from proxy.console.people.asking import check, matter_of, refusal, told
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.seen import Named, check_seen
from proxy.console.reading.shown import conflict, damaged, standing, summary
from proxy.console.reviewing import Reviewing
from proxy.grants.kept import Known
from proxy.keys.seal import SealError
from rules.audit.record import Kind
from rules.authority import Act, Bar, Matter, refuse
from rules.drill.drill import Answer
from rules.granting.grant import CallGrant
from rules.granting.likeness import Likeness, likeness_of
from rules.hold import Hold, State
from rules.review.money import Money
from rules.reviewer import Reviewer
from rules.verdict import Tier

logger = logging.getLogger(__name__)

# It waits, or a person has let it run.
GRANTABLE = frozenset({State.PENDING, State.APPROVED, State.CLAIMED, State.SENDING, State.EXECUTED})
"""How the hold stands by which one is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is granted: calls like the one with that digest, as it was shown; how long, how many, and why."""

    digest: str
    named: Named
    reason: str
    time: timedelta
    count: int


class Granting:
    """What a lead can do about grants. Each raises Problem where it may not be done."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def check(self, hold_id: str, terms: Terms, *, who: Reviewer) -> None:
        """Give nothing, and raise what `give` would: a drill is no other hold until it is answered."""
        hold, _ = await self._found(hold_id, terms, who)
        _money(hold, await matter_of(self._reviewing, hold, whole=True))

    async def give(self, hold_id: str, terms: Terms, *, who: Reviewer) -> Known:
        """Let calls like this hold's run. The hold itself is decided as every other one."""
        reviewing = self._reviewing
        hold, alike = await self._found(hold_id, terms, who)
        if hold.drill:
            ended = await answered(reviewing, hold, Answer.APPROVED, who=who, reason=terms.reason)
            raise _ungrantable(ended, f"this hold {standing(ended)}; no grant was given")
        money = _money(hold, await matter_of(reviewing, hold, whole=True))
        at = await reviewing.store.now()
        grant = CallGrant(
            grant_id=str(ULID()),
            who=who.name,
            reason=terms.reason,
            hold_id=hold_id,
            likeness=alike,
            money=money,
            at=at,
            until=at + terms.time,
            count=terms.count,
        )
        if not await reviewing.grants.add(grant):
            raise _ungrantable(hold, "there are as many grants as there is room for")
        minutes = terms.time // timedelta(minutes=1)
        facts = {"what": "given", "grant": grant.grant_id, "hold": hold_id, "rule": alike.rule}
        reviewing.note(Kind.GRANT, who.name, **facts, count=terms.count, minutes=minutes)
        logger.warning("console.granted grant=%s hold=%s reviewer=%s", grant.grant_id, hold_id, who.name)
        return Known(grant=grant, revoked="", uses=())

    async def all(self, *, who: Reviewer) -> Sequence[Known]:
        """Those that `who` may see, the one that lasts longest first."""
        check(who, Act.VIEW)
        every = await self._reviewing.grants.all(now=self._reviewing.now())
        return [known for known in every if refuse(who, Act.VIEW, _matter(known)) is None]

    async def take_back(self, grant_id: str, *, who: Reviewer) -> Known:
        """Nothing more runs by it. Taken back twice, it is taken back once."""
        check(who, Act.GRANT)
        known = await self._reviewing.grants.find(grant_id)
        refused = None if known is None else refuse(who, Act.VIEW, _matter(known))
        if known is None or (refused is not None and refused.bar is Bar.HIDDEN):
            raise Problem(404, Obstacle.NOT_FOUND, f"there is no grant `{grant_id[:64]}`")
        if refused is not None:
            raise told(refused)
        if not known.revoked and await self._reviewing.grants.revoke(known, who=who.name):
            self._reviewing.note(Kind.GRANT, who.name, what="taken back", grant=grant_id)
            logger.warning("console.grant_revoked grant=%s reviewer=%s", grant_id, who.name)
        return await self._reviewing.grants.find(grant_id) or known

    async def _found(self, hold_id: str, terms: Terms, who: Reviewer) -> tuple[Hold, Likeness]:
        """The hold that was looked at, and what all calls of the grant share. Raises Problem."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.VIEW)
        await self._check(hold, who)
        if terms.time > self._reviewing.longest_grant:
            raise _ungrantable(hold, _too_long(self._reviewing.longest_grant))
        return hold, await self._looked_at(hold, terms)

    async def _check(self, hold: Hold, who: Reviewer) -> None:
        """Refuse what `who` may not grant. Raises Problem."""
        refused = await refusal(self._reviewing, hold, who=who, act=Act.GRANT)
        if refused is not None and refused.bar is Bar.STEP_UP:
            raise _ungrantable(hold, f"in tier {hold.tier:d} each decision needs a second factor of its own")
        if refused is not None:
            raise told(refused, hold)

    async def _looked_at(self, hold: Hold, terms: Terms) -> Likeness:
        """What all calls of the grant share, where the hold is what its reviewer saw. Raises Problem."""
        reviewing = self._reviewing
        if hold.state not in GRANTABLE:
            raise conflict("state", hold, reviewing.now())
        if terms.digest != hold.digest:
            raise conflict("digest", hold, reviewing.now())
        if await reviewing.store.killed():
            raise conflict("killed", hold, reviewing.now())
        try:
            action = await reviewing.action(hold)
        except SealError as error:
            raise damaged(hold, error) from error
        await check_seen(reviewing, hold, action, terms.named)
        alike = await asyncio.to_thread(likeness_of, hold, action, reviewing.ruleset())
        if isinstance(alike, str):
            raise _ungrantable(hold, f"no grant can cover calls like this: it {alike}")
        return alike


def _money(hold: Hold, matter: Matter) -> Money | None:
    """What each call moves at most. Raises Problem where it moves money and nobody knows how much."""
    if matter.moves_money and matter.money is None:
        raise _ungrantable(hold, "no grant covers calls that move money, no rule says surely how much")
    return matter.money


def _ungrantable(hold: Hold, why: str) -> Problem:
    detail = f"{why}; nothing was changed"
    return Problem(409, Obstacle.UNGRANTABLE, detail, members={"hold": summary(hold)})


def _too_long(longest: timedelta) -> str:
    minutes = longest // timedelta(minutes=1)
    return f"no grant lasts longer than {minutes} minutes here" if minutes else "nobody gives grants here"


def _matter(known: Known) -> Matter:
    """What bears on who may see a grant."""
    grant = known.grant
    return Matter(hold_id=grant.hold_id, digest="", tier=Tier.EXTERNAL, host=grant.likeness.host)
