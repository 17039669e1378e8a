"""Reading holds in Redis: one, several, or those that wait for something."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from proxy.store.connection import TIMEOUT
from proxy.store.record import HOLD_FIELDS, StoreUnavailable, found_hold, readable, text, texts
from rules.hold import Hold

_MOST_GENERATIONS = 100
_PRUNED_AT_ONCE = 200
_SCANNED_AT_ONCE = 100
_SETS = ("holds", "unended", "deadlines", "approved", "unknown", "drills")


class Records:
    """What can be read of the holds of one approval domain. `keep`: after how many ms one is forgotten."""

    def __init__(self, redis: Redis, *, domain: str, keep: int) -> None:
        self._redis = redis
        self._prefix = f"{{sidegate:{domain}}}"
        self._keep = keep

    @property
    def kept(self) -> int:
        """For how many milliseconds a hold is kept after its last change."""
        return self._keep

    async def find(self, hold_id: str) -> Hold | None:
        """The hold with this id, or None."""
        async with self._guarded():
            values = await self._redis.hmget(self._hold_key(hold_id), HOLD_FIELDS)
        return found_hold(hold_id, values)

    async def latest(self, hold_id: str) -> Hold | None:
        """The hold with this id, or the one that it was changed into in the end."""
        hold = await self.find(hold_id)
        for _ in range(_MOST_GENERATIONS):
            following = await self.find(hold.superseded_by) if hold and hold.superseded_by else None
            # Whoever writes to the store could have written any id: the agent's call is the same one.
            if hold is None or following is None or following.fingerprint != hold.fingerprint:
                break
            hold = following
        return hold

    async def sealed(self, hold_id: str, *, part: str) -> bytes | None:
        """A sealed part of a hold: `sealed` (the action), `answer` (the upstream's), or another."""
        async with self._guarded():
            value = await self._redis.hget(self._hold_key(hold_id), part)
        return cast(bytes | None, value)

    async def scan(self, cursor: int) -> tuple[int, Sequence[str]]:
        """Ids of some holds, and the cursor of the next ones: a pass from 0 to 0 finds all that stay."""
        async with self._guarded():
            after, found = await self._redis.zscan(self._key("holds"), cursor, count=_SCANNED_AT_ONCE)
        return int(after), [text(name) for name, _ in found]

    async def list(self, *, limit: int = 200) -> Sequence[Hold]:
        """The newest holds first."""
        return await self.several(await self.newest(limit=limit))

    async def newest(self, *, limit: int) -> Sequence[str]:
        """The ids of the newest holds, these first."""
        await self._drop_forgotten()
        async with self._guarded():
            return texts(await self._redis.zrevrange(self._key("holds"), 0, limit - 1))

    async def several(self, ids: Sequence[str]) -> Sequence[Hold]:
        """The holds with these ids, but for those that are gone. One that cannot be read is logged."""
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            for hold_id in ids:
                pipeline.hmget(self._hold_key(hold_id), HOLD_FIELDS)
            found = await pipeline.execute()
        return list(readable(zip(ids, found, strict=True)))

    async def _drop_forgotten(self) -> None:
        """Drop ids that are old enough to be forgotten, and are, from every set that has them."""
        index = self._key("holds")
        async with self._guarded():
            before = await self._now() - self._keep
            old = texts(
                await self._redis.zrange(index, "-inf", before, byscore=True, offset=0, num=_PRUNED_AT_ONCE)
            )
            gone = [i for i in old if not await self._redis.exists(self._hold_key(i))]
            for name in _SETS if gone else ():
                await self._redis.zrem(self._key(name), *gone)

    async def unended(self) -> Sequence[str]:
        """Ids of the holds that may still change, the oldest first."""
        async with self._guarded():
            return texts(await self._redis.zrange(self._key("unended"), 0, -1))

    async def approved(self) -> Sequence[str]:
        """Ids of approved holds that nobody has claimed, the longest waiting first."""
        async with self._guarded():
            return texts(await self._redis.zrange(self._key("approved"), 0, -1))

    async def unknown(self) -> dict[str, timedelta]:
        """Ids of holds whose outcome is unknown, and for how long it has been."""
        async with self._guarded():
            found: Any = await self._redis.zrange(self._key("unknown"), 0, -1, withscores=True)
            now = await self._now() if found else 0
        return {text(hold_id): timedelta(milliseconds=now - float(since)) for hold_id, since in found}

    async def overdue(self) -> Sequence[str]:
        """Ids of holds whose next deadline has passed by the store's own clock."""
        async with self._guarded():
            found = await self._redis.zrangebyscore(self._key("deadlines"), "-inf", await self._now())
        return texts(found)

    async def now(self) -> datetime:
        """The time by the store's own clock."""
        async with self._guarded():
            return datetime.fromtimestamp(await self._now() / 1000, tz=UTC)

    async def _now(self) -> int:
        """Milliseconds of the store's own clock."""
        seconds, micros = await self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def killed(self) -> str | None:
        """Who switched the kill switch on and why, or None while it is off."""
        async with self._guarded():
            value = await self._redis.get(self._key("kill"))
        return None if value is None else text(value)

    async def changes(self) -> AsyncIterator[str]:
        """Ids of holds as they change, from now on; an empty one at the beginning, and while nothing changes.

        Raises StoreUnavailable when the connection ends or the store no longer answers.
        """
        pubsub = self._redis.pubsub()
        try:
            async with self._guarded():
                await pubsub.subscribe(self._key("holds"))
                if await pubsub.get_message(timeout=TIMEOUT) is None:
                    raise StoreUnavailable("the store does not answer: it took no subscription")
            yield ""
            while True:
                async with self._guarded():
                    message = await pubsub.get_message(timeout=TIMEOUT / 2, ignore_subscribe_messages=True)
                if message is None:
                    await self.check()
                yield text(message["data"]) if message else ""
        finally:
            await pubsub.aclose()

    async def check(self) -> None:
        """Raises StoreUnavailable unless the store answers."""
        async with self._guarded():
            await self._redis.ping()

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def _hold_key(self, hold_id: str) -> str:
        return self._key(f"hold:{hold_id}")

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        """Every way in which Redis can fail becomes one exception."""
        try:
            yield
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the store does not answer: {type(error).__name__}") from error
