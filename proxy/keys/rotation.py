"""Moving from one key to the next while everything goes on: the new key first, then what it wraps."""

import asyncio
import logging
from dataclasses import dataclass

from proxy.credentials.sources.shelf import Shelf
from proxy.keys.seal import SealError
from proxy.keys.sealed import Sealed
from proxy.keys.source import Source
from proxy.store.record import Unreadable
from proxy.store.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What became of one batch; a pass over all holds and tokens ends with `cursor` 0."""

    cursor: int
    looked: int
    rewrapped: int
    waiting: int
    """Are being run, or moved just now: the next pass finds them."""
    unopened: int
    """No key that is known opens them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The keys of one sidecar and what they wrap.

    INVARIANT: a data key is replaced by itself under another wrapping, by compare-and-set, and every key
    that was known stays known to this process: at no moment is there a hold or a token that does not open.
    """

    store: Store
    sealed: Sealed
    source: Source
    shelf: Shelf

    @property
    def ids(self) -> list[str]:
        """The names of the known keys, the newest first."""
        return self.sealed.keyring.ids

    async def prepare(self) -> None:
        """Make the next key, so that it can be given to other sidecars before anything is wrapped with it."""
        await asyncio.to_thread(self.source.prepare)
        await self._read()

    async def rotate(self) -> None:
        """From now on, wrap with the next key. Raises KeyFault, VaultFault and OSError."""
        await asyncio.to_thread(self.source.promote)
        await self._read()
        logger.warning("keys.rotated newest=%s", self.ids[0])

    async def _read(self) -> None:
        self.sealed.keyring.replace(await asyncio.to_thread(self.source.read))

    async def rewrap(self, cursor: int) -> Progress:
        """One bounded batch of holds, from `cursor` on, under the newest key; the tokens with the last."""
        after, ids = await self.store.scan(cursor)
        outcomes = [await self._rewrap(hold_id) for hold_id in ids]
        if not after:
            outcomes += [await self.shelf.rewrap(name) for name in await self.shelf.names()]
        return Progress(
            cursor=after,
            looked=len(outcomes),
            rewrapped=outcomes.count("done"),
            waiting=outcomes.count("busy") + outcomes.count("changed"),
            unopened=outcomes.count("unopened"),
        )

    async def _rewrap(self, hold_id: str) -> str:
        try:
            hold = await self.store.find(hold_id)
            text = await self.store.sealed(hold_id, part="sealed")
            if hold is None or text is None:
                return "gone"
            key = self.sealed.rewrapped(hold, text)
        except (SealError, Unreadable):
            return "unopened"
        return "newest" if key is None else await self.store.rewrap(hold, key)
