"""A reviewer changes what a held call asks for: a new hold in the place of the old one, read anew."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from proxy.drift.snapshots import Snapshots
from proxy.keeping import Keeping
from proxy.store.record import Draft
from rules.action import Action
from rules.call import HttpCall
from rules.drift.read import Read
from rules.edit import Edited
from rules.hold import Event, Hold
from rules.normalize import normalize
from rules.review.reasoning import PART as REASONING
from rules.ruleset import Ruleset
from rules.talk import EDIT

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """Makes the new hold and ends the old one, in one step."""

    keeping: Keeping
    snapshots: Snapshots
    ruleset: Callable[[], Ruleset]

    async def apply(self, hold: Hold, edited: Edited, *, who: str) -> Hold:
        """The hold that goes on in the place of `hold`; the agent's own request joins it from now on.

        Raises Refused where `hold` does not wait any more, SealError and StoreUnavailable.
        """
        store, sealed = self.keeping.store, self.keeping.sealed
        said = await store.sealed(hold.hold_id, part=REASONING)
        reasoning = "" if said is None else str(sealed.open_part(hold, REASONING, said))
        reads = self._reads(hold, edited)
        draft = replace(self._draft(hold, edited, who=who), probed=bool(reads))
        draft = replace(draft, edit=sealed.close_part(draft, EDIT, [asdict(one) for one in edited.changes]))
        draft = self.keeping.close(draft, edited.action, reasoning=reasoning)
        made = await store.supersede(hold, draft)
        self.keeping.metrics.transitions.labels(Event.SUPERSEDE).inc()
        self.keeping.metrics.holds_opened.labels(int(made.tier)).inc()
        logger.info("hold.edited hold=%s of=%s", made.hold_id, hold.hold_id)
        if reads and isinstance(edited.action, Action):
            await self.snapshots.take(made, edited.action, reads, live=None)
        return made

    def _draft(self, hold: Hold, edited: Edited, *, who: str) -> Draft:
        """As the old one, and never milder; by the rules of now where they are stricter."""
        stricter = edited.judgement.tier > hold.tier
        judged, policy = (edited.judgement, self.ruleset().hash) if stricter else (hold, hold.policy)
        agent = replace(self.keeping.agent, principal=edited.action.principal)
        draft = replace(self.keeping, agent=agent).draft(
            edited.action, judged, fingerprint=hold.fingerprint, policy=policy
        )
        return replace(
            draft,
            credential=hold.credential,
            trace=hold.trace,
            window=self.ruleset().handling(judged.rule).time_to_decide,
            generation=hold.generation + 1,
            supersedes=hold.hold_id,
            edited_by=who,
        )

    def _reads(self, hold: Hold, edited: Edited) -> tuple[Read, ...]:
        """What shows the state that the changed call would change."""
        if not isinstance(edited.action, Action):
            return ()
        call = normalize(edited.action.message(), paths=self.ruleset().paths)
        rule = edited.judgement.rule if edited.judgement.tier > hold.tier else hold.rule
        return self.snapshots.reads(call, rule) if isinstance(call, HttpCall) else ()
