"""A reviewer changes what a held call asks for: a new hold in the place of the old one, read anew."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from ulid import ULID

from proxy.agent import Agent
from proxy.drift.snapshots import Snapshots
from proxy.keys.sealed import Sealed
from proxy.metrics import Metrics
from proxy.store.record import Draft
from proxy.store.store import Store
from rules.action import Action
from rules.call import HttpCall
from rules.drift.read import Read
from rules.edit import Edited
from rules.hold import Event, Hold
from rules.normalize import normalize
from rules.review.reasoning import PART as REASONING
from rules.ruleset import Ruleset

logger = logging.getLogger(__name__)

EDIT = "edit"
"""The part of a hold that says what a reviewer changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """Makes the new hold and ends the old one, in one step."""

    agent: Agent
    store: Store
    sealed: Sealed
    snapshots: Snapshots
    ruleset: Callable[[], Ruleset]
    metrics: Metrics

    async def apply(self, hold: Hold, edited: Edited, *, who: str) -> Hold:
        """The hold that goes on in the place of `hold`; the agent's own request joins it from now on.

        Raises Refused where `hold` does not wait any more, SealError and StoreUnavailable.
        """
        said = await self.store.sealed(hold.hold_id, part=REASONING)
        reasoning = "" if said is None else str(self.sealed.open_part(hold, REASONING, said))
        reads = self._reads(hold, edited)
        made = await self.store.supersede(hold, self._draft(hold, edited, who=who, reasoning=reasoning))
        self.metrics.transitions.labels(Event.SUPERSEDE).inc()
        self.metrics.holds_opened.labels(int(made.tier)).inc()
        logger.info("hold.edited hold=%s of=%s", made.hold_id, hold.hold_id)
        if reads and isinstance(edited.action, Action):
            await self.snapshots.take(made, edited.action, reads, live=None)
        return made

    def _draft(self, hold: Hold, edited: Edited, *, who: str, reasoning: str) -> Draft:
        """As the old one, and never milder; by the rules of now where they are stricter."""
        stricter = edited.judgement.tier > hold.tier
        judged, policy = (edited.judgement, self.ruleset().hash) if stricter else (hold, hold.policy)
        hold_id, digest = str(ULID()), edited.action.digest
        draft = Draft(
            hold_id=hold_id,
            agent="",
            digest=digest,
            fingerprint=hold.fingerprint,
            idempotency_key=replace(self.agent, principal=edited.action.principal).idempotency_key(hold_id),
            tier=edited.tier,
            rule=judged.rule,
            reason_id=judged.reason_id,
            reason=judged.reason,
            policy=policy,
            sealed=b"",
            credential=hold.credential,
            key=self.sealed.fresh_key(hold_id, digest),
            probed=bool(self._reads(hold, edited)),
            generation=hold.generation + 1,
            supersedes=hold.hold_id,
            edited_by=who,
        )
        changes = [asdict(change) for change in edited.changes]
        return replace(
            draft,
            sealed=self.sealed.close_action(draft, edited.action),
            reasoning=self.sealed.close_part(draft, REASONING, reasoning) if reasoning else b"",
            edit=self.sealed.close_part(draft, EDIT, changes),
        )

    def _reads(self, hold: Hold, edited: Edited) -> tuple[Read, ...]:
        if not isinstance(edited.action, Action):
            return ()
        call = normalize(edited.action.message(), paths=self.ruleset().paths)
        rule = edited.judgement.rule if edited.judgement.tier > hold.tier else hold.rule
        return tuple(self.snapshots.reads(call, rule)) if isinstance(call, HttpCall) else ()
