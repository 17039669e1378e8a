"""Audit records to a stream in Redis, whose oldest entries go once it is full."""

from collections.abc import Sequence

from redis.asyncio import Redis

from proxy.audit.following import Line

type Value = bytes | bytearray | memoryview[int] | str | int | float
type Entry = dict[Value, Value]


class StreamSink:
    """Adds to the stream `{sidegate:<domain>}:audit`, an entry with chain, number and record each."""

    def __init__(self, redis: Redis, *, domain: str, keep: int, own: bool = False) -> None:
        self._redis, self._keep, self._own = redis, keep, own
        self._key = f"{{sidegate:{domain}}}:audit"

    async def give(self, lines: Sequence[Line]) -> None:
        """Add them. Raises RedisError and OSError."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for line in lines:
                entry: Entry = {"chain": line.record.chain, "seq": line.record.seq, "record": line.text}
                pipeline.xadd(self._key, entry, maxlen=self._keep, approximate=True)
            await pipeline.execute()

    async def close(self) -> None:
        """Leave a Redis of its own."""
        if self._own:
            await self._redis.aclose()
