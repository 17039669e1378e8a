"""The upstream's side of an HTTP/2 client's connection: no faster than the client reads."""

from collections import Counter
from collections.abc import Callable

from h2.config import H2Configuration
from mitmproxy.connection import Server
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpClient, RegisterHttpConnection
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseEndOfMessage, ResponseProtocolError
from mitmproxy.proxy.layers.http._http1 import Http1Client
from mitmproxy.proxy.layers.http._http2 import Http2Client
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from addons.connections import Flow, ThrottleHook
from addons.tls import UpstreamTls

WINDOW_BYTES = 1024 * 1024
"""How much of one answer may wait for its client."""

_MAX_ANSWER_HEAD_BYTES = 256 * 1024

type Backlog = Callable[[int], int]
"""How many bytes wait for the client on one of its streams."""


class Progress(events.Event):
    """Something has moved: look which streams the client has caught up with."""


def towards(
    context: Context, address: tuple[str, int], *, host: str, backlog: Backlog
) -> tuple[Server, layer.Layer]:
    """A connection to `address` that is not open yet, and its layers; TLS is verified against `host`."""
    own = context.fork()
    own.server = server = Server(address=address)
    server.sni = host
    stack = UpstreamTls(own)
    stack.child_layer = _Upstream(own, backlog)
    return server, stack


class _Upstream(HttpClient):
    """Opens the connection and speaks what was negotiated."""

    def __init__(self, context: Context, backlog: Backlog) -> None:
        super().__init__(context)
        self._backlog = backlog
        self._spoken: layer.Layer | None = None

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if self._spoken is not None:
            yield from self._spoken.handle_event(event)
        elif isinstance(event, events.Start):
            error = yield commands.OpenConnection(self.context.server)
            if error is None:
                kind = _Http2 if self.context.server.alpn == b"h2" else _Http1
                self._spoken = kind(self.context, self._backlog)
                yield from self._spoken.handle_event(event)
            yield RegisterHttpConnection(self.context.server, error)


class _Http1(Http1Client):
    """One request and its answer, with a bound on its head and on what waits for the client."""

    def __init__(self, context: Context, backlog: Backlog) -> None:
        super().__init__(context)
        self._backlog = backlog
        self._reading = True

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, Progress):
            yield from self._throttle()
        else:
            yield from super()._handle_event(event)

    def _throttle(self) -> layer.CommandGenerator[None]:
        waiting = self._backlog(self.stream_id) if self.stream_id is not None else 0
        paused = waiting > (WINDOW_BYTES if self._reading else 0)
        # Said again while it lasts: asyncio's own flow control on the same socket undoes it.
        if paused or not self._reading:
            self._reading = not paused
            yield ThrottleHook(Flow(client=self.context.client, server=self.context.server, paused=paused))

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """Read the head of the answer, up to a bound."""
        yield from super().read_headers(event)
        if self.stream_id is not None and self.response is None and len(self.buf) > _MAX_ANSWER_HEAD_BYTES:
            message = f"the head of its answer is over {_MAX_ANSWER_HEAD_BYTES} bytes"
            yield commands.CloseConnection(self.conn)
            yield ReceiveHttp(ResponseProtocolError(self.stream_id, message, ErrorCode.GENERIC_SERVER_ERROR))

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Read the body of the answer; its trailers are dropped, where mitmproxy would stop."""
        try:
            yield from super().read_body(event)
        except NotImplementedError:
            assert self.stream_id is not None  # noqa: S101 (there is an answer, so there was a request)
            yield ReceiveHttp(ResponseEndOfMessage(self.stream_id))
            yield from self.mark_done(response=True)


class _Http2(Http2Client):
    """Many requests; the window of each grows when the client has taken what came."""

    def __init__(self, context: Context, backlog: Backlog) -> None:
        super().__init__(context)
        self.h2_conn = self._patient = _PatientConnection(self.h2_conf)
        self._backlog = backlog

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if not isinstance(event, Progress):
            yield from super()._handle_event(event)
            return
        for stream_id in list(self._patient.owed):
            if not self._backlog(self.their_stream_id[stream_id]):
                self._patient.pay(stream_id)
        if data := self._patient.data_to_send():
            yield commands.SendData(self.conn, data)


class _PatientConnection(BufferedH2Connection):
    """Acknowledges what it receives only when it is told to; until then, `owed` counts it by stream."""

    def __init__(self, config: H2Configuration) -> None:
        super().__init__(config)
        self.owed: Counter[int] = Counter()
        self.local_settings.enable_push = 0
        self.local_settings.initial_window_size = WINDOW_BYTES
        self.local_settings.acknowledge()

    def acknowledge_received_data(self, acknowledged_size: int, stream_id: int) -> None:
        """Owe it."""
        self.owed[stream_id] += acknowledged_size

    def pay(self, stream_id: int) -> None:
        """Acknowledge all that came on this stream."""
        super().acknowledge_received_data(self.owed.pop(stream_id), stream_id)
