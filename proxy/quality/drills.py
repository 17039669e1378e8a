"""Puts drills among the holds: made of calls that were held lately, never executable, and never counted.

Nothing is asked of an upstream for a drill. What was read for the call that it is made of is shown again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from proxy.drift.shots import Shots
from proxy.failure import ended, report
from proxy.keeping import Keeping
from proxy.keys.seal import SealError
from proxy.store.record import Draft, StoreUnavailable
from proxy.store.store import Told
from rules.action import Action
from rules.drift.difference import Change
from rules.drift.shot import Shot
from rules.drill.drill import Kind, chosen, share
from rules.drill.making import Made, make
from rules.hold import Event, Hold, State
from rules.mcp.action import ToolAction
from rules.review.reasoning import PART as REASONING
from rules.ruleset import Ruleset
from rules.talk import EDIT
from rules.talk import Kind as Saying

logger = logging.getLogger(__name__)

_LOOKED_AT = 200
_TRIED = 10
_WAITING = 16
_UNREAD = "the upstream gave no answer in time"

# A harmless twin is made only of what people let run, and ran: then the twin would be as harmless.
_SOURCES = {
    Kind.VIOLATION: frozenset({State.EXECUTED, State.EXECUTION_ERROR, State.REJECTED, State.EXPIRED}),
    Kind.BENIGN: frozenset({State.EXECUTED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills(Told):
    """Makes them. `rate`: of how many new holds one is made after; `most`: so many may be open.

    `within`: so long after that hold at most. At once, its time would tell it from others.
    """

    keeping: Keeping
    ruleset: Callable[[], Ruleset]
    rate: float
    most: int
    within: timedelta = timedelta(0)
    _due: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(maxsize=_WAITING))

    def opened(self, hold: Hold, *, new: bool) -> None:
        """A call was held: perhaps a drill follows, which nobody waits for."""
        if not self.rate or not new or hold.drill or hold.supersedes:
            return
        if chosen(self._keyed("drill after", hold.hold_id), self.rate):
            with suppress(asyncio.QueueFull):
                self._due.put_nowait(hold.hold_id)

    def stepped(self, hold: Hold, event: Event, *, by: str) -> None:
        """No drill follows a step."""

    def said(self, hold: Hold, kind: Saying, *, by: str) -> None:
        """None follows a word."""

    async def watch(self) -> None:
        """Run until cancelled; each comes in its own time."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_WAITING):
                tasks.create_task(self._follow())

    async def _follow(self) -> None:
        """One after another; what fails fails alone."""
        while True:
            after = await self._due.get()
            await asyncio.sleep(self.pause(after))
            outcome = await ended(self.make(after))
            if isinstance(outcome, BaseException) and not isinstance(outcome, StoreUnavailable):
                report("drill.failed", outcome)

    def pause(self, after: str) -> float:
        """How many seconds after the hold of that id its drill comes: anything up to `within`."""
        return share(self._keyed("drill pause", after)) * self.within.total_seconds()

    async def make(self, after: str) -> Hold | None:
        """A drill in the queue, made of another call than the one held just now; None where none can be.

        Which call, and what is changed of it, follows from a keyed hash: nobody can foresee it.
        """
        kind = Kind.VIOLATION if share(self._keyed("drill kind", after)) < 1 / 2 else Kind.BENIGN
        for hold in (await self._sources(after, kind))[:_TRIED]:
            with suppress(SealError):
                if drill := await self._made_of(hold, kind, self._keyed("drill of", after, hold.hold_id)):
                    return drill
        logger.info("drill.none kind=%s", kind)
        return None

    async def _sources(self, after: str, kind: Kind) -> Sequence[Hold]:
        """Holds of lately of which one can be made, in an order that only the key tells."""
        store = self.keeping.store
        found = await store.several(await store.newest(limit=_LOOKED_AT))
        fit = (
            hold
            for hold in found
            if hold.state in _SOURCES[kind] and not hold.drill and not hold.shredded and hold.hold_id != after
        )
        return sorted(fit, key=lambda hold: self._keyed("drill order", after, hold.hold_id))

    async def _made_of(self, hold: Hold, kind: Kind, seed: str) -> Hold | None:
        store, sealed = self.keeping.store, self.keeping.sealed
        action = sealed.open_action(hold, await store.sealed(hold.hold_id, part="sealed"))
        made = await asyncio.to_thread(make, action, self.ruleset(), kind=kind, seed=seed)
        if made is None:
            return None
        said = await store.sealed(hold.hold_id, part=REASONING)
        reasoning = "" if said is None else str(sealed.open_part(hold, REASONING, said))
        shots = Shots(store, sealed)
        shown = _of_drill(await shots.before(hold) or (), action, made) if hold.probed else ()
        draft = self.keeping.close(self._draft(hold, made), made.action, reasoning=reasoning)
        drill = await store.inject(draft, most=self.most)
        if drill is None:
            return None
        self.keeping.metrics.drills_injected.labels(kind).inc()
        logger.info("drill.injected")  # which hold it is would tell whoever reads the log
        if drill.probed:
            # In a step of its own, as of every hold: whoever is told of changes is told of it twice as well.
            await shots.keep(drill, shown)
        return drill

    def _draft(self, hold: Hold, made: Made) -> Draft:
        """As `hold`, and never milder; by the rules of now where they are stricter."""
        stricter = made.judgement.tier > hold.tier
        judged = made.judgement if stricter else hold
        agent = replace(self.keeping.agent, principal=made.action.principal)
        policy = self.ruleset().hash if stricter else hold.policy
        draft = replace(self.keeping, agent=agent).draft(made.action, judged, fingerprint="", policy=policy)
        draft = replace(
            draft,
            # No agent's call ever joins it.
            fingerprint=agent.keyed("drill", draft.hold_id),
            credential=hold.credential,
            probed=hold.probed,
            window=self.ruleset().handling(judged.rule).time_to_decide,
            drill=made.mark,
        )
        return replace(draft, edit=self._lesson(draft, made.change))

    def _lesson(self, draft: Draft, change: Change) -> bytes:
        """What its reviewer is told afterwards."""
        told = [{"path": change.path, "before": change.before, "after": change.after}]
        return self.keeping.sealed.close_part(draft, EDIT, told)

    def _keyed(self, *parts: str) -> str:
        return self.keeping.agent.keyed(*parts)


def _of_drill(shots: Sequence[Shot], action: Action | ToolAction, made: Made) -> list[Shot]:
    """What would have been read for the drill: as before, and nothing of where it would have gone instead."""
    if not isinstance(action, Action) or not isinstance(made.action, Action):
        return []
    before, after = action.target, made.action.target
    return [
        shot
        if before == after or shot.read.place.target != before
        else Shot(read=replace(shot.read, place=replace(shot.read.place, target=after)), shown=_UNREAD)
        for shot in shots
    ]
