"""mitmproxy's HTTP/2 layer with bounds: the size of requests, where they may go, and what a refusal says."""

from h2.connection import ConnectionState
from h2.errors import ErrorCodes
from mitmproxy.http import Request
from mitmproxy.net.http.http1 import expected_http_body_size
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import (
    DropStream,
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

from addons.exchange import Refuse
from addons.http1.answer import unanswered
from addons.http2.frames import MAX_FRAME_BYTES, Frames
from addons.http2.upstream import Progress, towards
from addons.traffic import LOOK_SECONDS, OVERLOADED, TOO_SLOW, Traffic
from rules.normalize import MAX_HEAD_BYTES
from rules.reply import Reply
from rules.request.body import MAX_BODY_BYTES
from rules.verdict import ReasonId, Refusal

ADMITTED = "sidegate.admitted"
"""Key of the flow's metadata under which the enforcing hook leaves the admitted address."""

_TOO_LARGE = Refusal(
    reason_id=ReasonId.BODY_TOO_LARGE, reason=f"the body is over {MAX_BODY_BYTES} bytes", status=413
)
_HEAD_TOO_LARGE = Refusal(
    reason_id=ReasonId.HEADERS_TOO_LARGE,
    reason=f"a frame is over {MAX_FRAME_BYTES} bytes, or a head over {MAX_HEAD_BYTES}",
    status=431,
)
_MAX_UNREAD_BYTES = MAX_HEAD_BYTES + MAX_FRAME_BYTES
_NOT_HTTPS = Refusal(
    reason_id=ReasonId.PROTOCOL_REFUSED, reason="the scheme of a request inside TLS is not https"
)


class BoundedHttp2(HttpLayer):
    """HTTP/2 towards the client; the upstream speaks what it negotiates."""

    def __init__(self, context: Context, traffic: Traffic, refuse: Refuse) -> None:
        # mitmproxy derives the scheme of a request from it.
        context.server.tls = True
        super().__init__(context, HTTPMode.transparent)
        self.traffic = traffic
        self._alarm: commands.RequestWakeup | None = None
        self._client = self.connections[context.client] = _Client(context.fork(), traffic, refuse)

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
        host = self.context.server.address[0] if self.context.server.address else ""
        server, stack = towards(self.context, event.address, host=host, backlog=self.backlog)
        self.connections[server] = stack
        self.waiting_for_establishment[server].append(event)
        yield from self.event_to_child(stack, events.Start())

    def register_connection(self, command: RegisterHttpConnection) -> layer.CommandGenerator[None]:
        """Tell who waits for the connection; one that failed is forgotten."""
        yield from super().register_connection(command)
        if command.err:
            self.connections.pop(command.connection, None)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Wakeup) and event.command is self._alarm:
            self._alarm = None
            for part in self._arriving():
                yield from self.event_to_child(part, _Alarm())
        elif not isinstance(event, events.ConnectionEvent):
            yield from super()._handle_event(event)
        elif event.connection in self.connections:
            yield from super()._handle_event(event)
            if isinstance(event, events.ConnectionClosed) and event.connection is not self.context.client:
                self.connections.pop(event.connection, None)
            for connection, stack in list(self.connections.items()):
                if connection is not self.context.client:
                    yield from self.event_to_child(stack, Progress())
        if self._alarm is None and (arriving := self._arriving()):
            left = min(part.seconds_left for part in arriving)
            self._alarm = commands.RequestWakeup(max(left, LOOK_SECONDS))
            yield self._alarm

    def _arriving(self) -> list["_BoundedStream | _Client"]:
        """What has begun to arrive and is not there."""
        parts = (self._client, *self.streams.values())
        return [part for part in parts if isinstance(part, _BoundedStream | _Client) and part.arriving]


class _Alarm(events.Event):
    """Look whether the request should be there by now."""


class _Refused(ResponseProtocolError):
    """A request that was refused while it arrived."""

    def __init__(self, stream_id: int, refusal: Refusal) -> None:
        super().__init__(stream_id, refusal.reason, ErrorCode.GENERIC_CLIENT_ERROR)
        self.refusal = refusal


