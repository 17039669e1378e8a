"""The connection to Redis."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

TIMEOUT = 2.0
"""Seconds in which a command has to be answered."""
CONNECTIONS = 64


def connect(url: str) -> Redis:
    """A client that never repeats a command by itself: a repeated change would be a second change.

    Callers beyond the pool's size queue for a connection; the client's usual pool would fail them.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
    )
    return Redis.from_pool(pool)
