"""What people say of the gate's verdicts, in Redis: one word of each person about each hold.

{sidegate:<domain>}:labels:<hold>  hash, a person's word by the person's name; expires like the hold
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.store.record import text
from proxy.store.store import Store

_GIVE = """
local before = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return before or ''
"""
_ALL = "return redis.call('HGETALL', KEYS[1])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What somebody has said, and what that takes the place of; empty for a first word."""

    before: str
    now: str

    @property
    def changed(self) -> bool:
        """Whether it says anything new."""
        return self.before != self.now


@dataclass(frozen=True, slots=True)
class Labels:
    """The words about holds of one approval domain."""

    store: Store

    async def give(self, hold_id: str, *, who: str, label: str) -> Given:
        """Take somebody's word, in the place of what the same person said before."""
        script = self.store.evaluate(_GIVE, [f"labels:{hold_id}"], [who, label, self.store.kept])
        return Given(before=text(await script), now=label)

    async def about(self, hold_id: str) -> Mapping[str, str]:
        """What each person has said about it, by name."""
        flat = [text(one) for one in await self.store.evaluate(_ALL, [f"labels:{hold_id}"], [])]
        return dict(sorted(zip(flat[::2], flat[1::2], strict=True)))
