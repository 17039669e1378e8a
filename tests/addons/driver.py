"""Drives a layer without sockets: events go in, commands are answered by script, bytes come out."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import h11
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from addons.exchange import Outcome, Passage, Tunnel
from addons.http1.layer import Exchange, JudgeHook, StrictHttp1
from addons.traffic import Traffic
from rules.message import Message
from tests.addons.tally import Tally

ADDRESS = ("192.0.2.7", 80)
PASSAGE = Passage(address=ADDRESS)

type Judge = Callable[[Message], Outcome | None]


def let_pass(message: Message) -> Outcome:
    """A gate that lets everything through."""
    return Tunnel() if message.method == b"CONNECT" else PASSAGE


@dataclass(slots=True, kw_only=True)
class Line:
    """One connection to an upstream, seen from there."""

    server: Server
    received: bytearray = field(default_factory=bytearray)
    closed: bool = False

    @property
    def requests(self) -> list[tuple[h11.Request, bytes]]:
        """What h11, which knows nothing of our reader, makes of the bytes."""
        return read_requests(bytes(self.received))


class Driver:
    """A client, its layer, and as many upstreams as the layer opens.

    `judge` None leaves requests unjudged until `decide`; `refuse_connections` makes every opening fail;
    `open_late` leaves connections unopened until `open_lines`; `at_once` has `judge` asked without the hook,
    where its answer None leaves the request to the hook after all.
    """

    def __init__(
        self,
        *,
        explicit: bool = True,
        judge: Judge | None = let_pass,
        refuse_connections: str | None = None,
        open_late: bool = False,
        at_once: bool = False,
    ) -> None:
        self.client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
        self.now = 0.0
        self.traffic = Traffic(lambda: self.now)
        self.tally = Tally()
        self.context = Context(self.client, Options())
        self.judge = judge
        self.refuse_connections = refuse_connections
        self.answered = bytearray()
        self.writes: list[bytes] = []
        self.asked: list[Exchange] = []
        self.lines: list[Line] = []
        self.wakeups: list[commands.RequestWakeup] = []
        self.next_layers: list[layer.NextLayer] = []
        self._undecided: list[JudgeHook] = []
        self._open_late = open_late
        self._unopened: list[commands.OpenConnection] = []
        self._pending: deque[events.Event] = deque()
        if not explicit:
            self.context.server.address = ("api.pay.test", 80)
        self.layer = StrictHttp1(
            self.context,
            self.traffic,
            refuse=self.tally,
            served={} if explicit else None,
            judge_at_once=self._settle if at_once else None,
        )
        self._run(events.Start())

    @property
    def line(self) -> Line:
        """The upstream connection that was opened last."""
        return self.lines[-1]

    @property
    def open(self) -> bool:
        """Whether the client still hears us."""
        return bool(self.client.state & ConnectionState.CAN_WRITE)

    def send(self, data: bytes) -> None:
        """Have the client send `data` in one segment."""
        self._run(events.DataReceived(self.client, data))

    def half_close(self) -> None:
        """Have the client end its own side."""
        self.client.state &= ~ConnectionState.CAN_READ
        self._run(events.ConnectionClosed(self.client))

    def vanish(self) -> None:
        """Have the client's connection end for both sides."""
        self.client.state = ConnectionState.CLOSED
        self._run(events.ConnectionClosed(self.client))

    def decide(self, outcome: Outcome | None) -> None:
        """Give the oldest undecided request its outcome."""
        hook = self._undecided.pop(0)
        hook.exchange.outcome = outcome
        self._run(events.HookCompleted(hook, None))

    def open_lines(self) -> None:
        """Let the connections open that the layer waits for."""
        self._open_late = False
        for command in self._unopened:
            self._open(command)
        self._work()

    def answer(self, data: bytes, *, line: Line | None = None) -> None:
        """Have an upstream, the last one by default, send `data` in one segment."""
        self._run(events.DataReceived((line or self.line).server, data))

    def hang_up(self, line: Line | None = None) -> None:
        """Have an upstream close its connection."""
        server = (line or self.line).server
        server.state &= ~ConnectionState.CAN_READ
        self._run(events.ConnectionClosed(server))

    def wake(self) -> None:
        """Let the time pass that the layer asked first to be woken after."""
        command = self.wakeups.pop(0)
        self.now += command.delay
        self._run(events.Wakeup(command))

    def answers(self, *methods: str) -> list[tuple[int, dict[str, str], bytes]]:
        """What h11 makes of everything the client was sent, as the answers to these requests."""
        return read_answers(bytes(self.answered), *methods or ("GET",), ended=not self.open)

    def _run(self, event: events.Event) -> None:
        self._pending.append(event)
        self._work()

    def _work(self) -> None:
        while self._pending:
            for command in self.layer.handle_event(self._pending.popleft()):
                self._obey(command)

    def _obey(self, command: commands.Command) -> None:
        match command:
            case JudgeHook():
                self._ask(command)
            case layer.NextLayerHook():
                self.next_layers.append(command.data)
                self._pending.append(events.HookCompleted(command, None))
            case commands.OpenConnection():
                self._open(command)
            case commands.SendData():
                self._write(command)
            case commands.CloseTcpConnection(half_close=True):
                command.connection.state &= ~ConnectionState.CAN_WRITE
            case commands.CloseConnection():
                self._close(command)
            case commands.RequestWakeup():
                self.wakeups.append(command)
            case _:
                raise AssertionError(f"unexpected command: {command}")

    def _settle(self, exchange: Exchange) -> None:
        assert self.judge is not None
        exchange.outcome = self.judge(exchange.message)

    def _ask(self, hook: JudgeHook) -> None:
        self.asked.append(hook.exchange)
        if self.judge is None:
            self._undecided.append(hook)
        else:
            hook.exchange.outcome = self.judge(hook.exchange.message)
            self._pending.append(events.HookCompleted(hook, None))

    def _open(self, command: commands.OpenConnection) -> None:
        if self._open_late:
            self._unopened.append(command)
            return
        if self.refuse_connections is None:
            command.connection.state = ConnectionState.OPEN
            self.lines.append(Line(server=command.connection))
        self._pending.append(events.OpenConnectionCompleted(command, self.refuse_connections))

    def _write(self, command: commands.SendData) -> None:
        assert command.connection.state & ConnectionState.CAN_WRITE, "wrote to a closed connection"
        if command.connection is self.client:
            self.answered += command.data
            self.writes.append(command.data)
        else:
            self._line_of(command.connection).received += command.data

    def _close(self, command: commands.CloseConnection) -> None:
        was = command.connection.state
        command.connection.state = ConnectionState.CLOSED
        for line in self.lines:
            line.closed = line.closed or line.server is command.connection
        if was is not ConnectionState.CLOSED:
            self._pending.append(events.ConnectionClosed(command.connection))

    def _line_of(self, connection: object) -> Line:
        return next(line for line in self.lines if line.server is connection)


