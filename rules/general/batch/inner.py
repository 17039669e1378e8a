"""One request as a batch asks for it, and the calls that a server may take it for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from rules.call import HttpCall, Payload, PayloadKind
from rules.decode import operations
from rules.headers import Fields
from rules.normalize import METHODS
from rules.request.spelling import fold
from rules.request.strict_json import Json, parse
from rules.request.target import read_pairs, read_query, read_segments
from rules.verdict import Refusal

MAX_INNER = 200
"""A batch of more requests is not read."""

_NO_BODY = Payload(kind=PayloadKind.EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request in a batch, as it is written there."""

    method: str
    address: str
    fields: Fields = ()
    body: bytes = b""
    payload: Payload = _NO_BODY


def calls_of(call: HttpCall, asked: Asked) -> list[HttpCall] | None:
    """Every call that `asked` may be; None where it cannot be read in one way.

    Servers count an address from the host, from the service or from the batch itself: such a request is
    there once for each.
    """
    if asked.method.upper() not in METHODS or _may_override(_names(asked)):
        return None
    found = [_at(call, asked, target) for target in dict.fromkeys(_targets(call, asked.address))]
    return None if not found or None in found else [inner for inner in found if inner is not None]


def payload_of(body: Json) -> Payload:
    """The meaning of a body that stands in JSON: as a value, or as a text in JSON or of a form."""
    if body is None or body == "":
        return _NO_BODY
    if not isinstance(body, str):
        return Payload(kind=PayloadKind.JSON, value=body)
    try:
        return Payload(kind=PayloadKind.JSON, value=parse(body.encode()))
    except ValueError:
        return _form(body)


def _form(text: str) -> Payload:
    try:
        pairs = read_pairs(text)
    except ValueError:
        return Payload(kind=PayloadKind.OPAQUE)
    members: dict[str, Json] = dict(pairs)
    plain = "=" in text and len(members) == len(pairs)
    return Payload(kind=PayloadKind.FORM, value=members) if plain else Payload(kind=PayloadKind.OPAQUE)


def _targets(call: HttpCall, address: str) -> Iterator[str]:
    """The targets that `address` may be below, the nearest first; none for another host."""
    if "://" in address[:8]:
        parts = urlsplit(address)
        if parts.netloc.lower() == call.host:
            yield f"{parts.path}?{parts.query}" if parts.query else parts.path
        return
    path = call.target.partition("?")[0]
    below = path.rpartition("/")[0]
    for root in (below, below.rpartition("/")[0], ""):
        yield f"{root}/{address.removeprefix('/')}"


def _at(call: HttpCall, asked: Asked, target: str) -> HttpCall | None:
    segments, query = read_segments(target), read_query(target)
    if isinstance(segments, Refusal) or isinstance(query, Refusal) or segments[-1].lower() == "$batch":
        return None
    if _may_override(name for name, _ in query):
        return None
    inner = replace(
        call,
        method=asked.method.upper(),
        target=target,
        segments=segments,
        query=query,
        fields=asked.fields,
        body=asked.body,
        payload=asked.payload,
        overrides=(),
        other_paths=(),
    )
    return replace(inner, operations=operations(inner))


def _names(asked: Asked) -> Iterator[str]:
    yield from (name.decode("latin-1") for name, _ in asked.fields)
    if isinstance(asked.payload.value, dict):
        yield from asked.payload.value


def _may_override(names: Iterable[str]) -> bool:
    """Whether one of them could name another method or target: then the request has two readings."""
    return any(word in fold(name) for name in names for word in ("method", "override", "url", "path"))
