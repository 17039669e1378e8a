"""What a hold keeps of the reads that showed what it would change: sealed, written once each."""

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.keys.sealed import Sealed
from proxy.store.store import Store
from rules.drift.image import Image
from rules.drift.shot import Drift, Shot, as_json, drifts, from_json
from rules.hold import Hold

SNAPSHOT = "snapshot"
"""The part of a hold that was read when it was made."""
DRIFT = "drift"
"""The part that was read when it was refused for a change."""


@dataclass(frozen=True, slots=True)
class Shots:
    """The records of holds. Reading raises SealError where one was altered."""

    store: Store
    sealed: Sealed

    async def keep(self, hold: Hold, shots: Iterable[Shot]) -> bool:
        """Record what was read when `hold` was made; False if there is such a record, or it is too late."""
        sealed = self.sealed.close_part(hold, SNAPSHOT, as_json(shots))
        return await self.store.keep(hold, part=SNAPSHOT, sealed=sealed)

    def refusal(self, hold: Hold, shots: Iterable[Shot]) -> dict[str, bytes]:
        """The fields of a hold that is refused for what `shots` show."""
        return {DRIFT: self.sealed.close_part(hold, DRIFT, as_json(shots))}

    async def before(self, hold: Hold) -> tuple[Shot, ...] | None:
        """What was read when `hold` was made; None where there is no record."""
        return await self._open(hold, SNAPSHOT)

    async def drifted(self, hold: Hold) -> tuple[Drift, ...]:
        """What had changed when `hold` was refused for it."""
        before, now = await self.before(hold), await self._open(hold, DRIFT)
        return () if before is None or now is None else drifts(shown(before), now)

    async def _open(self, hold: Hold, part: str) -> tuple[Shot, ...] | None:
        sealed = await self.store.sealed(hold.hold_id, part=part)
        return None if sealed is None else from_json(self.sealed.open_part(hold, part, sealed))


def shown(shots: Iterable[Shot]) -> list[Shot]:
    """Those of `shots` that show something: what a claim has to compare."""
    return [shot for shot in shots if isinstance(shot.shown, Image)]
