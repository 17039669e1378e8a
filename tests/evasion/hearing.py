"""What the agent hears: the answers in the bytes that came back, over HTTP/1.1 or HTTP/2."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.evasion import wire2

_HEAD_END = b"\r\n\r\n"
_FINAL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One final answer. `hold` and `reason_id` are the gate's own words, empty from anybody else."""

    status: int
    hold: str = ""
    reason_id: str = ""

    @property
    def refuses(self) -> bool:
        """Whether nothing was sent for it: an upstream that failed had something sent to it."""
        return self.status >= 400 and self.reason_id != "upstream_failed"


def answers(data: bytes, methods: Sequence[bytes] = ()) -> list[Answer]:
    """The complete answers in `data` to requests of `methods`; what is not HTTP has none."""
    return _of_http1(data, methods) if data.startswith(b"HTTP/1") else _of_http2(data)


def _of_http1(data: bytes, methods: Sequence[bytes]) -> list[Answer]:
    found = list[Answer]()
    while (end := data.find(_HEAD_END)) >= 0 and data.startswith(b"HTTP/1."):
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        bodiless = methods[len(found) : len(found) + 1] == [b"HEAD"]
        length = 0 if bodiless else int(fields.get("content-length", "0"))
        start = end + len(_HEAD_END)
        if len(data) < start + length:
            break
        status = int(first.split()[1])
        if status >= _FINAL:
            found.append(_answer(status, fields, data[start : start + length]))
        data = data[start + length :]
    return found


def _of_http2(data: bytes) -> list[Answer]:
    pieces = dict[int, wire2.Piece]()
    found = list[Answer]()
    try:
        for piece in wire2.Frames().feed(data):
            known = pieces.get(piece.stream, wire2.Piece())
            pieces[piece.stream] = whole = wire2.Piece(
                fields=known.fields + piece.fields, data=known.data + piece.data
            )
            fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in whole.fields}
            if piece.stream and piece.ended and fields.get(":status", "").isdecimal():
                found.append(_answer(int(fields[":status"]), fields, whole.data))
    except ValueError:
        pass  # the rest is no HTTP/2
    return found


def _answer(status: int, fields: dict[str, str], body: bytes) -> Answer:
    told = _told(body) if fields.get("content-type") == "application/problem+json" else {}
    return Answer(
        status=status, hold=fields.get("sidegate-hold", ""), reason_id=str(told.get("reason_id", ""))
    )


def _told(body: bytes) -> dict[str, object]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
