"""Decides new holds by the grants that cover them: each is approved, checked and run like any other."""

import asyncio
import logging
from collections.abc import Sequence

from proxy.console.deciding.deciding import Deciding
from proxy.console.people.asking import matter_of
from proxy.console.reviewing import Reviewing
from proxy.drift.shots import SNAPSHOT
from proxy.failure import ended, report
from proxy.grants.kept import Known
from proxy.keys.seal import SealError
from proxy.store.events import START, Events
from proxy.store.record import StoreUnavailable
from rules.action import Action
from rules.authority import Act, refuse
from rules.granting.grant import beyond, objection
from rules.granting.likeness import likeness_of
from rules.hold import Hold, State
from rules.mcp.action import ToolAction

logger = logging.getLogger(__name__)


class Using:
    """Looks at the holds of this sidecar's own agent as they come, while there are grants."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._deciding = Deciding(reviewing)
        self._events = Events(reviewing.store)
        self._mark = ""

    async def watch(self) -> None:
        """Run until cancelled; whatever fails leaves a hold to people."""
        signals = self._reviewing.signals
        while True:
            seen = signals.changes
            outcome = await ended(self.look())
            if isinstance(outcome, BaseException) and not isinstance(outcome, StoreUnavailable):
                report("grants.failed", outcome)
            if outcome is not True and (isinstance(outcome, BaseException) or seen == signals.changes):
                await signals.anything()

    async def look(self) -> bool:
        """Look at what has changed; whether anything had. Raises StoreUnavailable."""
        if not self._mark:
            self._mark = await self._events.newest()
            return False
        changes = await self._events.after(self._mark)
        if changes.lost and not changes.found:
            self._mark = START
        waiting = dict.fromkeys(one.hold_id for one in changes.found if one.state is State.PENDING)
        grants = self._reviewing.grants
        standing = await grants.all(now=self._reviewing.now(), standing=True) if waiting else ()
        for hold_id in waiting if standing else ():
            # One that fails is left to people, and is not looked at without end.
            outcome = await ended(self._look(hold_id, standing))
            if isinstance(outcome, BaseException):
                report(f"grants.not_used hold={hold_id}", outcome)
        if changes.found:
            self._mark = changes.found[-1].mark
        return bool(changes.found)

    async def _look(self, hold_id: str, standing: Sequence[Known]) -> None:
        hold = await self._reviewing.store.find(hold_id)
        if hold is None or not _untouched(hold):
            return
        try:
            sealed = await self._reviewing.store.sealed(hold_id, part="sealed")
            action = self._reviewing.sealed.open_action(hold, sealed)
        except SealError:
            return  # whoever looks at it hears of that
        agent = self._reviewing.agent
        if agent is None or action.principal != agent.principal:
            return
        if hold.probed and await self._reviewing.store.sealed(hold_id, part=SNAPSHOT) is None:
            return  # when it is recorded, that is a change
        # A body of megabytes takes its time.
        alike = await asyncio.to_thread(likeness_of, hold, action, self._reviewing.ruleset())
        now = self._reviewing.now()
        for known in sorted(standing, key=lambda one: one.grant.until):
            fits = not known.revoked and objection(known.grant, hold, alike, now=now) is None
            if fits and await self._decided(hold, action, known):
                return

    async def _decided(self, hold: Hold, action: Action | ToolAction, known: Known) -> bool:
        """Whether that grant has decided the hold, in the name of whoever gave it and still may."""
        reviewing, grant = self._reviewing, known.grant
        who = reviewing.people.named(grant.who)
        matter = await matter_of(reviewing, hold, whole=True)
        if who is None or refuse(who, Act.GRANT, matter, step_up=reviewing.step_up) or beyond(grant, matter):
            return False
        outcome = await reviewing.grants.spend(grant, hold, now=reviewing.now())
        if outcome != "done":
            logger.info("grants.not_spent grant=%s hold=%s why=%s", grant.grant_id, hold.hold_id, outcome)
            return False
        if await self._deciding.by_grant(hold, grant, who=who) is not None:
            reviewing.metrics.grant_uses.inc()
            logger.info("hold.granted hold=%s grant=%s by=%s", hold.hold_id, grant.grant_id, who.name)
        return True


def _untouched(hold: Hold) -> bool:
    """Whether no person has begun to look at it, in which case people decide, as they do about drills."""
    said = hold.votes or hold.decision or hold.talk_count or hold.watched_by
    return hold.state is State.PENDING and not said and not hold.drill
