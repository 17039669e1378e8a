"""The question whether a person may do something, asked of the rules with what a hold says of itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.packages import read
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.account import Account
from rules.action import Action
from rules.authority import Act, Bar, Matter, Refusal, refuse
from rules.explanation import bearings
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.review.money import money_of
from rules.reviewer import Reviewer
from rules.ruleset import Ruleset
from rules.verdict import Category

_OBSTACLES = {
    Bar.ROLE: Obstacle.ROLE,
    Bar.HIDDEN: Obstacle.NOT_FOUND,
    Bar.TIER: Obstacle.SCOPE,
    Bar.AMOUNT: Obstacle.SCOPE,
    Bar.REQUESTER: Obstacle.OWN_REQUEST,
    Bar.STEP_UP: Obstacle.STEP_UP,
}


def check(who: Reviewer, act: Act) -> None:
    """Refuse what is about no hold. Raises Problem."""
    if refused := refuse(who, act):
        raise told(refused)


async def check_hold(reviewing: Reviewing, hold: Hold, *, who: Reviewer, act: Act) -> None:
    """Refuse what `who` may not do to `hold`. Raises Problem."""
    if refused := await refusal(reviewing, hold, who=who, act=act):
        raise told(refused, hold)


async def refusal(reviewing: Reviewing, hold: Hold, *, who: Reviewer, act: Act) -> Refusal | None:
    """Why `who` may not do `act` to `hold`, or None."""
    matter = await matter_of(reviewing, hold, whole=act is not Act.VIEW and bounded(who))
    return refuse(who, act, matter, step_up=reviewing.step_up)


async def barring(reviewing: Reviewing, hold: Hold, *, who: Reviewer) -> dict[Act, Refusal]:
    """What `who` may not do to `hold`, whatever second factor is shown, each with why."""
    matter = await matter_of(reviewing, hold, whole=bounded(who))
    asked = {act: refuse(who, act, matter) for act in Act}
    return {act: refused for act, refused in asked.items() if refused is not None}


async def visible_to(
    reviewing: Reviewing, holds: Sequence[Hold], *, who: Reviewer, most: int
) -> Sequence[Hold]:
    """The first of `holds` that `who` may see."""
    if not hides(who):
        return holds[:most]
    found: list[Hold] = []
    for hold in holds:
        if await refusal(reviewing, hold, who=who, act=Act.VIEW) is None:
            found.append(hold)
        if len(found) == most:
            break
    return found


def hides(who: Reviewer) -> bool:
    """Whether there are holds that `who` does not see."""
    return any(grant.scope.hosts for grant in who.grants)


def bounded(who: Reviewer) -> bool:
    """Whether it matters to `who` how much a call moves."""
    return any(grant.scope.amounts for grant in who.grants)


async def matter_of(reviewing: Reviewing, hold: Hold, *, whole: bool = False) -> Matter:
    """What of `hold` bears on who may decide about it. `whole`: with the sum that it moves."""
    try:
        # What does not open is counted where it is read, and not here as well.
        action = reviewing.sealed.open_action(hold, await reviewing.store.sealed(hold.hold_id, part="sealed"))
    except SealError:
        return Matter(hold_id=hold.hold_id, digest=hold.digest, tier=hold.tier, host=None, moves_money=True)
    host = action.server if isinstance(action, ToolAction) else action.host
    human = action.principal.human
    matter = Matter(hold_id=hold.hold_id, digest=hold.digest, tier=hold.tier, host=host, human=human)
    # A body of megabytes takes its time.
    return await asyncio.to_thread(_weighed, matter, hold, action, reviewing.ruleset()) if whole else matter


def told(refused: Refusal, hold: Hold | None = None) -> Problem:
    """The refusal as an answer; a hold that is hidden is one that is not there."""
    if refused.bar is Bar.HIDDEN and hold is not None:
        return missing(hold.hold_id)
    members = {"why": refused.bar, **({"hold_id": hold.hold_id} if hold else {})}
    detail = f"you may not do this: {refused.sentence}; nothing was changed"
    return Problem(403, _OBSTACLES[refused.bar], detail, members=members)


def missing(hold_id: str) -> Problem:
    """The problem of a hold that is not there."""
    detail = f"there is no hold `{hold_id[:64]}`: it never was, or its time of keeping is over"
    return Problem(404, Obstacle.NOT_FOUND, detail)


def _weighed(matter: Matter, hold: Hold, action: Action | ToolAction, ruleset: Ruleset) -> Matter:
    """`matter` with the sum, which is certain where the hold's own rule says where it stands."""
    call = read(action, ruleset)
    if call is None:
        return replace(matter, moves_money=True)
    rule = ruleset.rule(hold.rule)
    account = Account() if rule is None else rule.account
    found = money_of(call, account)
    said = any(bearing.judgement.category is Category.FINANCIAL for bearing in bearings(call, ruleset))
    moves = found is not None or said or account.amount is not None or account.category is Category.FINANCIAL
    sure = found if account.amount is not None else None
    return replace(matter, money=sure, moves_money=moves)
