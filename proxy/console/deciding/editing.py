"""A reviewer changes what a held call asks for: seen before it is done, and a new hold once it is."""

import logging
from typing import Any

from proxy.console.deciding.drilled import answered
from proxy.console.people.asking import missing
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.schemas import schema_of
from proxy.console.reading.shown import conflict, damaged, summary
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from proxy.store.store import Refused
from rules.action import Action
from rules.approval import needed_for
from rules.authority import Act
from rules.drill.drill import Answer
from rules.edit import Edited, Uneditable, edit
from rules.form import fault
from rules.hold import Hold, State
from rules.mcp.action import ToolAction
from rules.request.strict_json import Json
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)


class Editing:
    """What a reviewer can change. Each raises Problem where it cannot be."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def preview(self, hold_id: str, value: Json, *, who: Reviewer, digest: str) -> dict[str, Any]:
        """What changing it to `value` would make of it; nothing is changed."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.VIEW)
        edited = await self._edited(hold, value, digest=digest)
        needed = needed_for(edited.action, self._reviewing.ruleset(), rule=hold.rule)
        return {
            "tier": int(edited.tier),
            "tier_before": int(hold.tier),
            "reason": edited.judgement.reason,
            "rule": edited.judgement.rule,
            "digest": edited.action.digest,
            "people": needed.quorum.count,
            "groups": list(needed.quorum.groups),
            "changes": [
                {"path": one.path, "before": one.before, "after": one.after} for one in edited.changes
            ],
        }

    async def apply(self, hold_id: str, value: Json, *, who: Reviewer, digest: str) -> Hold:
        """Put the changed call in the hold's place; it waits for an approval of its own.

        Changed twice in the same way, it is changed once.
        """
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.EDIT)
        if hold.superseded_by and (done := await self._done(hold, value, who=who)):
            return done
        edited = await self._edited(hold, value, digest=digest)
        if hold.drill:
            return await answered(self._reviewing, hold, Answer.REJECTED, who=who, reason="")
        try:
            made = await self._reviewing.edit(hold, edited, who=who.name)
        except SealError as error:
            raise damaged(hold, error) from error
        except Refused as refused:
            if refused.hold is None:
                raise missing(hold_id) from refused
            if done := await self._done(refused.hold, value, who=who):
                return done
            raise conflict(refused.why, refused.hold, self._reviewing.now()) from refused
        logger.info("console.edited hold=%s new=%s reviewer=%s", hold_id, made.hold_id, who.name)
        return made

    async def _edited(self, hold: Hold, value: Json, *, digest: str) -> Edited:
        action = await self._action(hold)
        if hold.state is not State.PENDING:
            raise conflict("state", hold, self._reviewing.now())
        if digest != hold.digest:
            raise conflict("digest", hold, self._reviewing.now())
        found = edit(hold, action, value, self._reviewing.ruleset())
        if isinstance(found, Uneditable):
            detail = f"it cannot be changed: {found.reason}; reject it with words for the agent instead"
            raise Problem(409, Obstacle.UNEDITABLE, detail, members={"hold": summary(hold)})
        if isinstance(action, ToolAction):
            schema = await schema_of(self._reviewing, action)
            if why := fault(action.arguments, value, schema):
                raise Problem(400, Obstacle.EDIT_INVALID, f"its tool does not take that: {why}")
        return found

    async def _done(self, hold: Hold, value: Json, *, who: Reviewer) -> Hold | None:
        """The hold that this very change has made already."""
        made = await self._reviewing.store.find(hold.superseded_by) if hold.superseded_by else None
        if made is None or made.edited_by != who.name:
            return None
        found = edit(hold, await self._action(hold), value, self._reviewing.ruleset())
        return made if isinstance(found, Edited) and found.action.digest == made.digest else None

    async def _action(self, hold: Hold) -> Action | ToolAction:
        try:
            return await self._reviewing.action(hold)
        except SealError as error:
            raise damaged(hold, error) from error
