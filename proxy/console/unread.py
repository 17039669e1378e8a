"""An answer to a body that nobody read: the sender hears it, and cannot keep the connection busy."""

import asyncio

from starlette.types import Message, Receive, Scope, Send

_MOST_BYTES = 64 * 1024
_SECONDS = 1.0


class Unread:
    """`receive` and `send` of one request.

    Where the answer comes before the body's end, a little of the rest is read and thrown away: a
    connection that is closed over unread bytes is reset, and the answer is lost with it. What is longer
    or slower than that closes the connection, because the server would read on for as long as it lasts.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        headers = {name.lower(): value for name, value in scope["headers"]}
        self._left = b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"

    async def receive(self) -> Message:
        """The next part of the body, or that the sender is gone."""
        message = await self._receive()
        self._left = self._left and bool(message.get("more_body"))
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if self._left and message["type"] == "http.response.start":
            await self._drop()
            if self._left:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await self._send(message)

    async def _drop(self) -> None:
        """Read on, within bounds."""
        dropped = 0
        try:
            async with asyncio.timeout(_SECONDS):
                while self._left and dropped <= _MOST_BYTES:
                    dropped += len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
