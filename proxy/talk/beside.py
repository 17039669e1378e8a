"""What an agent is told of its own hold besides how it stands: what it is asked, and what was changed."""

from dataclasses import dataclass

from proxy.keys.seal import SealError
from proxy.keys.sealed import Sealed
from proxy.store.store import Store
from proxy.talk.talk import Talk
from rules.hold import Hold, State
from rules.talk import EDIT, NOTHING, Beside, changes_of, question_in


@dataclass(frozen=True, slots=True)
class Besides:
    """Opens it."""

    store: Store
    sealed: Sealed

    async def of(self, hold: Hold) -> Beside:
        """That of `hold`; nothing where it does not open: how the hold stands is told all the same."""
        asked = hold.asked and hold.state is State.PENDING
        if not asked and not hold.edited_by:
            return NOTHING
        try:
            question = question_in(await Talk(self.store, self.sealed).about(hold)) if asked else ""
            kept = await self.store.sealed(hold.hold_id, part=EDIT) if hold.edited_by else None
            changes = () if kept is None else changes_of(self.sealed.open_part(hold, EDIT, kept))
        except SealError:
            return NOTHING
        return Beside(question=question, changes=changes)
