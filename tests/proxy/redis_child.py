"""Real servers of a test's own: to be killed, frozen and thawed, or set up in ways of their own."""

import asyncio
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from proxy.data_dir.embedded import EmbeddedRedis, _find_binary
from tests.acceptance.processes import until
from tests.ports import free_port

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
        """End it as a crash would, and return when it is dead."""
        assert self.server.pid is not None
        handle = os.pidfd_open(self.server.pid)
        try:
            self._signal(signal.SIGKILL)
            assert select.select([handle], [], [], _DEADLINE)[0]
        finally:
            os.close(handle)

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


@contextmanager
def redis_server() -> Iterator[str]:
    """A server for many tests, on a unix socket of its own; gives its URL."""
    folder = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    path = folder / "redis.sock"
    command = [_find_binary(), "--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            until(lambda: _pongs(path), deadline=_DEADLINE, what="the server")
            yield f"unix://{path}"
        finally:
            server.terminate()
            server.wait(_DEADLINE)
            shutil.rmtree(folder)


def _pongs(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False


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


@asynccontextmanager
async def redis_with(*settings: str) -> AsyncIterator[str]:
    """A server on a TCP port of loopback with `settings`; gives its URL once it answers."""
    home = tempfile.mkdtemp(prefix="sg", dir="/tmp")
    port = free_port()
    command = (_find_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", home, "--save", "")
    server = await asyncio.create_subprocess_exec(*command, *settings, stdout=asyncio.subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}"
    try:
        await eventually(lambda: _answers(url), what="the server")
        yield url
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()
        shutil.rmtree(home)


async def _answers(url: str) -> bool:
    try:
        async with Redis.from_url(url) as redis:
            return bool(await redis.ping())
    except (RedisError, OSError):
        return False


async def eventually[T](probe: Callable[[], Awaitable[T]], *, what: str, every: float = 0.01) -> T:
    """What `probe` gives, as soon as that is something true."""
    end = monotonic() + _DEADLINE
    while not (found := await probe()):
        assert monotonic() < end, f"waited {_DEADLINE:g} s for {what}"
        await asyncio.sleep(every)
    return found
