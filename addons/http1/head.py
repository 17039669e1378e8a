"""Heads of HTTP/1.1 messages: one reading of what arrives, and our own writing of what leaves.

Where the grammar of RFC 9112 leaves room, a request is refused. An answer is read with the leniency that
servers need, because nothing is judged by it; its framing is written anew as well.
"""

import re
from dataclasses import dataclass

from addons.http1.body import Body, Chunked, Inbox, Sized, Unreadable, UntilClose
from rules.headers import Fields
from rules.verdict import ReasonId

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/([0-9]\.[0-9])\r\n" % _TOKEN)
_REQUEST_START = re.compile(rb"(?:%b(?: [\x20-\x7e]*\r?)?)?\Z" % _TOKEN)
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: (%b))?\r?\n" % _TEXT)
_FIELD = re.compile(rb"^(%b):(%b)\r\n" % (_TOKEN, _TEXT), re.MULTILINE)
_LENGTH = re.compile(rb"[0-9]{1,15}")
_REQUEST_END = re.compile(rb"\r\n\r\n")
_ANSWER_END = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")

# What decides how a message is framed, and whether its connection goes on.
_DECISIVE = frozenset({b"connection", b"content-length", b"expect", b"transfer-encoding"})
_LISTS = frozenset({b"connection", b"expect"})
BODILESS = frozenset({204, 304})
"""Statuses of answers that never have a body (RFC 9110 section 6.4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """The head of a request. `length` of the body as announced, None for chunks."""

    method: bytes
    target: bytes
    version: str
    fields: Fields
    length: int | None
    keep_alive: bool
    expects_continue: bool

    def body(self) -> Body:
        """A reader for the body that follows."""
        return Chunked() if self.length is None else Sized(self.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHead:
    """The head of an upstream's answer. `length` of the body, None if only its end will tell."""

    status: int
    phrase: bytes
    fields: Fields
    length: int | None
    chunked: bool
    keep_alive: bool

    def body(self) -> Body:
        """A reader for the body that follows."""
        if self.chunked:
            return Chunked()
        return UntilClose() if self.length is None else Sized(self.length)


def take_request_head(inbox: Inbox, *, most: int) -> RequestHead | None:
    """The next request's head of at most `most` bytes, or None while it is incomplete. Raises Unreadable."""
    text = inbox.take_through(_REQUEST_END, most=most)
    if text is None:
        _check_start(inbox)
        return None
    line = _REQUEST_LINE.match(text)
    if line is None:
        raise _no_request()
    method, target, version = line.groups()
    if version not in (b"1.0", b"1.1"):
        raise Unreadable(
            "the HTTP version is neither 1.0 nor 1.1", reason_id=ReasonId.VERSION_UNSUPPORTED, status=505
        )
    fields = _fields(text, line.end())
    known = _decisive(fields)
    chunked = _chunked(known)
    if chunked and (b"content-length" in known or version == b"1.0"):
        raise Unreadable("a Transfer-Encoding stands beside a Content-Length or outside HTTP/1.1")
    return RequestHead(
        method=method,
        target=target,
        version="HTTP/1.1" if version == b"1.1" else "HTTP/1.0",
        fields=fields,
        length=None if chunked else _content_length(known) or 0,
        keep_alive=_keep_alive(version, known),
        expects_continue=known.get(b"expect", b"").lower() == b"100-continue" and version == b"1.1",
    )


def take_answer_head(inbox: Inbox, *, method: bytes, most: int) -> AnswerHead | None:
    """The head of the answer to a request of `method`, or None while it is incomplete. Raises Unreadable."""
    text = inbox.take_through(_ANSWER_END, most=most)
    if text is None:
        return None
    line = _STATUS_LINE.match(text)
    if line is None:
        raise Unreadable("its first line is no HTTP/1.1 status line")
    version, status, phrase = line.groups()
    fields = _fields(*_unfolded(text, line.end()))
    known = _decisive(fields)
    bodiless = method == b"HEAD" or status < b"200" or int(status) in BODILESS
    # A Content-Length beside chunks counts for nothing (RFC 9112 section 6.3).
    chunked, length = _chunked(known), _content_length(known)
    return AnswerHead(
        status=int(status),
        phrase=phrase or b"",
        fields=fields,
        length=0 if bodiless else None if chunked else length,
        chunked=chunked and not bodiless,
        keep_alive=_keep_alive(version, known),
    )


def written(start: bytes, fields: Fields) -> bytes:
    """The bytes of a head whose first line is `start`."""
    return b"%b\r\n%b\r\n" % (start, b"".join([b"%b: %b\r\n" % field for field in fields]))


def writable(fields: Fields) -> bool:
    """Whether each of `fields` can be written and still be one field."""
    lines = [(name, _FIELD.fullmatch(b"%b: %b\r\n" % (name, value))) for name, value in fields]
    return all(line is not None and line[1] == name for name, line in lines)


def as_chunk(data: bytes) -> bytes:
    """`data` as one chunk of a body; no data make the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _check_start(inbox: Inbox) -> None:
    """Raise unless what is there can become a request: the client of another protocol waits for ever."""
    begun = _REQUEST_LINE if b"\n" in inbox.data else _REQUEST_START
    if not begun.match(inbox.data):
        raise _no_request()


def _no_request() -> Unreadable:
    return Unreadable("the first line is no request line", reason_id=ReasonId.PROTOCOL_REFUSED)


def _unfolded(text: bytes, start: int) -> tuple[bytes, int]:
    """`text` from `start` on with one line per field and one kind of line end."""
    if b"\n " not in text and b"\n\t" not in text and text.count(b"\r\n") == text.count(b"\n"):
        return text, start
    return _LINE_END.sub(b"\r\n", _FOLD.sub(b" ", text[start:])), 0


def _fields(text: bytes, start: int) -> Fields:
    """The fields of a head from `start` on; every line has to be one. Raises Unreadable."""
    found = _FIELD.findall(text, start)
    if len(found) != text.count(b"\n", start) - 1:
        raise Unreadable("a header line is outside the grammar", reason_id=ReasonId.HEADER_MALFORMED)
    return tuple([(name, value.strip(b" \t")) for name, value in found])


def _decisive(fields: Fields) -> dict[bytes, bytes]:
    """The decisive fields by lower-case name. Raises Unreadable if one stands twice that is no list."""
    known: dict[bytes, bytes] = {}
    for name, value in fields:
        key = name.lower()
        if key in _DECISIVE:
            if key in known and key not in _LISTS:
                raise Unreadable(f"`{key.decode()}` stands more than once")
            known[key] = known[key] + b"," + value if key in known else value
    return known


def _keep_alive(version: bytes, known: dict[bytes, bytes]) -> bool:
    """HTTP/1.0 connections end with the answer; that costs little and leaves one case less."""
    options = known.get(b"connection", b"").lower().split(b",")
    return version == b"1.1" and b"close" not in [option.strip() for option in options]


def _chunked(known: dict[bytes, bytes]) -> bool:
    """Whether the body comes in chunks. Raises Unreadable for every other coding."""
    coding = known.get(b"transfer-encoding")
    if coding is not None and coding.lower() != b"chunked":
        raise Unreadable("the Transfer-Encoding is something else than chunked", status=501)
    return coding is not None


def _content_length(known: dict[bytes, bytes]) -> int | None:
    """The announced length of the body, if any. Raises Unreadable."""
    length = known.get(b"content-length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise Unreadable("the Content-Length is no number")
    return None if length is None else int(length)
