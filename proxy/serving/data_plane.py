"""mitmproxy as a part: its connection handling, TLS and modes, with only the addons that a gate needs."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from weakref import WeakSet

from mitmproxy.options import Options
from mitmproxy.proxy.mode_servers import ServerInstance
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.default_deny import DefaultDeny
from addons.enforce import Enforce
from addons.exchange import Admit, Served
from addons.traffic import Traffic
from proxy.serving.lean import bare_package

# It imports all of mitmproxy's addons, a web application among them: 12 MB, and a tenth of the start.
with bare_package("mitmproxy.addons"):
    from mitmproxy.addons.proxyserver import Proxyserver
    from mitmproxy.addons.tlsconfig import TlsConfig
    from mitmproxy.master import Master

logger = logging.getLogger(__name__)


class DataPlane:
    """The agents' listener. It serves while `run` runs."""

    def __init__(
        self,
        gate: Admit,
        *,
        listen: tuple[str, int],
        authority: Path,
        upstream_trust: Path,
        served: Served | None = None,
    ) -> None:
        self.traffic = Traffic()
        default_deny = DefaultDeny(self.traffic, served=served)
        self._master = Master(Options())
        self._proxyserver = Proxyserver()
        self._tls = TlsConfig()
        self._taken: WeakSet[asyncio.Server] = WeakSet()
        self._master.addons.add(
            self._proxyserver,
            default_deny,
            self._tls,
            Enforce(gate, default_deny, self.traffic),
        )
        self._master.options.update(
            mode=["regular"],
            listen_host=listen[0],
            listen_port=listen[1],
            confdir=str(authority),
            # INVARIANT: no connection upstream before a verdict, no protocol without one.
            connection_strategy="lazy",
            rawtcp=False,
            websocket=False,
            http3=False,
            ssl_insecure=False,
            upstream_cert=False,
            validate_inbound_headers=True,
            store_streamed_bodies=False,
            ssl_verify_upstream_trusted_ca=str(upstream_trust),
        )

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it listens, once it does."""
        found = self._proxyserver.listen_addrs()
        return (found[0][0], found[0][1]) if found else None

    async def run(self, started: Callable[[], Awaitable[None]]) -> None:
        """Listen, call `started`, and serve until `stop`; returns at once if it cannot listen."""
        self._master.addons.add(_Running(self, started))
        await self._master.run()

    async def take(self, listening: socket.socket, *, captured: bool) -> asyncio.Server:
        """Serve as well on `listening`. `captured`: its connections were redirected there.

        Where a connection was addressed to is the kernel's word, asked of the connection's own socket; so it
        does not matter in which network namespace `listening` was made.
        """
        mode = ProxyMode.parse("transparent" if captured else "regular")
        instance: ServerInstance[ProxyMode] = ServerInstance.make(mode, self._proxyserver)
        server = await asyncio.start_server(instance.handle_stream, sock=listening)
        self._taken.add(server)
        return server

    def sign_anew(self) -> None:
        """Sign with the authority that the folder has now; what was signed before is kept no longer."""
        self._tls.configure({"confdir"})

    async def close(self) -> None:
        """Take no new connections; those that are open go on."""
        for server in self._taken:
            server.close()
        await self._proxyserver.servers.update([])

    def stop(self) -> None:
        """End everything; connections that are still open ask in vain."""
        self.traffic.closed = True
        self._master.shutdown()


class _Running:
    """Tells that mitmproxy is up."""

    name = "sidegate.running"

    def __init__(self, plane: DataPlane, started: Callable[[], Awaitable[None]]) -> None:
        self._plane = plane
        self._started = started

    async def running(self) -> None:
        """Called once, when mitmproxy has tried to open its listener."""
        if self._plane.address is None:
            self._plane.stop()
        else:
            await self._started()
