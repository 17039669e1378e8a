"""What mitmproxy's connection handling does not do by itself, done on its handlers."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.proxy import commands

from addons.traffic import Traffic

if TYPE_CHECKING:  # whoever makes one has imported it, and only that of mitmproxy's addons
    from mitmproxy.addons.proxyserver import Proxyserver

_MAX_UPSTREAM_CONNECTIONS = 100
"""At once, for one client and one address: as many as a client may have HTTP/2 streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Whether to go on reading what `server` sends for `client`."""

    client: Client
    server: Server
    paused: bool


@dataclass
class ThrottleHook(commands.StartHook):
    """Asks the `throttle` hook below; nothing waits for it."""

    flow: Flow
    blocking = False


class Connections:
    """Widens a limit, stops upstreams that are too fast, and cleans up after a client."""

    name = "sidegate.connections"

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._proxyserver: Proxyserver | None = None

    def load(self, loader: Loader) -> None:
        """Find the server whose connections these are."""
        self._proxyserver = loader.master.addons.get("proxyserver")

    def client_connected(self, client: Client) -> None:
        """Let more than mitmproxy's five upstream connections be open at once."""
        if self._proxyserver is not None:
            handler = self._proxyserver.connections[client.id]
            handler.max_conns = defaultdict(lambda: asyncio.Semaphore(_MAX_UPSTREAM_CONNECTIONS))

    def throttle(self, flow: Flow) -> None:
        """Stop or go on reading, so that memory does not fill with what a client does not take."""
        handler = self._proxyserver.connections.get(flow.client.id) if self._proxyserver else None
        known = handler.transports.get(flow.server) if handler else None
        transport = (
            known.writer.transport if known and isinstance(known.writer, asyncio.StreamWriter) else None
        )
        if isinstance(transport, asyncio.Transport):
            (transport.pause_reading if flow.paused else transport.resume_reading)()

    def client_disconnected(self, client: Client) -> None:
        """See to it that nothing outlives the client.

        mitmproxy 12.2 ends a connection by cancelling the task that reads it. A task that is just then
        handing over what it has read ends without closing its socket and without telling the layers.
        """
        client.state = ConnectionState.CLOSED
        self._traffic.forget(client.id)
        handler = self._proxyserver.connections.get(client.id) if self._proxyserver else None
        for transport in handler.transports.values() if handler else ():
            if transport.writer is not None:
                transport.writer.close()
