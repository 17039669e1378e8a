"""A small TLS server: timed events, and what nginx serves where nginx is missing.

Run as a process of its own: `python -m tests.bench.origin PORT CERT KEY ITEM BIG_BYTES`.
"""

import asyncio
import ssl
import sys
import time
from pathlib import Path

EVENT_COUNT = 10
EVENT_GAP_SECONDS = 0.05
BLOCK = bytes(256 * 1024)


class Origin(asyncio.Protocol):
    """One connection: `/events` streams timed events, `/big` sends zeros, all else is the item."""

    def __init__(self, item: bytes, big_bytes: int) -> None:
        self._item = answer_head("application/json", f"content-length: {len(item)}") + item
        self._big_bytes = big_bytes
        self._buffer = b""
        self._left = 0
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport: asyncio's call."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request head in the buffer: asyncio's call."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._answer(head.split(b" ")[1])

    def pause_writing(self) -> None:
        """Stop sending zeros until the client has read: asyncio's call."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on sending zeros: asyncio's call."""
        self._paused = False
        self._send_zeros()

    def _answer(self, path: bytes) -> None:
        if path == b"/events":
            self._transport.write(answer_head("text/event-stream", "transfer-encoding: chunked"))
            self._send_event(EVENT_COUNT)
        elif path == b"/big":
            length = f"content-length: {self._big_bytes}"
            self._transport.write(answer_head("application/octet-stream", length))
            self._left = self._big_bytes
            self._send_zeros()
        else:
            self._transport.write(self._item)

    def _send_event(self, left: int) -> None:
        if self._transport.is_closing():
            return
        event = b"data: %d\n\n" % time.monotonic_ns()
        self._transport.write(b"%x\r\n%s\r\n" % (len(event), event))
        if left == 1:
            self._transport.write(b"0\r\n\r\n")
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(EVENT_GAP_SECONDS, self._send_event, left - 1)

    def _send_zeros(self) -> None:
        while self._left and not self._paused and not self._transport.is_closing():
            block = BLOCK[: self._left]
            self._left -= len(block)
            self._transport.write(block)


def answer_head(content_type: str, framing: str) -> bytes:
    """Return the head of a 200 answer with one framing header."""
    return f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n\r\n".encode()


async def serve(port: int, context: ssl.SSLContext, *, item: bytes, big_bytes: int) -> None:
    """Answer on 127.0.0.1 until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Origin(item, big_bytes), "127.0.0.1", port, ssl=context)
    async with server:
        await server.serve_forever()


def main(arguments: list[str]) -> None:
    """Start the server from its five arguments."""
    port, certificate, key, item, big_bytes = arguments
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    body = Path(item).read_bytes()
    asyncio.run(serve(int(port), context, item=body, big_bytes=int(big_bytes)))


if __name__ == "__main__":
    main(sys.argv[1:])
