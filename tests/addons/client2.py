"""A small HTTP/2 client on a blocking socket: many streams at once, every frame under control."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

type Pairs = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Answered:
    """What has come back on one stream."""

    status: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.ended or self.reset


class Client2:
    """One connection. `take` False leaves the flow-control windows as they are: a client that is slow."""

    def __init__(self, connection: socket.socket, *, take: bool = True, authority: str = "localhost") -> None:
        self._socket = connection
        self._take = take
        self._authority = authority
        self._machine = H2Connection(
            H2Configuration(
                header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self._machine.initiate_connection()
        if not take:
            # Only the streams' own windows are to be what holds answers up.
            self._machine.increment_flow_control_window(1 << 30)
        self.streams: dict[int, Answered] = {}
        self.closed = False
        self._flush()

    def send(
        self,
        method: str,
        path: str,
        *,
        fields: Pairs = (),
        body: bytes | None = None,
        end: bool = True,
        pseudo: Pairs = (),
    ) -> int:
        """Begin a request and return its stream; `pseudo` replaces the usual pseudo header fields."""
        stream = self._machine.get_next_available_stream_id()
        usual = [
            (":method", method),
            (":scheme", "https"),
            (":authority", self._authority),
            (":path", path),
        ]
        self._machine.send_headers(stream, [*(pseudo or usual), *fields], end_stream=body is None and end)
        self.streams[stream] = Answered()
        self._flush()
        if body is not None:
            self.send_body(stream, body, end=end)
        return stream

    def send_body(self, stream: int, body: bytes, *, end: bool = True) -> None:
        """Send more of a body, as the windows allow."""
        while body and not self.streams[stream].over and not self.closed:
            room = min(self._machine.local_flow_control_window(stream), self._machine.max_outbound_frame_size)
            if room:
                self._machine.send_data(stream, body[:room])
                body = body[room:]
                self._flush()
            else:
                self._receive(monotonic() + 10)
        if end and not self.streams[stream].over:
            self._machine.end_stream(stream)
            self._flush()

    def send_trailers(self, stream: int, fields: Pairs) -> None:
        """End a request with trailers."""
        self._machine.send_headers(stream, list(fields), end_stream=True)
        self._flush()

    def catch_up(self, stream: int) -> None:
        """Read on after all, on this stream and on all that follow."""
        self._take = True
        self._machine.increment_flow_control_window(1 << 30, stream)
        self._flush()

    def reset(self, stream: int) -> None:
        """Give a request up."""
        self._machine.reset_stream(stream, 8)
        self._flush()

    def answer(self, stream: int, *, seconds: float = 10) -> Answered:
        """Wait until the stream is over."""
        self.wait(stream, lambda answered: answered.over, seconds=seconds)
        return self.streams[stream]

    def wait(self, stream: int, until: Callable[[Answered], bool], *, seconds: float = 10) -> None:
        """Wait until something is true of what came back."""
        deadline = monotonic() + seconds
        while not until(self.streams[stream]) and not self.closed:
            self._receive(deadline)

    def ask(self, method: str, path: str, *, fields: Pairs = (), body: bytes | None = None) -> Answered:
        """One request and its answer."""
        return self.answer(self.send(method, path, fields=fields, body=body))

    def _receive(self, deadline: float) -> None:
        self._socket.settimeout(max(0.01, deadline - monotonic()))
        data = self._socket.recv(65_536)
        self.closed = not data
        for event in self._machine.receive_data(data):
            self._note(event)
        self._flush()

    def _note(self, event: object) -> None:
        match event:
            case ResponseReceived(stream_id=int(stream), headers=headers):
                fields = [(str(name), str(value)) for name, value in headers or ()]
                self.streams[stream].status = int(dict(fields)[":status"])
                self.streams[stream].fields = fields[1:]
            case TrailersReceived(stream_id=int(stream), headers=headers):
                self.streams[stream].fields += [(str(name), str(value)) for name, value in headers or ()]
            case DataReceived(stream_id=int(stream), data=data):
                self.streams[stream].body += data or b""
                if self._take:
                    self._machine.acknowledge_received_data(event.flow_controlled_length or 0, stream)
            case StreamEnded(stream_id=int(stream)):
                self.streams[stream].ended = True
            case StreamReset(stream_id=int(stream)):
                self.streams[stream].reset = True
            case ConnectionTerminated():
                self.closed = True
            case _:
                pass

    def _flush(self) -> None:
        self._socket.sendall(self._machine.data_to_send())

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()
