"""Mutated requests on connections to the sidecar: as many on each as it takes before it closes."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.garden.mutations import Mutated, Operation
from tests.garden.seeds import Place, read

_ANSWER = re.compile(rb"HTTP/1\.1 (?!1)[0-9]{3} ")
_PATIENCE_SECONDS = 8.0
_SEGMENT_PAUSE_SECONDS = 0.002


@dataclass(slots=True)
class Tally:
    """What the clients saw."""

    connections: int = 0
    answers: int = 0
    silent: int = 0
    """Connections on which the sidecar neither answered all nor closed in time."""
    statuses: dict[str, int] = field(default_factory=dict)

    def add(self, answer: bytes) -> int:
        """Count the answers in what came back."""
        found = [one[9:12].decode() for one in _ANSWER.findall(answer)]
        for status in found:
            self.statuses[status] = self.statuses.get(status, 0) + 1
        self.answers += len(found)
        return len(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends to the sidecar on `proxy`, whose own certificates `trust` verifies."""

    proxy: int
    trust: ssl.SSLContext
    tally: Tally

    async def send(self, burst: Sequence[Mutated], place: Place) -> None:
        """Send all of them, on as many connections as that takes."""
        left = list(burst)
        while left:
            together = _together(left)
            came = b""
            with suppress(OSError, asyncio.IncompleteReadError):
                came = await (self._tunnelled(together, place) if place.tunnel else self._plain(together))
            self.tally.connections += 1
            left = left[max(1, _served(together, self.tally.add(came))) :]

    async def _plain(self, together: Sequence[Mutated]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy)
        try:
            await _write(writer, together)
            with suppress(OSError):
                writer.write_eof()
            return await self._read(reader)
        finally:
            writer.transport.abort()

    async def _tunnelled(self, together: Sequence[Mutated], place: Place) -> bytes:
        """TLS has no half-close: a last request says that it is the last."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy)
        try:
            writer.write(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (place.host, place.host))
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await reader.readuntil(b"\r\n\r\n")
                await writer.start_tls(self.trust, server_hostname="localhost")
            await _write(writer, together)
            end = read(place, b"end").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            writer.write(end)
            return await self._read(reader)
        finally:
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        came = bytearray()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while piece := await reader.read(65536):
                    came += piece
        except TimeoutError:
            self.tally.silent += 1
        except OSError:
            pass  # closed on bytes that were still on their way
        return bytes(came)


async def _write(writer: asyncio.StreamWriter, together: Sequence[Mutated]) -> None:
    pending = b""
    for each in together:
        for n, segment in enumerate(each.segments):
            if n:
                writer.write(pending)
                pending = b""
                await asyncio.sleep(_SEGMENT_PAUSE_SECONDS)  # so that they are two segments
            pending += segment
    writer.write(pending)


def _together(left: Sequence[Mutated]) -> list[Mutated]:
    """Those that can share a connection: up to and with one after which nothing can follow."""
    end = next((n for n, each in enumerate(left, 1) if each.last), len(left))
    return list(left[:end])


def _served(together: Sequence[Mutated], answers: int) -> int:
    """How many of them that many answers cover; a cut at the end is covered without one."""
    for n, each in enumerate(together):
        if answers < each.requests:
            ended = n == len(together) - 1 and each.operation is Operation.CUT
            return n + (answers > 0 or ended)
        answers -= each.requests
    return len(together)
