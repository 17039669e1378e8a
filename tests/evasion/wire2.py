"""HTTP/2 frames of either side, taken apart without checking what they ask for."""

from collections.abc import Iterator
from dataclasses import dataclass

import hpack
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.evasion.seen import Fields, Seen

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_FRAME_HEAD = 9
_WIDE = (1 << 31) - 1 - 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one frame brings: fields or data of a stream, or settings that want an answer."""

    stream: int = 0
    fields: Fields = ()
    data: bytes = b""
    ended: bool = False
    settings: bool = False


class Frames:
    """The frames of one direction of a connection."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._fields = hpack.Decoder(max_header_list_size=1 << 20)
        self._block = bytearray()
        self._ends = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take in bytes; what they bring. Raises ValueError where they are no frames."""
        self._data += data
        while len(self._data) >= _FRAME_HEAD:
            try:
                frame, length = Frame.parse_frame_header(memoryview(bytes(self._data[:_FRAME_HEAD])))
                if len(self._data) < _FRAME_HEAD + length:
                    return
                frame.parse_body(memoryview(bytes(self._data[_FRAME_HEAD : _FRAME_HEAD + length])))
                del self._data[: _FRAME_HEAD + length]
                yield from self._piece(frame)
            except (HyperframeError, hpack.HPACKError) as error:
                raise ValueError(f"no frame: {error}") from error

    @property
    def rest(self) -> bytes:
        """Bytes that make no whole frame."""
        return bytes(self._data)

    def _piece(self, frame: Frame) -> Iterator[Piece]:
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            yield Piece(settings=True)
        elif isinstance(frame, DataFrame):
            yield Piece(stream=frame.stream_id, data=frame.data, ended="END_STREAM" in frame.flags)
        elif isinstance(frame, HeadersFrame | ContinuationFrame):
            if isinstance(frame, HeadersFrame):
                self._block.clear()
                self._ends = "END_STREAM" in frame.flags
            self._block += frame.data
            if "END_HEADERS" in frame.flags:
                yield Piece(stream=frame.stream_id, fields=self._decoded(), ended=self._ends)

    def _decoded(self) -> Fields:
        return tuple((bytes(n), bytes(v)) for n, v in self._fields.decode(bytes(self._block), raw=True))


class Tape:
    """The requests of one connection that began with the preface."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._open: dict[int, Piece] = {}

    def feed(self, data: bytes) -> tuple[list[tuple[int, Seen]], bool]:
        """The streams that are complete now, and whether settings came. Raises ValueError."""
        seen, settings = list[tuple[int, Seen]](), False
        for piece in self._frames.feed(data):
            settings = settings or piece.settings
            if not piece.stream:
                continue
            known = self._open.get(piece.stream, Piece())
            whole = Piece(fields=known.fields + piece.fields, data=known.data + piece.data)
            self._open[piece.stream] = whole
            if piece.ended:
                seen.append((piece.stream, _request(self._open.pop(piece.stream))))
        return seen, settings

    def end(self) -> tuple[list[Seen], bytes]:
        """Requests that were cut off, and bytes that are no frame."""
        return [_request(piece, "cut off") for piece in self._open.values()], self._frames.rest


def read(data: bytes) -> list[Seen]:
    """The complete requests of a client that sent `data`, as far as it can be read."""
    try:
        return [request for _, request in Tape().feed(data.removeprefix(PREFACE))[0]]
    except ValueError:
        return []


def welcome() -> bytes:
    """What a server says first: take as much as you like to send."""
    settings = SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: _WIDE})
    return settings.serialize() + WindowUpdateFrame(0, window_increment=_WIDE).serialize()


def acknowledged() -> bytes:
    """The answer to the other side's settings."""
    return SettingsFrame(flags=["ACK"]).serialize()


def answer(stream: int, body: bytes) -> bytes:
    """A 200 with `body`."""
    fields = hpack.Encoder().encode([(b":status", b"200"), (b"content-length", b"%d" % len(body))])
    head = HeadersFrame(stream, data=fields, flags=["END_HEADERS"])
    return head.serialize() + DataFrame(stream, data=body, flags=["END_STREAM"]).serialize()


def _request(piece: Piece, *doubts: str) -> Seen:
    pseudo = dict(field for field in piece.fields if field[0].startswith(b":"))
    return Seen(
        method=pseudo.get(b":method", b""),
        target=pseudo.get(b":path", b""),
        fields=tuple((name.lower(), value) for name, value in piece.fields),
        body=piece.data,
        doubts=doubts,
    )
