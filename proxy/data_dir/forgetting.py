"""Lets the embedded server's file forget what was deleted: until it is written anew, it still has it."""

import asyncio
import logging

from redis.exceptions import RedisError

from proxy.store.connection import connect

logger = logging.getLogger(__name__)

_EVERY = 3600.0


async def forget(url: str, shredded: asyncio.Event, *, every: float = _EVERY) -> None:
    """Have the append-only file written anew at once, and whenever `shredded` was set; until cancelled.

    At most once in `every` seconds: it costs the server a copy of all that it holds.
    """
    shredded.set()
    async with connect(url) as redis:
        while True:
            await shredded.wait()
            shredded.clear()
            try:
                await redis.bgrewriteaof()
                logger.info("embedded.rewriting")
            except (RedisError, OSError):
                shredded.set()
            await asyncio.sleep(every)
