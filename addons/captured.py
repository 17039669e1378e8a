"""Connections that were redirected here: they go where their client names, not where they were addressed.

What an agent's packets were addressed to is its own word. In TLS the server name decides, in clear the Host
header of each request; the gate resolves that name by itself, and checks where it leads. The port is the
one that was addressed.
"""

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakSet

from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy.mode_specs import TransparentMode
from mitmproxy.tls import ClientHelloData

from addons.exchange import Refuse
from rules.request.authority import canonical_host
from rules.verdict import ReasonId, Refusal

if TYPE_CHECKING:
    from mitmproxy.addons.proxyserver import Proxyserver

SILENCE_SECONDS = 10.0
"""A client that has said nothing for so long waits for its server to begin, as no HTTP client does."""

_SILENT = Refusal(
    reason_id=ReasonId.PROTOCOL_REFUSED,
    reason="the client waits for its server to speak first, so this is neither TLS nor HTTP",
)


def is_captured(client: Client) -> bool:
    """Whether `client` does not know that it talks to a proxy."""
    return isinstance(client.proxy_mode, TransparentMode)


class Captured:
    """Gives captured connections the destination that their TLS names, and ends those that stay silent."""

    name = "sidegate.captured"

    def __init__(self) -> None:
        self.refuse: Refuse | None = None
        self._silent: WeakSet[Client] = WeakSet()
        self._proxyserver: Proxyserver | None = None

    def load(self, loader: Loader) -> None:
        """Find the server whose connections these are."""
        self._proxyserver = loader.master.addons.get("proxyserver")

    def client_connected(self, client: Client) -> None:
        """Give a captured client a while to begin; one that knows its proxy has asked for it by name."""
        if is_captured(client):
            self._silent.add(client)
            asyncio.get_running_loop().call_later(SILENCE_SECONDS, self._look, client)

    def spoke(self, client: Client) -> None:
        """The client's first bytes are there, and somebody reads them."""
        self._silent.discard(client)

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """Lead to the server that the client names; without a name, to the address that it addressed."""
        context = data.context
        address, name = context.server.address, context.client.sni
        host = canonical_host(name) if name else None
        # A name in no single spelling changes nothing, and is refused with the first request.
        if is_captured(context.client) and address is not None and host is not None:
            context.server.address = (host, address[1])

    def _look(self, client: Client) -> None:
        """End the connection of a client that has said nothing."""
        if client not in self._silent or client.state is ConnectionState.CLOSED:
            return
        self._silent.discard(client)
        handler = self._proxyserver.connections.get(client.id) if self._proxyserver else None
        if self.refuse is not None:
            self.refuse(_SILENT, event="capture.silent")
        if handler is not None and (writer := handler.transports[client].writer) is not None:
            writer.close()
