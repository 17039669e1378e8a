"""A recording HTTPS upstream on loopback, in a thread with its own event loop."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from tests.acceptance import http1, http2
from tests.acceptance.authority import Leaf
from tests.acceptance.received import Ledger, Received, Stage, StopGuard

_HOST = "127.0.0.1"
_HANDSHAKE_SECONDS = 10.0
_CLOSING_SECONDS = 2.0
_HEAD_LIMIT = 1 << 16
_UNREAD_LIMIT = 1 << 15


class Upstream:
    """A real server that answers by script and keeps what it executed.

    The script (`answers`): GET /bytes/<n>, /stream/<n>, /echo, /events?n=&interval=; any POST gets
    201 with a counter; any method on /slow?seconds=, /hang, /half, /close and /status/<code>.
    """

    def __init__(self, leaf: Leaf, *, alpn: Sequence[str] = ("http/1.1",)) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(leaf.chain, leaf.key)
        self._context.set_alpn_protocols(list(alpn))
        self._ledger = Ledger()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="upstream")
        self._opened: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()
        self._stopping = asyncio.Event()
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        self._running = self._thread.submit(asyncio.run, self._run())
        either: tuple[Future[Any], ...] = (self._opened, self._running)
        wait(either, return_when=FIRST_COMPLETED)
        if self._running.done():
            self._running.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cut every line and end; an error of the upstream's own comes out here."""
        _, loop = self._opened.result()
        with suppress(RuntimeError):  # the loop is closed already when the server itself failed
            loop.call_soon_threadsafe(self._stopping.set)
        self._thread.shutdown()
        assert self._running is not None
        self._running.result()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return self._opened.result()[0]

    def url(self, path: str = "/", *, host: str = "localhost") -> str:
        """An address of this upstream."""
        return f"https://{host}:{self.port}{path}"

    @property
    def executed(self) -> list[Received]:
        """The requests that were received whole, in order."""
        return self._ledger.executed

    @property
    def fragments(self) -> list[bytes]:
        """Bytes of requests that were not executed: malformed, or cut short by the sender."""
        return self._ledger.fragments

    @property
    def connections(self) -> int:
        """How many TCP connections were accepted, whether or not TLS came up on them."""
        return self._ledger.connections

    def select(self, method: str | None = None, path: str | None = None) -> list[Received]:
        """The executed requests of that method and path (without query); None stands for any."""
        return self._ledger.select(method, path)

    def count(self, method: str | None = None, path: str | None = None) -> int:
        """How many such requests were executed."""
        return len(self._ledger.select(method, path))

    def wait_for(
        self,
        count: int,
        *,
        method: str | None = None,
        path: str | None = None,
        deadline: float = 10,
    ) -> list[Received]:
        """Block until at least `count` such requests were executed; return them."""
        return self._ledger.wait_for(count, method=method, path=path, deadline=deadline)

    def stop_at(self, stage: Stage, *, method: str = "POST", path: str) -> StopGuard:
        """Hold matching requests at a stage: `with upstream.stop_at(...) as stop: stop.wait()`."""
        return self._ledger.stop_at(stage, method=method, path=path)

    async def _run(self) -> None:
        with socket.create_server((_HOST, 0)) as listener:
            listener.setblocking(False)
            # Little may lie unread in the socket, so that a sender can be caught in the middle of a body.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD_LIMIT)
            async with asyncio.TaskGroup() as tasks:
                accepting = tasks.create_task(self._accept(listener))
                self._opened.set_result((listener.getsockname()[1], asyncio.get_running_loop()))
                await self._stopping.wait()
                accepting.cancel()

    async def _accept(self, listener: socket.socket) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
                tasks.create_task(self._welcome(accepted))

    async def _welcome(self, accepted: socket.socket) -> None:
        connection = self._ledger.open_connection()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_HEAD_LIMIT)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_CLOSING_SECONDS,
            )
        except OSError:
            return  # no TLS, or a certificate that the sender does not trust
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        await self._serve(reader, writer, connection=connection)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, connection: int
    ) -> None:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        converse = http2.converse if tls.selected_alpn_protocol() == "h2" else http1.converse
        try:
            await converse(reader, writer, ledger=self._ledger, connection=connection)
            writer.close()
            async with asyncio.timeout(2 * _CLOSING_SECONDS):
                await writer.wait_closed()
        except OSError:
            pass  # the sender left in the middle of an answer
        finally:
            writer.transport.abort()  # a sender with a pool would not answer the TLS goodbye
