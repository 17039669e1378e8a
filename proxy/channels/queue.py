"""What channels have to tell, in Redis: at least once, in order for each hold, until told or given up.

    {sidegate:<domain>}:channels:leader              who tells now; expires unless it is renewed
    {sidegate:<domain>}:channels:cursor              up to which change everything stands in lanes; kept for
                                                     good: without it, what has happened would not be told
    {sidegate:<domain>}:channels:due:<channel>       sorted set, holds with something to tell, by when
    {sidegate:<domain>}:channels:lane:<channel>:<id>  list, what is to be told of one hold, in order
    {sidegate:<domain>}:channels:dead                sorted set, what was given up, bounded
    {sidegate:<domain>}:channels:kept:<name>         what a channel keeps of a hold or a link; expires

No name and no value holds anything of a call.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from proxy.store.events import Change, Scripted
from proxy.store.record import text, texts
from rules.hold import State

type Given = list[str | int]

MOST_DEAD = 1000
_KEEP = timedelta(days=8)
_NOW = "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

_LEAD = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
# ARGV: who leads, the cursor as it was and as it will be, keep, the hold, then a delivery for each channel.
_SPREAD = (
    _NOW
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] or (redis.call('GET', KEYS[2]) or '') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
for i = 3, #KEYS, 2 do
  redis.call('RPUSH', KEYS[i], ARGV[5 + (i - 1) / 2])
  redis.call('PEXPIRE', KEYS[i], ARGV[4])
  redis.call('ZADD', KEYS[i + 1], 'NX', now, ARGV[5])
  redis.call('PEXPIRE', KEYS[i + 1], ARGV[4])
end
return 1
"""
)
_DUE = _NOW + "return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])"
_HEAD = """
local head = redis.call('LINDEX', KEYS[1], 0)
if not head then redis.call('ZREM', KEYS[2], ARGV[1]) end
return head
"""
_DROP = "redis.call('DEL', KEYS[1]) return redis.call('ZREM', KEYS[2], ARGV[1])"
# ARGV: the hold, the head as it was; then what becomes of it.
_NEXT = """
local function go_on()
  redis.call('LPOP', KEYS[1])
  if redis.call('LLEN', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[1])
  else redis.call('ZADD', KEYS[2], now, ARGV[1]) end
end
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[2] then return 0 end
"""
_DONE = _NOW + _NEXT + "go_on() return 1"
_LATER = (
    _NOW
    + _NEXT
    + """
redis.call('LSET', KEYS[1], 0, ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
return 1
"""
)
_BURY = (
    _NOW
    + _NEXT
    + """
go_on()
redis.call('ZADD', KEYS[3], now, ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -ARGV[4] - 1)
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return 1
"""
)
_AGAIN = (
    _NOW
    + """
if redis.call('ZREM', KEYS[3], ARGV[2]) == 0 then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], 'NX', now, ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One change that one channel has to be told. `why`: what its last try failed of."""

    mark: str
    channel: str
    hold_id: str
    state: State
    was: State | None
    attempts: int
    event: str = ""
    tries: int = 0
    why: str = ""

    @property
    def delivery_id(self) -> str:
        """By which who is told twice knows it: the same at every try."""
        return f"{self.mark}.{self.channel}"

    @property
    def written(self) -> str:
        """As the store keeps it."""
        return json.dumps(asdict(self), sort_keys=True)


class Queue:
    """All lanes of one approval domain. Each method raises StoreUnavailable."""

    def __init__(self, store: Scripted, *, who: str) -> None:
        self._store = store
        self._who = who

    async def lead(self, lasts: timedelta) -> bool:
        """Whether this process tells, and no other, for so long from now."""
        return bool(await self._store.evaluate(_LEAD, ["channels:leader"], [self._who, _ms(lasts)]))

    async def cursor(self) -> str:
        """Up to which change everything stands in lanes; empty where nobody ever began."""
        found = await self._store.evaluate("return redis.call('GET', KEYS[1])", ["channels:cursor"], [])
        return "" if found is None else text(found)

    async def spread(self, change: Change, channels: Sequence[str], *, since: str) -> bool:
        """Put `change` into the lanes of these channels, and move on from `since`; once, if still leading."""
        names = ["channels:leader", "channels:cursor"]
        written = []
        for channel in channels:
            names += self._lane(channel, change.hold_id)
            written.append(_delivery(change, channel).written)
        given: Given = [self._who, since, change.mark, _ms(_KEEP), change.hold_id, *written]
        return bool(await self._store.evaluate(_SPREAD, names, given))

    async def begin(self, mark: str, *, since: str) -> bool:
        """Move on to `mark` without telling what lies between."""
        nothing = Change(mark=mark, hold_id="", state=State.PENDING, was=None, attempts=1)
        return await self.spread(nothing, [], since=since)

    async def due(self, channel: str, *, most: int) -> Sequence[str]:
        """Ids of holds of which something is to be told now, the longest waiting first."""
        return texts(await self._store.evaluate(_DUE, [f"channels:due:{channel}"], [most]))

    async def head(self, channel: str, hold_id: str) -> Delivery | None:
        """What is to be told first of a hold."""
        lane = self._lane(channel, hold_id)
        found = await self._store.evaluate(_HEAD, lane, [hold_id])
        if found is None:
            return None
        try:
            return read_delivery(text(found))
        except ValueError:
            # Nothing of ours is written so: it must not stand in the way of others for ever.
            await self._store.evaluate(_DROP, lane, [hold_id])
            return None

    async def done(self, delivery: Delivery) -> None:
        """It was told."""
        await self._store.evaluate(_DONE, self._lane_of(delivery), [delivery.hold_id, delivery.written])

    async def later(self, delivery: Delivery, *, why: str, after: timedelta) -> None:
        """It was not told, and is tried again after so long."""
        changed = replace(delivery, tries=delivery.tries + 1, why=why)
        given: Given = [delivery.hold_id, delivery.written, changed.written, _ms(after)]
        await self._store.evaluate(_LATER, self._lane_of(delivery), given)

    async def bury(self, delivery: Delivery, *, why: str) -> None:
        """Give it up; it stays listed, with some others, and what comes after it is told."""
        changed = replace(delivery, tries=delivery.tries + 1, why=why)
        given: Given = [delivery.hold_id, delivery.written, changed.written, MOST_DEAD, _ms(_KEEP)]
        await self._store.evaluate(_BURY, [*self._lane_of(delivery), "channels:dead"], given)

    async def dead(self) -> Sequence[Delivery]:
        """What was given up, the newest first."""
        script = "return redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1])"
        found = await self._store.evaluate(script, ["channels:dead"], [MOST_DEAD])
        read = []
        for each in texts(found):
            with suppress(ValueError):
                read.append(read_delivery(each))
        return read

    async def again(self, delivery: Delivery) -> bool:
        """Tell anew what was given up; False where somebody does already."""
        fresh = replace(delivery, tries=0, why="")
        given: Given = [delivery.hold_id, delivery.written, fresh.written, _ms(_KEEP)]
        return bool(await self._store.evaluate(_AGAIN, [*self._lane_of(delivery), "channels:dead"], given))

    async def keep(self, name: str, value: str, *, lasts: timedelta) -> bool:
        """Keep `value` under `name` for so long; False where there is one already, which stays."""
        script = "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0"
        given: Given = [value, max(1, _ms(lasts))]
        return bool(await self._store.evaluate(script, [f"channels:kept:{name}"], given))

    async def kept(self, name: str) -> str | None:
        """What is kept under `name`."""
        script = "return redis.call('GET', KEYS[1])"
        found = await self._store.evaluate(script, [f"channels:kept:{name}"], [])
        return None if found is None else text(found)

    def _lane(self, channel: str, hold_id: str) -> list[str]:
        return [f"channels:lane:{channel}:{hold_id}", f"channels:due:{channel}"]

    def _lane_of(self, delivery: Delivery) -> list[str]:
        return self._lane(delivery.channel, delivery.hold_id)


def _delivery(change: Change, channel: str) -> Delivery:
    return Delivery(
        mark=change.mark,
        channel=channel,
        hold_id=change.hold_id,
        state=change.state,
        was=change.was,
        attempts=change.attempts,
        event=change.event,
    )


def read_delivery(written: str) -> Delivery:
    """The delivery that was written so. Raises ValueError."""
    try:
        found = json.loads(written)
        was = found.pop("was")
        return Delivery(state=State(found.pop("state")), was=None if was is None else State(was), **found)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("that is no delivery") from error


def _ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
