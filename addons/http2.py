"""mitmproxy's HTTP/2 layer with bounds: the size of requests, where they may go, and what a refusal says."""

from mitmproxy.net.http.http1 import expected_http_body_size
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import (
    GetHttpConnection,
    GetHttpConnectionCompleted,
    HttpLayer,
    HTTPMode,
    HttpStream,
    RegisterHttpConnection,
    SendHttp,
)
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError
from mitmproxy.proxy.layers.http._http2 import Http2Server

from addons.upstream2 import Progress, towards
from rules.body import MAX_BODY_BYTES
from rules.reply import Reply, refused
from rules.verdict import ReasonId, Refusal

ADMITTED = "sidegate.admitted"
"""Key of the flow's metadata under which the enforcing hook leaves the admitted address."""

MAX_BODIES_BYTES = 2 * MAX_BODY_BYTES
"""How much of unfinished request bodies one connection may keep in memory, over all its streams."""

_REASONS = {413: ReasonId.BODY_TOO_LARGE, 502: ReasonId.UPSTREAM_FAILED}


class BoundedHttp2(HttpLayer):
    """HTTP/2 towards the client; the upstream speaks what it negotiates."""

    def __init__(self, context: Context) -> None:
        # mitmproxy derives the scheme of a request from it.
        context.server.tls = True
        super().__init__(context, HTTPMode.transparent)
        self._client = self.connections[context.client] = _Client(context.fork())

    @property
    def bodies_bytes(self) -> int:
        """How much of request bodies is in memory."""
        return sum(len(stream.request_body_buf) for stream in self.streams.values())

    def backlog(self, stream_id: int) -> int:
        """How many bytes wait for the client on this stream."""
        return sum(len(part.data) for part in self._client.h2_conn.stream_buffers.get(stream_id, ()))

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Give every stream our bounds."""
        stream = self.streams[stream_id] = _BoundedStream(self.context.fork(), stream_id, self)
        yield from self.event_to_child(stream, events.Start())

    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> layer.CommandGenerator[None]:
        """Share a connection that may carry several streams; an earlier failure is no reason not to try."""
        for server in self.connections if reuse else ():
            if event.connection_spec_matches(server):
                if server in self.waiting_for_establishment:
                    self.waiting_for_establishment[server].append(event)
                    return
                if server.connected and server.alpn == b"h2":
                    stream = self.command_sources.pop(event)
                    yield from self.event_to_child(stream, GetHttpConnectionCompleted(event, (server, None)))
                    return
        server, stack = towards(self.context, event.address, self.backlog, tls=event.tls)
        self.connections[server] = stack
        self.waiting_for_establishment[server].append(event)
        yield from self.event_to_child(stack, events.Start())

    def register_connection(self, command: RegisterHttpConnection) -> layer.CommandGenerator[None]:
        """Tell who waits for the connection; one that failed is forgotten."""
        yield from super().register_connection(command)
        if command.err:
            self.connections.pop(command.connection, None)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if not isinstance(event, events.ConnectionEvent):
            yield from super()._handle_event(event)
        elif event.connection in self.connections:
            yield from super()._handle_event(event)
            if isinstance(event, events.ConnectionClosed) and event.connection is not self.context.client:
                self.connections.pop(event.connection, None)
            for connection, stack in list(self.connections.items()):
                if connection is not self.context.client:
                    yield from self.event_to_child(stack, Progress())


class _BoundedStream(HttpStream):
    """One request and its answer."""

    def __init__(self, context: Context, stream_id: int, parent: BoundedHttp2) -> None:
        super().__init__(context, stream_id)
        self._parent = parent

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        """Stop a request over the limit while it arrives; answers stream and have no limit."""
        if not request or not self._too_large():
            return False
        self.request_body_buf.clear()
        message = f"the body is over {MAX_BODY_BYTES} bytes"
        yield SendHttp(
            ResponseProtocolError(self.stream_id, message, ErrorCode.REQUEST_TOO_LARGE),
            self.context.client,
        )
        self.client_state = self.state_errored
        self.flow.live = False
        return True

    def _too_large(self) -> bool:
        arrived = len(self.request_body_buf)
        announced = 0 if arrived else expected_http_body_size(self.flow.request) or 0
        return max(arrived, announced) > MAX_BODY_BYTES or self._parent.bodies_bytes > MAX_BODIES_BYTES

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """Go to the address that the verdict admitted, and nowhere without one."""
        admitted = self.flow.metadata.get(ADMITTED)
        connection, error = None, "no verdict has admitted this request"
        if admitted is not None:
            https = self.flow.request.scheme == "https"
            connection, error = yield GetHttpConnection(admitted, https, None, "tcp")
        if connection is None:
            yield from self.handle_protocol_error(
                ResponseProtocolError(self.stream_id, error, ErrorCode.CONNECT_FAILED)
            )
            return False
        self.context.server = self.flow.server_conn = connection
        return True


class _Client(Http2Server):
    """The client's side of the connection; where no answer has begun, failures are answers of ours."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, ResponseProtocolError) and (refusal := self._refusal(event)):
            self._answer(event.stream_id, refused(refusal))
            yield commands.SendData(self.conn, self.h2_conn.data_to_send())
        else:
            yield from super()._handle_event(event)

    def _refusal(self, event: ResponseProtocolError) -> Refusal | None:
        """What the client hears of a failure, None if an answer has begun or nobody listens."""
        status = event.code.http_status_code()
        if status is None or not self.is_open_for_us(event.stream_id):
            return None
        if self.h2_conn.streams[event.stream_id].state_machine.headers_sent:
            return None
        return Refusal(
            reason_id=_REASONS.get(status, ReasonId.FRAMING_AMBIGUOUS), reason=event.message, status=status
        )

    def _answer(self, stream_id: int, reply: Reply) -> None:
        length = b"%d" % len(reply.body)
        fields = [(name.lower(), value) for name, value in reply.fields]
        head = [(b":status", b"%d" % reply.status), *fields, (b"content-length", length)]
        self.h2_conn.send_headers(stream_id, head)
        self.h2_conn.send_data(stream_id, reply.body, end_stream=True)
