"""Well-formed requests of many kinds, each with a number of its own in its target."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass

CRLF = b"\r\n"
_BOUNDARY = b"garden-7MA4YWxkTrZu0gW"
_JSON = b"Content-Type: application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request goes: a port on localhost, named in its target or by the tunnel that it is in."""

    port: int
    tunnel: bool = False

    @property
    def host(self) -> bytes:
        """What stands in the Host header."""
        return b"localhost:%d" % self.port

    def target(self, path: bytes) -> bytes:
        """Absolute-form towards a proxy, origin-form inside a tunnel."""
        return path if self.tunnel else b"http://%b%b" % (self.host, path)


type Seed = Callable[[Place, bytes], bytes]
"""Makes a request to a place, with a number as text."""


def _head(place: Place, line: bytes, *fields: bytes) -> bytes:
    method, _, path = line.partition(b" ")
    start = b"%b %b HTTP/1.1" % (method, place.target(path))
    return CRLF.join((start, b"Host: " + place.host, *fields, b"", b""))


def _sized(place: Place, line: bytes, body: bytes, *fields: bytes) -> bytes:
    return _head(place, line, *fields, b"Content-Length: %d" % len(body)) + body


def _chunks(*pieces: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + last


def _document(number: bytes) -> bytes:
    told = {"n": number.decode(), "to": "ada@example.com", "items": [1, 2.5, None], "in": {"deep": True}}
    return json.dumps(told).encode()


def read(place: Place, number: bytes) -> bytes:
    """A GET with a query."""
    return _head(place, b"GET /g/%b?page=2&sort=name" % number, b"Accept: */*", b"User-Agent: garden")


def long_read(place: Place, number: bytes) -> bytes:
    """A GET with the headers of a browser."""
    return _head(
        place,
        b"GET /g/%b/things/42" % number,
        b"Accept: text/html,application/xhtml+xml;q=0.9",
        b"Accept-Encoding: gzip, deflate",
        b"Authorization: Bearer abcdefghijklmnop",
        b"Cookie: a=1; b=2",
        b'If-None-Match: "xyz"',
        b"Cache-Control: no-cache",
        b"Connection: keep-alive",
        b"X-Request-Id: 0123456789abcdef",
    )


def head(place: Place, number: bytes) -> bytes:
    """A HEAD."""
    return _head(place, b"HEAD /g/%b" % number, b"Accept: */*")


def options(place: Place, number: bytes) -> bytes:
    """An OPTIONS."""
    return _head(place, b"OPTIONS /g/%b" % number, b"Origin: http://localhost")


def delete(place: Place, number: bytes) -> bytes:
    """A DELETE."""
    return _head(place, b"DELETE /g/%b" % number, b"Accept: */*")


def as_json(place: Place, number: bytes) -> bytes:
    """A POST of JSON."""
    return _sized(place, b"POST /g/%b" % number, _document(number), _JSON)


def put(place: Place, number: bytes) -> bytes:
    """A PUT of JSON with a charset."""
    kind = b"Content-Type: application/json; charset=utf-8"
    return _sized(place, b"PUT /g/%b" % number, _document(number), kind, b'If-Match: "1"')


def patch(place: Place, number: bytes) -> bytes:
    """A PATCH."""
    kind = b"Content-Type: application/merge-patch+json"
    return _sized(place, b"PATCH /g/%b" % number, _document(number), kind)


def form(place: Place, number: bytes) -> bytes:
    """A form."""
    kind = b"Content-Type: application/x-www-form-urlencoded"
    return _sized(place, b"POST /g/%b" % number, b"n=%b&to=ada%%40example.com&amount=7" % number, kind)


def multipart(place: Place, number: bytes) -> bytes:
    """A multipart form with a file."""
    one = b'--%b\r\nContent-Disposition: form-data; name="n"\r\n\r\n%b\r\n' % (_BOUNDARY, number)
    two = b'--%b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhi\r\n' % _BOUNDARY
    body = one + two + b"--%b--\r\n" % _BOUNDARY
    kind = b"Content-Type: multipart/form-data; boundary=" + _BOUNDARY
    return _sized(place, b"POST /g/%b" % number, body, kind)


def octets(place: Place, number: bytes) -> bytes:
    """Bytes that nobody understands."""
    body = b"\x00\xff\r\n\r\n" + number + bytes(range(64))
    return _sized(place, b"POST /g/%b" % number, body, b"Content-Type: application/octet-stream")


def text(place: Place, number: bytes) -> bytes:
    """Text that looks like a request of its own."""
    body = b"GET /g/%b-inside HTTP/1.1\r\nHost: localhost\r\n\r\n" % number
    return _sized(place, b"POST /g/%b" % number, body, b"Content-Type: text/plain")


def nothing(place: Place, number: bytes) -> bytes:
    """A POST without content."""
    return _sized(place, b"POST /g/%b" % number, b"")


def zipped(place: Place, number: bytes) -> bytes:
    """JSON, compressed."""
    body = gzip.compress(_document(number), mtime=0)
    return _sized(place, b"POST /g/%b" % number, body, _JSON, b"Content-Encoding: gzip")


def chunked(place: Place, number: bytes) -> bytes:
    """JSON in chunks."""
    body = _document(number)
    start = _head(place, b"POST /g/%b" % number, _JSON, b"Transfer-Encoding: chunked")
    return start + _chunks(body[:9], body[9:30], body[30:])


def trailed(place: Place, number: bytes) -> bytes:
    """Chunks with an extension and a trailer."""
    start = _head(place, b"PUT /g/%b" % number, b"Transfer-Encoding: chunked", b"Trailer: X-Sum")
    return start + b"5;a=b\r\nhello\r\n" + _chunks(b"world", last=b"0\r\nX-Sum: 1\r\n\r\n")


def expecting(place: Place, number: bytes) -> bytes:
    """A body that does not wait for leave to come."""
    return _sized(place, b"POST /g/%b" % number, _document(number), _JSON, b"Expect: 100-continue")


def pipelined(place: Place, number: bytes) -> bytes:
    """Two requests at once."""
    return as_json(place, number) + read(place, number + b"-second")


def old(place: Place, number: bytes) -> bytes:
    """HTTP/1.0."""
    return read(place, number).replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)


def connect(place: Place, number: bytes) -> bytes:
    """A tunnel, and a plain request inside it without waiting for it to open."""
    inside = as_json(Place(port=place.port, tunnel=True), number)
    return b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (place.host, place.host) + inside


SEEDS: tuple[Seed, ...] = (
    read, as_json, form, long_read, chunked, put, multipart, head, octets, patch, text, pipelined,
    nothing, options, zipped, expecting, delete, trailed, read, as_json, chunked,
)  # fmt: skip
LAST: tuple[Seed, ...] = (old, connect)
"""After these the connection is over, or another one."""
