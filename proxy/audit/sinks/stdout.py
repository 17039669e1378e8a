"""Audit records to standard output, one line each, for whoever collects what a container says."""

import asyncio
import os
import select
from collections.abc import Sequence
from time import monotonic

from proxy.audit.following import Line
from proxy.channels.outgoing import Untold

_AT_ONCE = 4096
"""A pipe that is writable takes so much without making anybody wait (PIPE_BUF)."""
_PATIENCE = 5.0


class StdoutSink:
    """Writes to a file descriptor, and never longer than its reader reads."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._rest = b""
        """What is left of a line that was begun."""

    async def give(self, lines: Sequence[Line]) -> None:
        """Write them. Raises Untold and OSError."""
        await asyncio.to_thread(self._write, [line.text + b"\n" for line in lines])

    def _write(self, texts: Sequence[bytes]) -> None:
        end = monotonic() + _PATIENCE
        # What was begun is ended first, though all of it is said again.
        self._end(end)
        for text in texts:
            self._wait(end)
            self._rest = text
            self._end(end)

    def _end(self, end: float) -> None:
        while self._rest:
            self._wait(end)
            written = os.write(self._descriptor, self._rest[:_AT_ONCE])
            self._rest = self._rest[written:]

    def _wait(self, end: float) -> None:
        """Until it can be written to; it stays blocking, for others may write to the same pipe."""
        ready = select.poll()
        ready.register(self._descriptor, select.POLLOUT)
        if not ready.poll(max(0.0, end - monotonic()) * 1000):
            raise Untold("nobody reads the standard output")

    async def close(self) -> None:
        """Write no more; it stays open for others."""
