"""The process of a wrapped server: started, spoken to, and always ended."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from proxy.mcp.lines import TooLong, lines

_LEAVE_SECONDS = 3.0
# With it, the server could write decisions into the store that the gate reads.
_WITHHELD = ("REDIS_URL", "SIDEGATE_")


class CannotStart(Exception):
    """the server cannot be started; the message says why and what to do"""


class Child:
    """One server on its standard streams; what it writes to stderr goes to ours unread."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str]) -> "Child":
        """Run `command`. Raises CannotStart."""
        environment = {n: value for n, value in os.environ.items() if not n.startswith(_WITHHELD)}
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no command"
            raise CannotStart(f"`{command[0]}` cannot be started ({why}): correct the command") from error
        return cls(process)

    async def lines(self) -> AsyncIterator[bytes | TooLong]:
        """What the server says, until it ends."""
        assert self._process.stdout is not None  # noqa: S101 (a pipe, as asked for)
        async for line in lines(self._process.stdout):
            yield line

    async def write(self, message: bytes) -> None:
        """Send one message. Raises ConnectionError where the server takes no more."""
        assert self._process.stdin is not None  # noqa: S101 (a pipe, as asked for)
        self._process.stdin.write(message + b"\n")
        await self._process.stdin.drain()

    async def end(self) -> int:
        """Close its input, wait a little, then stop it; returns its exit code, negative for a signal."""
        assert self._process.stdin is not None  # noqa: S101 (a pipe, as asked for)
        self._process.stdin.close()
        for stop in (self._process.terminate, self._process.kill):
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    return await self._process.wait()
            with suppress(ProcessLookupError):
                stop()
        return await self._process.wait()
