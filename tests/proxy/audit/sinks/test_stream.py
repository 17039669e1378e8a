"""Records to a stream in a real Redis."""

from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Gone

from proxy.audit.sinks.stream import StreamSink
from proxy.store.connection import connect
from tests.proxy.audit.sinks.fed import lines
from tests.rules.audit.chains import chain

pytestmark = pytest.mark.observe


async def test_each_is_an_entry(redis: Redis) -> None:
    """With its chain and number, by which twice is told; the oldest go once it is full."""
    sink = StreamSink(redis, domain="of-a-stream", keep=100)
    await sink.give(lines(20))
    await sink.close()
    entries: Any = await redis.xrange("{sidegate:of-a-stream}:audit")
    assert [entry[b"record"] for _, entry in entries] == chain(20)
    assert entries[6][1][b"seq"] == b"7"
    assert entries[6][1][b"chain"] == b"serve-1"
    for _ in range(20):
        await sink.give(lines(50))
    assert await redis.xlen("{sidegate:of-a-stream}:audit") < 400


async def test_a_redis_that_is_gone_is_an_error() -> None:
    """And is waited for nowhere else."""
    sink = StreamSink(connect("unix:///nowhere/redis.sock"), domain="d", keep=1000, own=True)
    with pytest.raises((Gone, OSError)):
        await sink.give(lines(1))
    await sink.close()
