"""Which states servers have given for approved calls, in Redis. The only module that knows this key.

{sidegate:<domain>}:continues:<state>  id of the approved hold whose answer gave it (the state is hashed with
                                       a key); gone when it is brought back, or with the approval's time
"""

from dataclasses import dataclass
from datetime import timedelta

from proxy.agent import Agent
from proxy.store.record import text
from proxy.store.store import Store
from rules.hold import Hold
from rules.mcp.continuing import state_given
from rules.mcp.message import Members

_GIVE = "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
# INVARIANT: of two repetitions with one state, one finds it.
_TAKE = "local id = redis.call('GET', KEYS[1]) redis.call('DEL', KEYS[1]) return id or ''"


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuing:
    """The states of one agent's calls. Every method raises StoreUnavailable."""

    store: Store
    agent: Agent

    async def note(self, hold: Hold, result: Members) -> None:
        """Keep the state that an answer to `hold`, or to what continued it, gives; most give none."""
        if (state := state_given(result)) is not None:
            validity = int(self.store.validity(hold.tier) / timedelta(milliseconds=1))
            await self.store.evaluate(_GIVE, [self._name(state)], [hold.hold_id, validity])

    async def take(self, state: str) -> Hold | None:
        """The approved hold for which this state was given; nobody finds it again."""
        hold_id = text(await self.store.evaluate(_TAKE, [self._name(state)], []))
        return await self.store.find(hold_id) if hold_id else None

    def _name(self, state: str) -> str:
        return f"continues:{self.agent.keyed('continues', state)}"
