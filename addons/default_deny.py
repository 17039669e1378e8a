"""Closed unless opened: only TLS and HTTP may start, and no connection opens without a verdict."""

import logging
from weakref import WeakKeyDictionary

from mitmproxy.connection import Client, ConnectionState
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import layer, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.tcp import TCPFlow
from mitmproxy.udp import UDPFlow

from addons.captured import Captured
from addons.client_tls import BoundedClientTls
from addons.connections import Connections
from addons.exchange import Refuse, Served
from addons.http1.layer import JudgeAtOnce, StrictHttp1
from addons.http2.layer import BoundedHttp2
from addons.traffic import Traffic
from rules.reply import Reply, refused
from rules.verdict import Refusal

logger = logging.getLogger(__name__)

type Address = tuple[str, int]


class DefaultDeny:
    """Chooses the layers of a connection and guards the door to the upstream."""

    name = "nextlayer"  # takes the built-in's place, so that none of its fallbacks exists

    def __init__(self, traffic: Traffic, *, served: Served | None = None) -> None:
        self._captured = Captured()
        self.addons = (Connections(traffic), self._captured)
        self._traffic = traffic
        self._served = served or {}
        self._judge_at_once: JudgeAtOnce | None = None
        self._refuse: Refuse = _uncounted
        # A verdict may come after its client has gone, and must not keep it in memory.
        self._admitted: WeakKeyDictionary[Client, set[Address]] = WeakKeyDictionary()

    def use(self, judge_at_once: JudgeAtOnce, refuse: Refuse) -> None:
        """Have HTTP/1.1 requests settled by `judge_at_once` where it can, and what is none by `refuse`."""
        self._judge_at_once = judge_at_once
        self._refuse = self._captured.refuse = refuse

    def admit(self, client: Client, address: Address) -> None:
        """Let `client` reach `address`: called for a passage, and only there."""
        self._admitted.setdefault(client, set()).add(address)

    def next_layer(self, next_layer: layer.NextLayer) -> None:
        """Answer mitmproxy's question what these bytes are; the answer is never raw TCP or UDP."""
        next_layer.layer = self._choose(next_layer.context, next_layer.data_client())
        if next_layer.layer is not None:
            self._captured.spoke(next_layer.context.client)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Refuse every upstream connection that no verdict has admitted."""
        # INVARIANT: closed first and opened last, because what a hook raises would leave it open.
        data.server.error = "no verdict has admitted this connection"
        address = data.server.address
        gone = data.client.state is ConnectionState.CLOSED
        if address is not None and not gone and address[:2] in self._admitted.get(data.client, ()):
            data.server.error = None
        else:
            logger.error("default_deny.unadmitted_connection")

    def tcp_start(self, flow: TCPFlow) -> None:
        """Cannot happen, because no TCP layer is ever chosen; if it does, close."""
        flow.kill()

    def udp_start(self, flow: UDPFlow) -> None:
        """Cannot happen, because no UDP layer is ever chosen; if it does, close."""
        flow.kill()

    def _choose(self, context: Context, data: bytes) -> layer.Layer | None:
        """The next layer for a connection whose client sent `data`, or None to wait for more."""
        if isinstance(context.layers[-1], modes.HttpProxy):
            return self._http1(context, served=self._served)
        if len(data) < 3:
            return None
        if starts_like_tls_record(data) and not context.client.tls:
            return BoundedClientTls(context)
        if context.client.alpn == b"h2":
            return BoundedHttp2(context, self._traffic, self._refuse)
        return self._http1(context, served=None)

    def _http1(self, context: Context, *, served: Served | None) -> StrictHttp1:
        return StrictHttp1(
            context,
            self._traffic,
            refuse=self._refuse,
            served=served,
            judge_at_once=self._judge_at_once,
        )


def _uncounted(refusal: Refusal, /, **_: object) -> Reply:
    """For as long as nobody counts."""
    return refused(refusal)
