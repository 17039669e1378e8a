"""A data plane that must not be asked, and one that keeps what it is given."""

import asyncio
import socket
from dataclasses import dataclass, field


class Nobody:
    """No connection of this test is for the gate."""

    async def take(self, listening: socket.socket, *, captured: bool) -> asyncio.Server:
        """Fail."""
        raise AssertionError("the gate was asked")


@dataclass(slots=True)
class Greeter:
    """Says to each connection whether it was captured, until it is closed."""

    taken: list[tuple[int, bool]] = field(default_factory=list)

    async def take(self, listening: socket.socket, *, captured: bool) -> asyncio.Server:
        """Serve."""
        self.taken.append((listening.getsockname()[1], captured))

        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"captured" if captured else b"proxy")
            writer.close()

        return await asyncio.start_server(greet, sock=listening)
