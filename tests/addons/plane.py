"""The real data plane in a thread, with a gate that answers by script, and plain clients for it."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from addons.exchange import Passage, Request, Tunnel
from rules.message import Message
from rules.reply import Reply, refused
from rules.verdict import ReasonId, Refusal
from tests.addons.tally import Tally

with warnings.catch_warnings():
    # What mitmproxy's filter language is written with has given up the names it uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    from proxy.serving.data_plane import DataPlane

SECONDS = 10.0

type Verdict = Callable[[Request], Awaitable[Passage | Reply]]


@dataclass(slots=True, kw_only=True)
class Script:
    """A gate: `verdict` decides, everything asked and everything failed is kept."""

    verdict: Verdict
    tunnel: Callable[[str, int], Tunnel | Reply] = lambda _host, _port: Tunnel()
    asked: list[Message] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    async def admit(self, request: Request) -> Passage | Reply:
        """Ask the script."""
        self.asked.append(request.message)
        return await self.verdict(request)

    def at_once(self, request: Request) -> Passage | Reply | None:
        """Settle nothing on the spot."""
        return None

    async def connect(self, host: str, port: int) -> Tunnel | Reply:
        """Ask the script."""
        return self.tunnel(host, port)

    def failed(self, error: Exception) -> Reply:
        """503, as the real gate says it."""
        self.failures.append(error)
        return refused(Refusal(reason_id=ReasonId.GATE_FAILED, reason="the gate failed", status=503))

    def refused(self, refusal: Refusal, /, *, event: str = "request.refused", **facts: object) -> Reply:
        """Count it, for the adapters."""
        return self.tally(refusal, event=event, **facts)


def to(port: int) -> Verdict:
    """Let everything through to this port of 127.0.0.1."""

    async def verdict(_: Request) -> Passage:
        return Passage(address=("127.0.0.1", port))

    return verdict


class Plane:
    """A running data plane. `folder` keeps its certificate authority."""

    def __init__(self, gate: Script, *, folder: Path, trust: Path) -> None:
        self.gate = gate
        self.ca = folder / "mitmproxy-ca-cert.pem"
        self._folder = folder
        self._trust = trust
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="plane")
        self._started: Future[DataPlane] = Future()
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        self._running = self._thread.submit(asyncio.run, self._run())
        self._started.result(timeout=SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.data_plane.stop()
        assert self._running is not None
        self._running.result(timeout=SECONDS)
        self._thread.shutdown()

    @property
    def data_plane(self) -> DataPlane:
        """The real thing."""
        return self._started.result()

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        assert self.data_plane.address is not None
        return self.data_plane.address[1]

    @property
    def busy(self) -> int:
        """How many requests are under way."""
        return self.data_plane.traffic.busy

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self.data_plane._proxyserver.connections)

    def take(self, listening: socket.socket, *, captured: bool) -> None:
        """Serve on a further socket."""
        serving = self.data_plane.take(listening, captured=captured)
        asyncio.run_coroutine_threadsafe(serving, self.data_plane._master.event_loop).result(SECONDS)

    def dial(self) -> socket.socket:
        """A plain connection to the proxy."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    @property
    def transports(self) -> int:
        """How many sockets are open, to clients and to upstreams."""
        handlers = self.data_plane._proxyserver.connections.values()
        return sum(len(handler.transports) for handler in handlers)

    def tunnel(self, host: str, port: int, *, through: socket.socket | None = None) -> socket.socket:
        """A connection through which a CONNECT has gone; closed with an error if it was refused."""
        plain = through or self.dial()
        plain.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        head = read_until(plain, b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            plain.close()
            raise ConnectionRefusedError(head)
        return plain

    def dial_tls(
        self,
        port: int,
        *,
        host: str = "localhost",
        alpn: tuple[str, ...] = ("http/1.1",),
        through: socket.socket | None = None,
    ) -> ssl.SSLSocket:
        """A TLS connection through a tunnel to `host` and `port`."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.set_alpn_protocols(list(alpn))
        return context.wrap_socket(self.tunnel(host, port, through=through), server_hostname=host)

    async def _run(self) -> None:
        plane = DataPlane(
            self.gate, listen=("127.0.0.1", 0), authority=self._folder, upstream_trust=self._trust
        )

        async def started() -> None:
            self._started.set_result(plane)

        await plane.run(started)
        async with asyncio.timeout(SECONDS):
            await plane.close()
            await self._end_connections()

    async def _end_connections(self) -> None:
        """Leave no socket for the interpreter to complain about."""
        handlers = self.data_plane._proxyserver.connections
        while handlers:
            for handler in list(handlers.values()):
                for transport in list(handler.transports.values()):
                    if transport.handler is not None:
                        transport.handler.cancel()
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """Read through `end`, or to the end of the connection."""
    data = b""
    while not data.endswith(end) and (piece := connection.recv(1 if end else 65536)):
        data += piece
    return data


def read_all(connection: socket.socket) -> bytes:
    """Read to the end of the connection, however it ends."""
    data = b""
    while True:
        try:
            piece = connection.recv(65536)
        except (ssl.SSLEOFError, ConnectionResetError):
            return data
        if not piece:
            return data
        data += piece


def eventually(holds: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    """Wait until `holds`, with a deadline."""
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end, "did not come true in time"
        sleep(0.01)


def resident_bytes() -> int:
    """Memory of this process, in which the plane and the test's upstream run."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def until_stable() -> None:
    """Until memory has not grown for a while, or has grown beyond all doubt."""
    seen = [resident_bytes()]

    def stable() -> bool:
        seen.append(resident_bytes())
        return seen[-1] > seen[0] + 64 * 1024 * 1024 or seen[-50:].count(seen[-1]) == 50

    eventually(stable)
