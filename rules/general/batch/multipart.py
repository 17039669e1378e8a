"""Requests as parts of a body: `multipart/mixed` with `application/http` (OData 4.01 part 1, section 11.7).

Readers of MIME differ on nearly everything else than the plain form, so only that one is read: one boundary
that stands nowhere but at the delimiters, no text around the parts, and known headers.
"""

import re
from collections.abc import Iterator

from rules.general.batch.inner import MAX_INNER, Asked
from rules.headers import Fields, first
from rules.request.body import read_body
from rules.verdict import Refusal

_MAX_DEPTH = 2
_TYPE = re.compile(
    rb"(?i:multipart/(?:mixed|batch))[ \t]*;[ \t]*(?i:boundary)="
    rb"(?:\"(?P<quoted>[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-])\""
    rb"|(?P<plain>[A-Za-z0-9'+_.-]{1,70}))"
    rb"[ \t]*(?:;[ \t]*(?i:type)=[A-Za-z/\"]+[ \t]*)?"
)
_HTTP = re.compile(
    rb"(?i)application/http[ \t]*(?:;[ \t]*(?:msgtype=\"?request\"?|charset=\"?utf-8\"?)[ \t]*)*"
)
_PART_FIELDS = frozenset(
    {b"content-type", b"content-id", b"content-transfer-encoding", b"content-length", b"mime-version"}
)
_ENCODINGS = frozenset({b"", b"binary", b"8bit", b"7bit"})
_REQUEST = re.compile(rb"([A-Za-z]{3,7}) ([!-~]+)(?: HTTP/1\.[01])?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")

type Part = tuple[Fields, bytes]


def is_multipart(fields: Fields) -> bool:
    """Whether a body with these fields is of several parts that may be requests."""
    kind = (first(fields, b"content-type") or b"").lower()
    return kind.startswith((b"multipart/mixed", b"multipart/batch"))


def parts_of(fields: Fields, body: bytes, *, depth: int = 0) -> list[Asked | None]:
    """The requests in `body`, None for what cannot be read in one way."""
    kind = _TYPE.fullmatch(first(fields, b"content-type") or b"")
    if kind is None or depth > _MAX_DEPTH or first(fields, b"content-encoding") is not None:
        return [None]
    parts = _split(body, kind["quoted"] or kind["plain"])
    if parts is None:
        return [None]
    found = [asked for part in parts for asked in _of_part(part, depth)]
    return found if 0 < len(found) <= MAX_INNER else [None]


def _split(body: bytes, boundary: bytes) -> list[bytes] | None:
    """What stands between the delimiters; None where another reader may find other ones."""
    delimiter = b"--" + boundary
    end = b"\r\n" if body.startswith(delimiter + b"\r\n") else b"\n"
    whole = end + body
    between = whole.split(end + delimiter)
    if between[0] or len(between) > MAX_INNER + 2 or body.count(delimiter) != len(between) - 1:
        return None
    if between[-1].strip(b"\r\n") != b"--" or not all(part.startswith(end) for part in between[1:-1]):
        return None
    return [part.removeprefix(end) for part in between[1:-1]]


def _of_part(part: bytes, depth: int) -> Iterator[Asked | None]:
    head = _headed(part)
    if head is None or not _PART_FIELDS.issuperset(name.lower() for name, _ in head[0]):
        yield None
        return
    fields, content = head
    if (first(fields, b"content-transfer-encoding") or b"").lower() not in _ENCODINGS:
        yield None
    elif is_multipart(fields):
        yield from parts_of(fields, content, depth=depth + 1)
    elif _HTTP.fullmatch(first(fields, b"content-type") or b"") and _is_whole(fields, content):
        yield _request(content)
    else:
        yield None


def _is_whole(fields: Fields, content: bytes) -> bool:
    """Whether the length that a part gives, if it gives one, is that of all that stands in it."""
    length = first(fields, b"content-length")
    within = {str(len(content)).encode(), str(len(content.rstrip(b"\r\n"))).encode()}
    return length is None or length in within


def _request(content: bytes) -> Asked | None:
    end = b"\r\n" if b"\r\n" in content else b"\n"
    line, _, rest = content.partition(end)
    request, head = _REQUEST.fullmatch(line), _headed(rest)
    if request is None or head is None:
        return None
    fields, body = head
    if first(fields, b"transfer-encoding") is not None or not _is_whole(fields, body):
        return None
    body = body.rstrip(b"\r\n")
    payload = read_body(fields, body)
    if isinstance(payload, Refusal):
        return None
    method, address = request[1].decode(), request[2].decode()
    return Asked(method=method, address=address, fields=fields, body=body, payload=payload)


def _headed(text: bytes) -> Part | None:
    """The header fields at the beginning of `text` and what follows their empty line."""
    end = b"\r\n" if text.startswith(b"\r\n") or b"\r\n" in text.partition(b"\n\n")[0] else b"\n"
    if not text.strip(b"\r\n"):
        return (), b""
    if text.startswith(end):
        return (), text.removeprefix(end)
    head, _, content = text.partition(end + end)
    matches = [_FIELD.fullmatch(line) for line in head.rstrip(b"\r\n").split(end)]
    names = [match[1].lower() for match in matches if match]
    if None in matches or len(set(names)) != len(names):
        return None
    return tuple((match[1], match[2]) for match in matches if match), content
