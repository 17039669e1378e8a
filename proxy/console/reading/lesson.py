"""What a drill differs in from the call that it was made of, for whoever is told that it was one."""

from proxy.console.reading.shown import drill_of
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.drift.difference import Change
from rules.hold import Hold
from rules.talk import EDIT, changes_of


async def lesson_of(reviewing: Reviewing, hold: Hold) -> tuple[Change, ...]:
    """The one change that made `hold` a drill, once that is over; nothing where it does not open."""
    if drill_of(hold) is None:
        return ()
    kept = await reviewing.store.sealed(hold.hold_id, part=EDIT)
    try:
        return () if kept is None else changes_of(reviewing.sealed.open_part(hold, EDIT, kept))
    except SealError:
        reviewing.metrics.integrity_failures.inc()
        return ()
