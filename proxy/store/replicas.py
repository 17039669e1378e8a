"""Waits until enough replicas have a write, so that a server that takes over cannot have lost it."""

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from proxy.store.record import Unconfirmed
from rules.hold import Event

# Less than a client waits for an answer: it has to hear how many there were.
_PATIENCE_MS = 1000

TOLD = frozenset(
    {
        Event.APPROVE,
        Event.VOTE,
        Event.RECANT,
        Event.UNDO,
        Event.REJECT,
        Event.RESPOND,
        Event.CANCEL,
        Event.KILL,
        Event.CLAIM,
        Event.SEND,
        Event.RESEND,
        Event.CONFIRM,
        Event.REFUTE,
        Event.REVIVE,
        Event.RETRY,
    }
)
"""Events that somebody is told of, or that stand before a sending: a server that takes over must know them.

The others are found again by time, or lost to `outcome_unknown`.
"""


@dataclass(frozen=True, slots=True)
class Replicas:
    """The copies of one store. `needed`: how many of them have to confirm; none where it has none."""

    redis: Redis
    needed: int

    async def confirmed(self, *command: Any) -> Any:
        """The result of `command`, once enough replicas have what it wrote.

        Raises Unconfirmed: it was done then, but a server that takes over may not know of it.
        """
        # One connection for both: a WAIT is about what its own connection has seen written.
        async with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.execute_command(*command)
            if self.needed:
                pipeline.wait(self.needed, _PATIENCE_MS)
            result, *confirmed = await pipeline.execute()
        if self.needed and confirmed[0] < self.needed:
            raise Unconfirmed(f"{confirmed[0]} of {self.needed} replicas have confirmed it in time")
        return result
