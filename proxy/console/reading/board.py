"""Holds as the store last told them, so that a list of thousands is not read anew for each view."""

import asyncio
from collections.abc import Sequence
from itertools import batched

from proxy.signals import Signals
from proxy.store.store import Store
from rules.hold import UNENDED, Hold

_MOST_KEPT = 20_000
_AT_ONCE = 100


class Board:
    """Reads each hold once, and again when a change of it is announced, or could not have been."""

    def __init__(self, store: Store, signals: Signals) -> None:
        self._store = store
        self._changed = signals.follow()
        self._known: dict[str, Hold] = {}
        self._reading = asyncio.Lock()

    async def unended(self) -> Sequence[Hold]:
        """Every hold that may still change, the oldest first. Raises StoreUnavailable."""
        found = await self._read(await self._store.unended())
        ended = [hold for hold in found if hold.state not in UNENDED]
        if ended:
            await self._store.note_unended(ended)
        return [hold for hold in found if hold.state in UNENDED]

    async def newest(self, *, limit: int) -> Sequence[Hold]:
        """The newest holds, these first. Raises StoreUnavailable."""
        return await self._read(await self._store.newest(limit=limit))

    async def begin(self) -> None:
        """Find the holds of versions that did not note which may still change. Raises StoreUnavailable."""
        cursor, first = 0, True
        while cursor or first:
            cursor, ids = await self._store.scan(cursor)
            await self._store.note_unended(await self._store.several(ids))
            first = False

    async def _read(self, ids: Sequence[str]) -> Sequence[Hold]:
        async with self._reading:
            changed = self._changed.take()
            for hold_id in list(self._known) if changed is None else changed:
                self._known.pop(hold_id, None)
            for some in batched((i for i in ids if i not in self._known), _AT_ONCE, strict=False):
                self._known |= {hold.hold_id: hold for hold in await self._store.several(some)}
            found = [self._known[hold_id] for hold_id in ids if hold_id in self._known]
            while len(self._known) > _MOST_KEPT:
                del self._known[next(iter(self._known))]
            return found
