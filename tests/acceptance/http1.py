"""HTTP/1.1 for the upstream, by hand: it keeps every byte of a request as it came."""

import asyncio
import datetime
import http
import string
from collections.abc import AsyncGenerator
from contextlib import aclosing

from tests.acceptance.answers import Ending, Reply, reply_to
from tests.acceptance.received import Ledger, Received, Stage

_IDLE_SECONDS = 300.0
_WRITE_SECONDS = 120.0


async def converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    ledger: Ledger,
    connection: int,
) -> None:
    """Read and answer requests until either side ends the connection."""
    open_for_more = True
    while open_for_more:
        tape = Tape(reader)
        try:
            received = await _read_head(tape, connection=connection)
            await ledger.reach(Stage.HEAD, received)
            body = await _read_body(tape, received, writer=writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            ledger.discard(tape.kept)
            return
        except ValueError:
            ledger.discard(tape.kept)
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        raw_body = tape.kept[len(received.head) :]
        received = ledger.execute(received, body=body, raw_body=raw_body)
        open_for_more = await _answer_one(received, ledger=ledger, reader=reader, writer=writer)


class Tape:
    """Reads from a stream and keeps what it read."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.kept = b""

    async def line(self) -> bytes:
        """Read up to and with the next CRLF; return the line without it."""
        return (await self._keep_until(b"\r\n"))[:-2]

    async def head(self) -> bytes:
        """Read up to and with the empty line."""
        return await self._keep_until(b"\r\n\r\n")

    async def exactly(self, count: int) -> bytes:
        """Read so many bytes."""
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                piece = await self._reader.readexactly(count)
        except asyncio.IncompleteReadError as error:
            self.kept += error.partial
            raise
        self.kept += piece
        return piece

    async def _keep_until(self, mark: bytes) -> bytes:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                piece = await self._reader.readuntil(mark)
        except asyncio.IncompleteReadError as error:
            self.kept += error.partial
            raise
        self.kept += piece
        return piece


async def _read_head(tape: Tape, *, connection: int) -> Received:
    head = await tape.head()
    request_line, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, version = request_line.split(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise ValueError("unknown version")
    return Received(
        connection=connection,
        protocol=version.lower(),
        method=method,
        target=target,
        headers=tuple(_field(line) for line in lines),
        at=datetime.datetime.now(datetime.UTC),
        head=head,
    )


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or name != name.strip() or not name:
        raise ValueError("malformed header")
    return name, value.strip(" \t")


async def _read_body(tape: Tape, received: Received, *, writer: asyncio.StreamWriter) -> bytes:
    if "100-continue" in received.values("expect"):
        await _send(writer, b"HTTP/1.1 100 Continue\r\n\r\n")
    codings, lengths = received.values("transfer-encoding"), received.values("content-length")
    if codings and (codings != ["chunked"] or lengths):
        raise ValueError("ambiguous framing")
    if codings:
        body = await _read_chunks(tape)
    elif lengths:
        body = await tape.exactly(_length(lengths))
    else:
        body = b""
    return body


def _length(values: list[str]) -> int:
    if len(values) != 1 or not (values[0].isascii() and values[0].isdigit()):
        raise ValueError("ambiguous length")
    return int(values[0])


async def _read_chunks(tape: Tape) -> bytes:
    body = b""
    while size := _chunk_size(await tape.line()):
        body += await tape.exactly(size)
        if await tape.line():
            raise ValueError("chunk longer than its size")
    while await tape.line():
        pass  # trailers stay in `raw_body` only
    return body


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].decode("latin-1")
    if not digits or digits.strip(string.hexdigits):
        raise ValueError("malformed chunk size")
    return int(digits, 16)


async def _answer_one(
    received: Received,
    *,
    ledger: Ledger,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> bool:
    """Answer one request as scripted; tell whether the connection stays open."""
    await ledger.reach(Stage.RECEIVED, received)
    reply = reply_to(received)
    await asyncio.sleep(reply.delay)
    if reply.ending is Ending.HANG:
        await reader.read(1)  # returns when the sender gives up
    if reply.ending in (Ending.HANG, Ending.CLOSE):
        return False
    await _write(reply, received, writer=writer)
    await ledger.reach(Stage.ANSWERED, received)
    closes = received.protocol == "http/1.0" or "close" in received.values("connection")
    return reply.ending is Ending.COMPLETE and not closes


async def _write(reply: Reply, received: Received, *, writer: asyncio.StreamWriter) -> None:
    bodiless = received.method == "HEAD" or reply.status in (204, 304)
    await _send(writer, _head_of(reply))
    if bodiless:
        return
    if reply.ending is Ending.HALF:
        async with aclosing(reply.chunks()) as chunks:
            first = await anext(chunks)
        await _send(writer, first[: len(first) // 2])
        return
    async with aclosing(_framed(reply)) as pieces:
        async for piece in pieces:
            await _send(writer, piece)


def _head_of(reply: Reply) -> bytes:
    fields = list(reply.headers)
    if reply.length is None:
        fields.append(("Transfer-Encoding", "chunked"))
    elif reply.status != 204:
        fields.append(("Content-Length", str(reply.length)))
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Scripted"


async def _framed(reply: Reply) -> AsyncGenerator[bytes]:
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            yield chunk if reply.length is not None else b"%x\r\n%b\r\n" % (len(chunk), chunk)
    if reply.length is None:
        yield b"0\r\n\r\n"


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    async with asyncio.timeout(_WRITE_SECONDS):
        await writer.drain()