class _BoundedStream(HttpStream):
    """One request and its answer."""

    def __init__(self, context: Context, stream_id: int, parent: BoundedHttp2) -> None:
        super().__init__(context, stream_id)
        self._parent = parent

    @property
    def arriving(self) -> bool:
        """Whether the request has begun and not ended."""
        return bool(self.client_state == self.state_consume_request_body)

    @property
    def seconds_left(self) -> float:
        """For the rest of the request."""
        return self._parent.traffic.seconds_left(self.context.client.id, self.flow.id)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if not isinstance(event, _Alarm):
            yield from super()._handle_event(event)
        elif self.arriving and self.seconds_left <= 0:
            yield from self._refuse(TOO_SLOW)

    def check_invalid(self, request: bool) -> layer.CommandGenerator[bool]:
        """Stop a request whose head rules it out; mitmproxy would keep what it refuses."""
        invalid: bool = yield from super().check_invalid(request)
        if request and invalid:
            yield DropStream(self.stream_id)
        elif request:
            # It is the client's word only here: afterwards, mitmproxy writes the connection's over it.
            invalid = yield from self._check(_NOT_HTTPS if self.flow.request.scheme != "https" else None)
        return invalid

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        """Stop a request over the limits while it arrives; answers stream and have no limit."""
        return request and (yield from self._check(None))

    def _check(self, fault: Refusal | None) -> layer.CommandGenerator[bool]:
        """Whether the request was refused, for `fault` or for its size."""
        refusal = fault or self._excess()
        if refusal is not None:
            yield from self._refuse(refusal)
        return refusal is not None

    def _excess(self) -> Refusal | None:
        """Which limit the request is over."""
        arrived = len(self.request_body_buf)
        announced = 0 if arrived else expected_http_body_size(self.flow.request) or 0
        if max(arrived, announced) > MAX_BODY_BYTES:
            return _TOO_LARGE
        size = arrived + _head_bytes(self.flow.request)
        kept = self._parent.traffic.keep(self.context.client.id, self.flow.id, size)
        return None if kept else OVERLOADED

    def _refuse(self, refusal: Refusal) -> layer.CommandGenerator[None]:
        """Answer the request before its end, and keep nothing of it."""
        self.request_body_buf.clear()
        self._parent.traffic.end(self.context.client.id, self.flow.id)
        self.client_state = self.state_errored
        self.flow.live = False
        yield SendHttp(_Refused(self.stream_id, refusal), self.context.client)
        yield DropStream(self.stream_id)

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """Go to the address that the verdict admitted, and nowhere without one."""
        admitted = self.flow.metadata.get(ADMITTED)
        connection, error = None, "no verdict has admitted this request"
        if admitted is not None:
            connection, error = yield GetHttpConnection(admitted, True, None, "tcp")
        if connection is None:
            yield from self.handle_protocol_error(
                ResponseProtocolError(self.stream_id, error, ErrorCode.CONNECT_FAILED)
            )
            return False
        self.context.server = self.flow.server_conn = connection
        return True


def _head_bytes(request: Request) -> int:
    fields = sum(len(name) + len(value) for name, value in request.headers.fields)
    return fields + len(request.data.path) + len(request.data.authority)


class _Client(Http2Server):
    """The client's side of the connection; where no answer has begun, failures are answers of ours."""

    def __init__(self, context: Context, traffic: Traffic, refuse: Refuse) -> None:
        super().__init__(context)
        self._traffic = traffic
        self._refuse = refuse
        self.h2_conn.incoming_buffer = self._frames = Frames()
        self.h2_conn.max_inbound_frame_size = MAX_FRAME_BYTES
        self.h2_conn.local_settings.max_frame_size = MAX_FRAME_BYTES
        self.h2_conn.local_settings.acknowledge()

    @property
    def arriving(self) -> bool:
        """Whether a frame or a head has begun and not ended."""
        ended = self.h2_conn.state_machine.state is ConnectionState.CLOSED
        return bool(self._frames.waiting) and not ended

    @property
    def seconds_left(self) -> float:
        """For the rest of it."""
        return self._traffic.seconds_left(self.context.client.id, self)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, ResponseProtocolError) and (reply := self._failure(event)):
            self._answer(event.stream_id, reply)
            yield commands.SendData(self.conn, self.h2_conn.data_to_send())
        elif isinstance(event, _Alarm):
            if self.arriving and self.seconds_left <= 0:
                yield from self._end(TOO_SLOW)
        elif isinstance(event, events.DataReceived):
            taken = self._frames.taken
            yield from super()._handle_event(event)
            yield from self._weigh(anew=self._frames.taken > taken)
        else:
            yield from super()._handle_event(event)

    def protocol_error(
        self, message: str, error_code: int = ErrorCodes.PROTOCOL_ERROR
    ) -> layer.CommandGenerator[None]:
        """End a connection that is not HTTP/2."""
        yield from self._end(Refusal(reason_id=ReasonId.PROTOCOL_REFUSED, reason=message), error_code)

    def _weigh(self, *, anew: bool) -> layer.CommandGenerator[None]:
        """Find room for what waits for its rest; its time runs `anew` if something before it was whole."""
        client, waiting = self.context.client.id, self._frames.waiting
        if anew or not self.arriving:
            self._traffic.end(client, self)
        if not self.arriving:
            return
        if waiting > _MAX_UNREAD_BYTES:
            yield from self._end(_HEAD_TOO_LARGE)
        elif not self._traffic.keep(client, self, waiting):
            yield from self._end(OVERLOADED)

    def _end(
        self, refusal: Refusal, error_code: int = ErrorCodes.ENHANCE_YOUR_CALM
    ) -> layer.CommandGenerator[None]:
        """End the connection; there is no stream to which an answer could belong."""
        self._refuse(refusal)
        self._traffic.end(self.context.client.id, self)
        yield from super().protocol_error(refusal.reason, error_code)

    def _failure(self, event: ResponseProtocolError) -> Reply | None:
        """What the client hears of a failure, None if an answer has begun or nobody listens."""
        status = event.code.http_status_code()
        if status is None or not self.is_open_for_us(event.stream_id):
            return None
        if self.h2_conn.streams[event.stream_id].state_machine.headers_sent:
            return None
        if isinstance(event, _Refused):
            return self._refuse(event.refusal)
        if status == 502:
            return unanswered(
                event.message, sent=event.code is not ErrorCode.CONNECT_FAILED, refuse=self._refuse
            )
        return self._refuse(
            Refusal(reason_id=ReasonId.FRAMING_AMBIGUOUS, reason=event.message, status=status)
        )

    def _answer(self, stream_id: int, reply: Reply) -> None:
        length = b"%d" % len(reply.body)
        fields = [(name.lower(), value) for name, value in reply.fields]
        head = [(b":status", b"%d" % reply.status), *fields, (b"content-length", length)]
        self.h2_conn.send_headers(stream_id, head)
        self.h2_conn.send_data(stream_id, reply.body, end_stream=True)
