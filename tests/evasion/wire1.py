"""HTTP/1 as the most lenient server reads it: whatever may be a request is one, its doubts kept beside it."""

import re

from tests.evasion.seen import Fields, Seen

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_STRICT_HEAD = re.compile(
    rb"%b [\x21-\x7e]+ HTTP/1\.1\r\n(?:%b:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n" % (_TOKEN, _TOKEN)
)
_STRICT_CHUNKS = re.compile(rb"(?:[1-9a-fA-F][0-9a-fA-F]*\r\n)")
_LENGTH = re.compile(rb"[0-9]+")
_MAX_LINE = 4096


class Tape:
    """The bytes of one connection, read request by request."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.unreadable = False

    def feed(self, data: bytes) -> list[Seen]:
        """Take in bytes; return the requests that are complete now."""
        self._data += data
        seen: list[Seen] = []
        while not self.unreadable and (request := self._take()):
            seen.append(request)
        return seen

    def end(self) -> tuple[list[Seen], bytes]:
        """What is left when no more comes: a request that was cut off, or bytes that are none."""
        rest = bytes(self._data)
        self._data.clear()
        found = None if self.unreadable else _head(rest)
        if found is None:
            return [], rest
        request, end = found
        doubts = (*request.doubts, "cut off")
        cut = Seen(
            method=request.method,
            target=request.target,
            fields=request.fields,
            body=rest[end:],
            doubts=doubts,
        )
        return [cut], b""

    def _take(self) -> Seen | None:
        data = bytes(self._data)
        found = _head(data)
        if found is None:
            self.unreadable = _is_no_head(data)
            return None
        request, start = found
        body = _body(data[start:], request.fields)
        if body is None:
            return None
        content, length, doubts = body
        del self._data[: start + length]
        return Seen(
            method=request.method,
            target=request.target,
            fields=request.fields,
            body=content,
            doubts=request.doubts + doubts,
        )


def read(data: bytes) -> tuple[list[Seen], bytes]:
    """All requests in `data`, a cut one included, and what is left."""
    tape = Tape()
    seen = tape.feed(data)
    cut, rest = tape.end()
    return seen + cut, rest


def _head(data: bytes) -> tuple[Seen, int] | None:
    """The request that the first lines make, without its body, and where that begins."""
    start = len(data) - len(data.lstrip(b"\r\n"))
    end = _HEAD_END.search(data, start)
    if end is None:
        return None
    first, *lines = _LINE_END.split(data[start : end.start()])
    words = first.split()
    if not 2 <= len(words) <= 3 or not words[0].isascii():
        return None
    fields = tuple(_field(line) for line in lines)
    head = data[: end.end()]
    doubts = () if _STRICT_HEAD.fullmatch(head) else ("its head is outside the grammar",)
    seen = Seen(method=words[0], target=words[1], fields=fields, doubts=doubts + _framing_doubts(fields))
    return seen, end.end()


def _is_no_head(data: bytes) -> bool:
    """Whether no further byte can make a request of it."""
    return len(data) > 1 << 20 or _HEAD_END.search(data.lstrip(b"\r\n")) is not None


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def _framing_doubts(fields: Fields) -> tuple[str, ...]:
    lengths, codings = _values(fields, b"content-length"), _values(fields, b"transfer-encoding")
    hosts = _values(fields, b"host")
    doubts = {
        "its length is said twice": len(lengths) + len(codings) > 1,
        "its length is no number": any(not _LENGTH.fullmatch(length) for length in lengths),
        "its transfer coding is odd": any(coding != b"chunked" for coding in codings),
        "it names no host or two": len(hosts) != 1,
    }
    return tuple(doubt for doubt, there in doubts.items() if there)


def _values(fields: Fields, name: bytes) -> list[bytes]:
    return [value for key, value in fields if key == name]


def _body(data: bytes, fields: Fields) -> tuple[bytes, int, tuple[str, ...]] | None:
    """The content, its length on the wire and its doubts, or None while it is incomplete."""
    if any(b"chunked" in value.lower() for value in _values(fields, b"transfer-encoding")):
        return _chunks(data)
    digits = [_LENGTH.match(value) for value in _values(fields, b"content-length")]
    length = max((int(found[0][:18]) for found in digits if found), default=0)
    return (data[:length], length, ()) if len(data) >= length else None


def _chunks(data: bytes) -> tuple[bytes, int, tuple[str, ...]] | None:
    content, at, doubts = b"", 0, list[str]()
    while True:
        end = data.find(b"\n", at, at + _MAX_LINE)
        if end < 0:
            return None
        line = data[at : end + 1]
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            size = -1
        if size < 0:
            return content + data[at:], len(data), (*doubts, "its chunks cannot be read")
        if size and not _STRICT_CHUNKS.fullmatch(line):
            doubts.append("its chunks are outside the grammar")
        if not size:
            return _after_chunks(data, end + 1, content, tuple(doubts))
        content += data[end + 1 : end + 1 + size]
        at = end + 1 + size
        at += len(data[at : at + 2]) - len(data[at : at + 2].lstrip(b"\r\n"))
        if at >= len(data):
            return None


def _after_chunks(
    data: bytes, at: int, content: bytes, doubts: tuple[str, ...]
) -> tuple[bytes, int, tuple[str, ...]] | None:
    if data[at : at + 2] == b"\r\n":
        return content, at + 2, doubts
    end = _HEAD_END.search(data, at - 1)
    if end is None:
        return None
    return content, end.end(), (*doubts, "it has trailers")
