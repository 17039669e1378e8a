"""Steps that replicas have to confirm, against a real server with a real replica."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from proxy.store.connection import connect
from proxy.store.record import Unconfirmed
from proxy.store.store import Store
from rules.hold import Event, State
from tests.proxy.drafts import PATIENT, brought, draft
from tests.proxy.redis_child import eventually, redis_with


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[str, str]]:
    """A master and its replica that has caught up."""
    async with redis_with("--repl-diskless-sync-delay", "0") as master:
        host, port = master.removeprefix("redis://").split(":")
        async with redis_with("--replicaof", f"{host} {port}") as replica:
            await eventually(lambda: _linked(replica), what="the replica")
            yield master, replica


async def _linked(replica: str) -> bool:
    async with Redis.from_url(replica) as redis:
        found = await redis.info("replication")
    return bool(found["master_link_status"] == "up")


def store(redis: Redis, *, replicas: int = 1) -> Store:
    """A store that wants so many confirmations."""
    return Store(redis, domain="copied", clocks=PATIENT, replicas=replicas)


async def test_a_confirmed_step_is_on_the_replica() -> None:
    """When the step returns, the server that could take over has it."""
    async with pair() as (master, replica):
        redis, copy = connect(master), connect(replica)
        hold = await brought(store(redis), State.SENDING)
        found = await store(copy).find(hold.hold_id)
        await store(redis).kill("stop")
        assert found == hold
        assert await store(copy).killed() == "stop"
        await asyncio.gather(redis.aclose(), copy.aclose())


async def test_without_its_replica_nothing_is_confirmed() -> None:
    """Each step that somebody is told of says so; what only ends or gives back is not waited for."""
    async with pair() as (master, replica):
        redis, copy = connect(master), connect(replica)
        holds = store(redis)
        pending, sending = await brought(holds, State.PENDING), await brought(holds, State.SENDING)
        await copy.replicaof("NO", "ONE")
        with pytest.raises(Unconfirmed, match="0 of 1 replicas"):
            await holds.step(pending, Event.APPROVE)
        with pytest.raises(Unconfirmed):
            await holds.open(draft())
        with pytest.raises(Unconfirmed):
            await holds.kill("stop")
        assert (await holds.step(sending, Event.WITHDRAW, fence=sending.fence)).state is State.APPROVED
        await asyncio.gather(redis.aclose(), copy.aclose())


async def test_more_than_there_are() -> None:
    """Two confirmations cannot come from one replica; a step that was made before is not confirmed either."""
    async with pair() as (master, _):
        redis = connect(master)
        hold = await brought(store(redis), State.SENDING)
        wary = store(redis, replicas=2)
        for _ in range(2):
            with pytest.raises(Unconfirmed, match="1 of 2 replicas"):
                await wary.step(hold, Event.LOSE, fence=hold.fence, confirm=True)
        await redis.aclose()
