"""Our HTTP/1.1 layer: reads one request, has it judged, and forwards the very object that was judged.

A client's framing never reaches an upstream, nor an upstream's framing a client: both sides are read whole
and written anew. One request is in flight at a time; pipelined ones wait their turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from addons.exchange import Outcome, Passage, Refuse, Served, Tunnel
from addons.http1.answer import Answer, unanswered, whole
from addons.http1.body import Unreadable
from addons.http1.destination import addressed
from addons.http1.head import AnswerHead, RequestHead
from addons.http1.intake import Intake
from addons.http1.upstream import Ended, Failed, Part, Send, Upstream
from addons.traffic import LOOK_SECONDS, OVERLOADED, SMALL_BYTES, TOO_SLOW, Traffic
from rules.message import Message
from rules.reply import Reply
from rules.request.body import MAX_BODY_BYTES
from rules.verdict import ReasonId, Refusal

MAX_AHEAD_BYTES = 1024 * 1024
"""How much a client may send before its last request is answered."""

_NO_OUTCOME = Refusal(reason_id=ReasonId.GATE_FAILED, reason="the gate gave no outcome", status=503)
_TOO_FAR_AHEAD = Refusal(
    reason_id=ReasonId.OVERLOADED,
    reason=f"over {MAX_AHEAD_BYTES} bytes were sent before the last answer",
    status=503,
)
_MAX_DISCARDED_BYTES = 4 * MAX_BODY_BYTES
_LINGER_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request waiting for its outcome; None means that nothing may go upstream."""

    message: Message
    client: Client
    outcome: Outcome | None = None


type JudgeAtOnce = Callable[[Exchange], None]


@dataclass
class JudgeHook(commands.StartHook):
    """Asks the `judge` hook of our enforcing addon."""

    exchange: Exchange


class _Stage(Enum):
    """How far the connection is with its current request."""

    READING = auto()
    """Its bytes are arriving."""
    JUDGING = auto()
    """It is complete and waits for its outcome."""
    ANSWERING = auto()
    """It went upstream, and the answer is awaited or streaming."""
    OVER = auto()
    """Nothing more is read on this connection."""


