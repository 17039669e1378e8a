"""One HTTP/1.1 connection to one upstream address, opened for a request that has its verdict."""

from dataclasses import dataclass
from typing import Self

from mitmproxy.connection import Server
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from addons.http1.body import Body, Inbox, Unreadable
from addons.http1.head import AnswerHead, take_answer_head, written
from addons.tls import UpstreamTls
from rules.headers import Fields, framed, with_values
from rules.message import Message

type Place = tuple[tuple[str, int], str, str]
"""Address, scheme and host name of an upstream."""

_MAX_ANSWER_HEAD_BYTES = 256 * 1024
# OpenSSL's buffer in memory grows by copying: 9 MB at once cost 270 ms, in pieces 15.
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is complete."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer, or no more of it, will come. `sent`: the upstream may have got the request."""

    reason: str
    sent: bool


type Part = AnswerHead | bytes | Ended | Failed
"""An answer comes as its head, pieces of its body, and one of the two ends."""


class Send(events.Event):
    """The request to send, exactly as it was judged, but for the values of its `secrets`."""

    def __init__(self, message: Message, secrets: Fields = ()) -> None:
        self.message = message
        self.secrets = secrets


class Upstream:
    """A connection with its layers. `place` says where it leads."""

    def __init__(self, place: Place, server: Server, *, stack: layer.Layer, http: "_Http1") -> None:
        self.place = place
        self.server = server
        self.stack = stack
        self._http = http

    @classmethod
    def towards(cls, context: Context, address: tuple[str, int], scheme: str, host: str) -> Self:
        """A connection to `address` that is not open yet; TLS is verified against `host`."""
        own = context.fork()
        own.server = server = Server(address=address)
        place = (address, scheme, host)
        if scheme == "http":
            http = _Http1(own)
            return cls(place, server, stack=http, http=http)
        server.sni = host
        server.alpn_offers = (b"http/1.1",)
        tls = UpstreamTls(own)
        tls.child_layer = http = _Http1(own)
        return cls(place, server, stack=tls, http=http)

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on it."""
        return self._http.usable

    def parts(self) -> list[Part]:
        """What came of the answer since the last call."""
        parts, self._http.parts = self._http.parts, []
        return parts


class _Http1(layer.Layer):
    """Opens the connection, writes one request at a time, and reads its answer into `parts`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.parts: list[Part] = []
        self._inbox = Inbox()
        self._method: bytes | None = None
        self._body: Body | None = None
        self._keep_alive = True
        self._failure: str | None = None

    @property
    def usable(self) -> bool:
        return self._failure is None and self._method is None

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.DataReceived):
            self._inbox.data += event.data
            yield from self._receive()
        elif isinstance(event, Send):
            yield from self._send(event.message, event.secrets)
        elif isinstance(event, events.Start):
            self._failure = yield commands.OpenConnection(self.context.server)
        elif isinstance(event, events.ConnectionClosed):
            yield from self._closed()

    def _send(self, message: Message, secrets: Fields) -> layer.CommandGenerator[None]:
        if self._failure is not None:
            self.parts.append(Failed(self._failure, sent=False))
            return
        self._method = message.method
        start = b"%b %b HTTP/1.1" % (message.method, message.target)
        fields = with_values(framed(message.fields, message.method, message.body), secrets)
        request = memoryview(written(start, fields) + message.body)
        for begin in range(0, len(request), _PIECE_BYTES):
            piece = bytes(request[begin : begin + _PIECE_BYTES])
            yield commands.SendData(self.context.server, piece)

    def _receive(self) -> layer.CommandGenerator[None]:
        if self._method is None:
            # Whoever speaks without being asked would answer the next request with it.
            yield from self._fail("it sent what nobody had asked for")
            return
        try:
            self._read(self._method)
        except Unreadable as unreadable:
            yield from self._fail(f"its answer is not HTTP/1.1: {unreadable}")
            return
        if self._body is not None and self._body.done:
            yield from self._finish()

    def _read(self, method: bytes) -> None:
        """Read what has arrived. Raises Unreadable."""
        while self._body is None:
            head = take_answer_head(self._inbox, method=method, most=_MAX_ANSWER_HEAD_BYTES)
            if head is None:
                return
            if head.status == 101:
                raise Unreadable("it switched protocols without being asked")
            if head.status >= 200:
                self.parts.append(head)
                self._keep_alive = head.keep_alive
                self._body = head.body()
        if data := self._body.take(self._inbox):
            self.parts.append(data)

    def _finish(self) -> layer.CommandGenerator[None]:
        """The answer is complete: the connection goes on if it can."""
        self.parts.append(Ended())
        self._method = self._body = None
        if self._inbox or not self._keep_alive:
            yield from self._fail("the connection is used up")

    def _closed(self) -> layer.CommandGenerator[None]:
        self._keep_alive = False
        if self._body is not None and self._body.end():
            yield from self._finish()
        else:
            yield from self._fail("it closed the connection")

    def _fail(self, reason: str) -> layer.CommandGenerator[None]:
        """Nothing more can be had from this connection."""
        self._failure = self._failure or reason
        if self._method is not None:
            self.parts.append(Failed(reason, sent=True))
            self._method = None
        yield commands.CloseConnection(self.context.server)
