"""Embedded servers for tests: written to, killed, and waited for."""

import asyncio
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from proxy.data_dir.embedded import EmbeddedRedis

type Make = Callable[..., EmbeddedRedis]


@asynccontextmanager
async def supervised(server: EmbeddedRedis) -> AsyncIterator[None]:
    """Run the supervisor while the body runs."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.supervise())
        yield
        task.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; the test fails if it does not within 15 s."""
    async with asyncio.timeout(15):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def write(server: EmbeddedRedis, *keys: str) -> None:
    """Write each key alone, then two more of its name in one transaction."""
    script = "redis.call('set', KEYS[1]..':a', 'v') redis.call('set', KEYS[1]..':b', 'v')"
    async with Redis.from_url(server.url) as client:
        for key in keys:
            await client.set(key, "v")
            await client.eval(script, 1, key)


async def keys(server: EmbeddedRedis) -> set[str]:
    """Read the names of all keys."""
    async with Redis.from_url(server.url, decode_responses=True) as client:
        return {str(key) for key in await client.keys()}


def running(server: EmbeddedRedis) -> int:
    """Return the server's process id, which it must have."""
    assert server.pid is not None
    return server.pid


def exists(pid: int) -> bool:
    """Whether the process is there, be it as a zombie."""
    return Path(f"/proc/{pid}").exists()


def unlocked(folder: Path) -> bool:
    """Whether no server holds the folder."""
    if not folder.exists():
        return True
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


async def kill(server: EmbeddedRedis, folder: Path) -> None:
    """Kill the server as a crash would and wait until it is gone."""
    os.kill(running(server), signal.SIGKILL)
    await until(lambda: unlocked(folder))