def read_requests(data: bytes) -> list[tuple[h11.Request, bytes]]:
    """Requests as h11 reads them; RemoteProtocolError if one is none or not whole."""
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(data)
    found = []
    while reader.trailing_data[0]:
        request, body = reader.next_event(), b""
        assert isinstance(request, h11.Request)
        while isinstance(part := reader.next_event(), h11.Data):
            body += part.data
        assert isinstance(part, h11.EndOfMessage), part
        reader.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
        reader.send(h11.EndOfMessage())
        found.append((request, body))
        if reader.our_state is not h11.DONE:
            break
        reader.start_next_cycle()
    return found


def read_answers(data: bytes, *methods: str, ended: bool) -> list[tuple[int, dict[str, str], bytes]]:
    """Final answers as h11 reads them; RemoteProtocolError if one is cut."""
    reader = h11.Connection(h11.CLIENT)
    reader.receive_data(data)
    if ended:
        reader.receive_data(b"")
    found = []
    for method in methods:
        reader.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
        reader.send(h11.EndOfMessage())
        head, body = reader.next_event(), b""
        while isinstance(head, h11.InformationalResponse):
            head = reader.next_event()
        assert isinstance(head, h11.Response), head
        while isinstance(part := reader.next_event(), h11.Data):
            body += part.data
        assert isinstance(part, h11.EndOfMessage), part
        fields = {n.decode(): v.decode("latin-1") for n, v in head.headers}
        found.append((head.status_code, fields, body))
        if reader.our_state is h11.DONE and reader.their_state is h11.DONE:
            reader.start_next_cycle()
    assert not reader.trailing_data[0], "more was sent than the answers"
    return found