class StrictHttp1(layer.Layer):
    """HTTP/1.1 from the client. `served`: what it may ask for by path; None inside of a tunnel.

    `judge_at_once` may settle an exchange on the spot; one that it leaves open goes to the hook.
    """

    def __init__(
        self,
        context: Context,
        traffic: Traffic,
        *,
        refuse: Refuse,
        served: Served | None,
        judge_at_once: JudgeAtOnce | None = None,
    ) -> None:
        super().__init__(context)
        self._traffic = traffic
        self._refuse = refuse
        self._served = served
        self._judge_at_once = judge_at_once
        self._stage = _Stage.READING
        self._intake = Intake()
        self._client_ended = False
        self._discarded = 0
        self._alarm: commands.RequestWakeup | None = None
        self._answer: Answer | None = None
        self._outgoing: list[bytes] = []
        self._upstream: Upstream | None = None
        self._sources: dict[commands.Command, Upstream] = {}

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.DataReceived) and event.connection is self.context.client:
            yield from self._receive(event.data)
        elif isinstance(event, events.ConnectionEvent):
            yield from self._connection_event(event)
        elif isinstance(event, events.CommandCompleted):
            yield from self._completed(event)
        if self._stage is _Stage.READING:
            # Whatever has happened, the next request may be there already.
            yield from self._read()
        if self._stage is _Stage.READING and self._intake.begun:
            yield from self._await_rest()
        yield from self._flush()

    def _receive(self, data: bytes) -> layer.CommandGenerator[None]:
        if self._stage is _Stage.OVER:
            self._discarded += len(data)
            if self._discarded > _MAX_DISCARDED_BYTES:
                yield commands.CloseConnection(self.context.client)
            return
        self._intake.receive(data)
        if self._stage is not _Stage.READING:
            if len(self._intake) > MAX_AHEAD_BYTES:
                self._refuse(_TOO_FAR_AHEAD)
                yield from self._close()
        elif self._intake.kept > SMALL_BYTES:
            yield from self._find_room()

    def _connection_event(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        if event.connection is not self.context.client:
            if self._upstream is not None and self._upstream.server is event.connection:
                yield from self._drive(self._upstream, event)
        elif isinstance(event, events.ConnectionClosed):
            # A client that has only ended its own side still gets its answers; one that waits for events
            # has gone, and nothing else would ever tell.
            self._client_ended = True
            if not self._client_listens or (self._answer is not None and self._answer.subscribed):
                yield from self._close()

    def _completed(self, event: events.CommandCompleted) -> layer.CommandGenerator[None]:
        if isinstance(event.command, JudgeHook):
            if self._stage is _Stage.JUDGING:
                # mitmproxy does not always tell that the client has gone.
                yield from self._act(event.command.exchange) if self._client_listens else self._close()
        elif event.command is self._alarm:
            self._alarm = None
            if self._stage is _Stage.READING and self._intake.begun and self._seconds_left <= 0:
                yield from self._refuse_unread(TOO_SLOW)
        elif isinstance(event.command, commands.RequestWakeup):
            yield commands.CloseConnection(self.context.client)
        elif (upstream := self._sources.pop(event.command)) is self._upstream:
            yield from self._drive(upstream, event)

    @property
    def _seconds_left(self) -> float:
        """For the rest of the request that is arriving."""
        return self._traffic.seconds_left(self.context.client.id, self)

    def _await_rest(self) -> layer.CommandGenerator[None]:
        """Keep the beginning of a request, and look again when all of it should be there.

        Most requests arrive whole, and pay for neither; one alarm serves all others of a connection.
        """
        yield from self._find_room()
        if self._stage is _Stage.READING and self._alarm is None:
            self._alarm = commands.RequestWakeup(max(self._seconds_left, LOOK_SECONDS))
            yield self._alarm

    def _find_room(self) -> layer.CommandGenerator[None]:
        """Keep what is there of a request that has not had its turn, or refuse it."""
        if not self._traffic.keep(self.context.client.id, self, self._intake.kept):
            yield from self._refuse_unread(OVERLOADED)

    @property
    def _client_listens(self) -> bool:
        return bool(self.context.client.state & ConnectionState.CAN_WRITE)

    def _read(self) -> layer.CommandGenerator[None]:
        """Take in requests and answer them, as far as that waits for nobody."""
        try:
            while self._stage is _Stage.READING and (request := self._intake.request()):
                yield from self._judge(*request)
        except Unreadable as unreadable:
            yield from self._refuse_unread(unreadable.refusal)
        if self._stage is _Stage.READING:
            if self._client_ended:
                yield from self._close()
            elif self._intake.waits_to_be_asked():
                self._outgoing.append(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _judge(self, request: RequestHead, body: bytes) -> layer.CommandGenerator[None]:
        """Have the request judged; other events go on meanwhile."""
        if self._traffic.closed:
            yield from self._close()
            return
        message = addressed(request, body, self.context, served=self._served)
        if isinstance(message, Refusal):
            yield from self._reply(self._refuse(message))
            return
        self._traffic.begin(self.context.client.id, self)
        self._stage = _Stage.JUDGING
        exchange = Exchange(message=message, client=self.context.client)
        if self._judge_at_once is not None:
            self._judge_at_once(exchange)
        if exchange.outcome is not None:
            yield from self._act(exchange)
            return
        hook = JudgeHook(exchange)
        # Not `True`: this layer takes the completion as an event, instead of queueing all others.
        hook.blocking = self  # type: ignore[assignment]
        yield hook

    def _act(self, exchange: Exchange) -> layer.CommandGenerator[None]:
        """Do what the verdict says."""
        connect = exchange.message.method == b"CONNECT"
        match exchange.outcome:
            case Passage() as passage if not connect:
                yield from self._forward(passage.message or exchange.message, passage)
            case Tunnel() if connect:
                yield from self._open_tunnel(exchange.message)
            case Reply() as reply:
                yield from self._reply(reply)
            case _:
                yield from self._reply(self._refuse(_NO_OUTCOME))

    def _forward(self, message: Message, passage: Passage) -> layer.CommandGenerator[None]:
        """Send `message` upstream, on the open connection if it leads to the same place."""
        self._stage = _Stage.ANSWERING
        self._answer = Answer(self._request, passage.rewriting, endless=passage.endless)
        place = (passage.address, message.scheme, message.host)
        upstream = self._upstream
        if upstream is None or upstream.place != place or not upstream.usable:
            if upstream is not None:
                yield commands.CloseConnection(upstream.server)
            upstream = self._upstream = Upstream.towards(self.context, *place)
            yield from self._drive(upstream, events.Start())
        yield from self._drive(upstream, Send(message, passage.secrets))

    def _drive(self, upstream: Upstream, event: events.Event) -> layer.CommandGenerator[None]:
        """Let the upstream's layers handle `event`, and pass on what came of the answer."""
        for command in upstream.stack.handle_event(event):
            if command.blocking:
                self._sources[command] = upstream
            yield command
        for part in upstream.parts():
            if self._answer is not None:
                yield from self._relay(part, self._answer)

    def _relay(self, part: Part, answer: Answer) -> layer.CommandGenerator[None]:
        match part:
            case bytes():
                self._outgoing.append(answer.data(part))
            case AnswerHead():
                self._outgoing.append(answer.head(part))
                if answer.subscribed:
                    # A shutdown that waited for it would wait for ever.
                    self._traffic.end(self.context.client.id, self)
            case Ended():
                self._outgoing.append(answer.end())
                yield from self._end_request()
            case Failed() if answer.begun:
                # The head of the answer is out: cutting the connection is the only honest ending.
                yield from self._close()
            case Failed(reason=reason, sent=sent):
                yield from self._reply(unanswered(reason, sent=sent, refuse=self._refuse))

    def _reply(self, reply: Reply) -> layer.CommandGenerator[None]:
        """Answer the request ourselves."""
        request = self._request
        self._outgoing.append(whole(reply, request, keep_alive=request.keep_alive))
        yield from self._end_request()

    def _refuse_unread(self, refusal: Refusal) -> layer.CommandGenerator[None]:
        """What comes after a request that was not read to its end has no meaning: say so, and end."""
        self._outgoing.append(whole(self._refuse(refusal), self._intake.head, keep_alive=False))
        yield from self._linger()

    @property
    def _request(self) -> RequestHead:
        """The request under way."""
        assert self._intake.head is not None  # noqa: S101 (every stage but READING has one)
        return self._intake.head

    def _end_request(self) -> layer.CommandGenerator[None]:
        """Make ready for the next request, or end the connection where due."""
        keep_alive = self._request.keep_alive
        self._traffic.end(self.context.client.id, self)
        self._intake.forget()
        self._answer = None
        self._stage = _Stage.READING
        if not keep_alive:
            yield from self._close()

    def _open_tunnel(self, message: Message) -> layer.CommandGenerator[None]:
        """Answer a CONNECT, and let the next layer find out what its bytes are."""
        self._traffic.end(self.context.client.id, self)
        self._stage = _Stage.OVER
        if self._upstream is not None:
            yield commands.CloseConnection(self._upstream.server)
        self._outgoing.append(b"HTTP/1.1 200 Connected\r\n\r\n")
        yield from self._flush()
        self.context.server.address = (message.host, message.port)
        tunnel = layer.NextLayer(self.context)
        self._handle_event = partial(self._pass_on, tunnel)  # type: ignore[method-assign]
        yield from tunnel.handle_event(events.Start())
        if early := self._intake.rest():
            yield from tunnel.handle_event(events.DataReceived(self.context.client, early))
        if self._client_ended:
            yield from tunnel.handle_event(events.ConnectionClosed(self.context.client))

    def _pass_on(self, tunnel: layer.Layer, event: events.Event) -> layer.CommandGenerator[None]:
        """All that happens is the tunnel's, but for an alarm that was set before."""
        if not isinstance(event, events.Wakeup) or event.command is not self._alarm:
            yield from tunnel.handle_event(event)

    def _flush(self) -> layer.CommandGenerator[None]:
        """What belongs together leaves together."""
        if self._outgoing:
            data = b"".join(self._outgoing)
            self._outgoing.clear()
            yield commands.SendData(self.context.client, data)

    def _linger(self) -> layer.CommandGenerator[None]:
        """End our side and let the client read the answer: closing on unread bytes would destroy it."""
        yield from self._end()
        yield commands.CloseTcpConnection(self.context.client, half_close=True)
        yield commands.RequestWakeup(_LINGER_SECONDS)

    def _close(self) -> layer.CommandGenerator[None]:
        """End the connection now; an answer that is not complete is cut."""
        yield from self._end()
        if self.context.client.state is not ConnectionState.CLOSED:
            yield commands.CloseConnection(self.context.client)

    def _end(self) -> layer.CommandGenerator[None]:
        self._stage = _Stage.OVER
        self._traffic.end(self.context.client.id, self)
        if self._upstream is not None:
            yield commands.CloseConnection(self._upstream.server)
            self._upstream = None
        yield from self._flush()
        self._intake = Intake()
