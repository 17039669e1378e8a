"""An MCP server whose tool `echo` costs next to nothing, so that what is measured is the way to it.

Run as a process of its own: `python -m tests.bench.echo`, or with `PORT CERT KEY` over HTTP with TLS.
"""

import asyncio
import json
import ssl
import sys
from typing import Any

VERSION = "2025-11-25"
PATHS = {"HTTP": "/mcp", "HTTP, event stream": "/events"}
"""Where the answer is a document, and where it is a stream of one event."""

_TOOL = {
    "name": "echo",
    "description": "Says the same.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
}


def answer(line: bytes) -> bytes | None:
    """What the server says to one message."""
    message = json.loads(line)
    if "id" not in message:
        return None
    result: dict[str, Any]
    match message["method"]:
        case "initialize":
            info = {"name": "echo", "version": "1"}
            result = {"protocolVersion": VERSION, "capabilities": {"tools": {}}, "serverInfo": info}
        case "tools/list":
            result = {"tools": [_TOOL]}
        case _:
            text = message["params"]["arguments"]["text"]
            result = {"content": [{"type": "text", "text": text}], "isError": False}
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()


class Http(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport: asyncio's call."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer: asyncio's call."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = int(fields.get(b"content-length", b"0"))
            if len(rest) < length:
                return
            body, self._buffer = rest[:length], rest[length:]
            self._transport.write(_response(head.split(b" ")[1], answer(body) if body else None))


def _response(path: bytes, said: bytes | None) -> bytes:
    if said is None:
        return b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"
    if path == b"/events":
        event = b"event: message\ndata: " + said + b"\n\n"
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(event), event)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(said)
    return head + said


async def _serve(port: int, context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Http, "127.0.0.1", port, ssl=context)
    async with server:
        await server.serve_forever()


def main(arguments: list[str]) -> None:
    """Serve where the arguments say."""
    if not arguments:
        for line in sys.stdin.buffer:
            if (said := answer(line)) is not None:
                sys.stdout.buffer.write(said + b"\n")
                sys.stdout.buffer.flush()
        return
    port, certificate, key = arguments
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asyncio.run(_serve(int(port), context))


if __name__ == "__main__":
    main(sys.argv[1:])
