"""Faults from outside, in the middle of requests: a store that dies or stands still, a sidecar that dies."""

import asyncio
import itertools
from collections.abc import Sequence
from enum import StrEnum

import httpx2

from tests.faults.bench import Bench, close
from tests.faults.steps import Way

_AT_ONCE = 12
_PATIENCE_SECONDS = 4.0


class Kill(StrEnum):
    """What is done to which process."""

    STORE = "store killed"
    """kill -9 of Redis; the sidecar starts it again."""
    SIDECAR = "sidecar killed"
    """kill -9 of the sidecar; it is started again."""
    STALL = "store stalled"
    """Redis stands still for longer than its clients wait: each request that needs it times out."""


type Asked = tuple[httpx2.AsyncClient, Way]


async def strike(bench: Bench, kill: Kill, *, after: float) -> int:
    """Send requests, strike after so many seconds, send more; gives how many injections that was."""
    ways = (Way.WRITE, Way.HOLD, Way.READ)
    with bench.clients(patience=_PATIENCE_SECONDS) as clients:
        kinds = itertools.cycle(itertools.product(clients, ways))
        first, more = (list(itertools.islice(kinds, _AT_ONCE)) for _ in range(2))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_ask(bench, first))
            await asyncio.sleep(after)
            injections = await _do(bench, kill, more)
        await close(clients)
    await asyncio.to_thread(bench.revive)
    return injections


async def _ask(bench: Bench, asked: Sequence[Asked]) -> None:
    await asyncio.gather(*(bench.ask(client, way) for client, way in asked))


async def _do(bench: Bench, kill: Kill, more: Sequence[Asked]) -> int:
    """Strike, and send requests while the damage lasts."""
    match kill:
        case Kill.STORE:
            bench.sidecar.kill9_redis()
            await _ask(bench, more)
        case Kill.SIDECAR:
            bench.sidecar.kill9()
            await _ask(bench, more)
            await asyncio.to_thread(bench.sidecar.start)
        case Kill.STALL:
            with bench.sidecar.redis_stopped():
                await _ask(bench, more)
            return sum(way is not Way.READ for _, way in more)
    return 1
