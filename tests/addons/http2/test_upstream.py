"""The upstream's side of HTTP/2: what is offered, and windows that follow the client."""

import h2.events
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ServerTLSLayer

from addons.http2.upstream import WINDOW_BYTES, _PatientConnection, towards


class Conversation:
    """Our side of an HTTP/2 connection and a real upstream's."""

    def __init__(self) -> None:
        self.ours = _PatientConnection(H2Configuration(client_side=True, header_encoding=False))
        self.theirs = H2Connection(H2Configuration(client_side=False, header_encoding=False))
        self.ours.initiate_connection()  # type: ignore[no-untyped-call]
        self.theirs.initiate_connection()
        self.exchange()

    def exchange(self) -> None:
        """Let both sides hear each other."""
        for _ in range(2):
            self.theirs.receive_data(self.ours.data_to_send())
            for event in self.ours.receive_data(self.theirs.data_to_send()):
                if isinstance(event, h2.events.DataReceived):
                    self.ours.acknowledge_received_data(
                        event.flow_controlled_length or 0, event.stream_id or 0
                    )

    def ask(self) -> int:
        """Begin a stream that the upstream answers."""
        stream = self.ours.get_next_available_stream_id()
        head = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b":authority", b"h")]
        self.ours.send_headers(stream, head, end_stream=True)
        self.exchange()
        self.theirs.send_headers(stream, [(b":status", b"200")])
        return stream

    def fill(self, stream: int) -> int:
        """Let the upstream send as much as it may on a stream."""
        sent = 0
        while room := min(self.theirs.local_flow_control_window(stream), self.theirs.max_outbound_frame_size):
            self.theirs.send_data(stream, b"x" * room)
            sent += room
            self.exchange()
        return sent


def test_a_stream_gets_its_window_and_no_more() -> None:
    """Until the client has taken what came; other streams are not held up."""
    talk = Conversation()
    slow, fast = talk.ask(), talk.ask()
    assert talk.fill(slow) == WINDOW_BYTES
    assert talk.ours.owed[slow] == WINDOW_BYTES
    assert talk.fill(fast) == WINDOW_BYTES
    talk.ours.pay(slow)
    talk.exchange()
    assert slow not in talk.ours.owed
    assert talk.fill(slow) == WINDOW_BYTES


def test_nothing_is_pushed() -> None:
    """An upstream that pushes would answer what nobody asked."""
    talk = Conversation()
    talk.ask()
    assert talk.theirs.remote_settings.enable_push == 0


def test_tls_is_verified_against_the_host() -> None:
    """The name is the host's though the address was resolved before."""
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
    context = Context(client, Options())
    server, stack = towards(context, ("192.0.2.7", 443), host="api.pay.test", backlog=lambda _: 0)
    assert isinstance(stack, ServerTLSLayer)
    assert (server.address, server.sni) == (("192.0.2.7", 443), "api.pay.test")
    assert context.server is not server
    [opening] = list(stack.handle_event(events.Start()))
    assert isinstance(opening, commands.OpenConnection)
    assert opening.connection is server


@pytest.mark.parametrize("error", ["no route", "certificate"])
def test_a_connection_that_did_not_open_says_why(error: str) -> None:
    """Whoever waits for it is told."""
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
    server, stack = towards(Context(client, Options()), ("192.0.2.7", 443), host="h", backlog=lambda _: 0)
    [opening] = list(stack.handle_event(events.Start()))
    assert isinstance(opening, commands.OpenConnection)
    [registered] = list(stack.handle_event(events.OpenConnectionCompleted(opening, error)))
    assert getattr(registered, "err", None) == error
    assert getattr(registered, "connection", None) is server
