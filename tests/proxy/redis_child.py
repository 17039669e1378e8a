"""A real server of a test's own: it can be killed, frozen and thawed, and counts its commands."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from redis.asyncio import Redis

from proxy.embedded import EmbeddedRedis

_DEADLINE = 15.0


@dataclass(frozen=True, slots=True)
class RedisChild:
    """The server of one folder."""

    server: EmbeddedRedis

    @property
    def url(self) -> str:
        """Where it listens, or did."""
        return self.server.url

    def kill9(self) -> None:
        """End it as a crash would."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Keep its sockets open and its answers back."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it stood."""
        self._signal(signal.SIGCONT)

    async def revive(self) -> None:
        """Start it again over the same file."""
        await self.server.start()

    async def calls(self, command: str) -> int:
        """How often it has executed `command`."""
        async with Redis.from_url(self.url) as redis:
            found = await redis.info("commandstats")
        counted = found.get(f"cmdstat_{command}", {})
        return int(counted.get("calls", 0))

    def _signal(self, number: int) -> None:
        assert self.server.pid is not None
        with suppress(ProcessLookupError):  # a test may have ended it already
            os.kill(self.server.pid, number)


@asynccontextmanager
async def redis_child() -> AsyncIterator[RedisChild]:
    """A running server on a unix socket, gone afterwards with all it kept."""
    home = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    child = RedisChild(EmbeddedRedis(home / "redis"))
    try:
        await child.revive()
        yield child
    finally:
        child.thaw()
        await child.server.stop()
        shutil.rmtree(home)


async def eventually[T](probe: Callable[[], Awaitable[T]], *, what: str, every: float = 0.01) -> T:
    """What `probe` gives, as soon as that is something true."""
    end = monotonic() + _DEADLINE
    while not (found := await probe()):
        assert monotonic() < end, f"waited {_DEADLINE:g} s for {what}"
        await asyncio.sleep(every)
    return found
