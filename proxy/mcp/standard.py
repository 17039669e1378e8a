"""The standard streams of a wrapped server's client, whatever they are: pipes, a terminal or files."""

import asyncio
import os
import select
import shutil
from contextlib import suppress
from threading import Thread
from typing import BinaryIO

from proxy.mcp.session import Say


async def streams(source: BinaryIO, sink: BinaryIO) -> tuple[asyncio.StreamReader, Say]:
    """What the client writes, and how it is told something; the loop closes what it is given."""
    return await _reader(source if _awaited(source) else _piped(source)), await _say(sink)


async def _reader(source: BinaryIO) -> asyncio.StreamReader:
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    return reader


async def _say(sink: BinaryIO) -> Say:
    if not _awaited(sink):
        return _writer(sink)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sink)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)

    async def say(message: bytes) -> None:
        # An agent that has gone is seen where it is read from.
        with suppress(ConnectionError):
            writer.write(message + b"\n")
            await writer.drain()

    return say


def _writer(sink: BinaryIO) -> Say:
    async def say(message: bytes) -> None:
        sink.write(message + b"\n")
        sink.flush()

    return say


def _awaited(stream: BinaryIO) -> bool:
    """Whether the loop can wait for it: the kernel refuses that of files and of /dev/null."""
    with select.epoll() as poll:
        try:
            poll.register(stream.fileno())
        except PermissionError:
            return False
    return True


def _piped(source: BinaryIO) -> BinaryIO:
    """A pipe that carries what is in `source`, and ends as it does."""
    ours, theirs = os.pipe()

    def carry() -> None:
        with source, suppress(BrokenPipeError), os.fdopen(theirs, "wb") as sink:
            shutil.copyfileobj(source, sink)

    Thread(target=carry, daemon=True).start()
    return os.fdopen(ours, "rb")
