"""Questions, answers and comments of a hold: sealed in it, and added one by one."""

from dataclasses import dataclass

from proxy.keys.sealed import Sealed
from proxy.store.store import Refused, Store
from rules.hold import Hold
from rules.talk import MOST_SAID, TALK, Said, as_json, from_json, question_in

_TRIES = 20


class TooMuch(Exception):
    """so much was said about the hold that nothing can be added"""


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said about holds. Reading raises SealError where it was altered."""

    store: Store
    sealed: Sealed

    async def about(self, hold: Hold) -> tuple[Said, ...]:
        """All that was said about `hold`, the oldest first."""
        kept = await self.store.sealed(hold.hold_id, part=TALK)
        return () if kept is None else from_json(self.sealed.open_part(hold, TALK, kept))

    async def add(self, hold: Hold, said: Said, *, again: bool = False) -> Hold:
        """Add to it, whatever others add meanwhile; `again`: where it was said last, it stays said once.

        Raises Refused where the hold has gone on, TooMuch, SealError and StoreUnavailable.
        """
        for _ in range(_TRIES):
            before = await self.about(hold)
            if again and before and (before[-1].kind, before[-1].text) == (said.kind, said.text):
                return hold
            if len(before) >= MOST_SAID:
                raise TooMuch(TooMuch.__doc__)
            try:
                return await self._write(hold, (*before, said))
            except Refused as refused:
                if refused.why != "moved" or refused.hold is None:
                    raise
                hold = refused.hold
        raise TooMuch(TooMuch.__doc__)

    async def _write(self, hold: Hold, said: tuple[Said, ...]) -> Hold:
        fields = {
            TALK: self.sealed.close_part(hold, TALK, as_json(said)),
            "talk_count": str(hold.talk_count + 1).encode(),
            "asked": b"1" if question_in(said) else b"",
        }
        same = {"talk_count": str(hold.talk_count) if hold.talk_count else ""}
        told = await self.store.note(hold, fields, same=same)
        self.store.said(told, said[-1].kind, by=said[-1].who)
        return told
