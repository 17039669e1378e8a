"""One strict reading of a request: everything that two servers could read differently is refused.

The steps run from the outside in: head, framing, authority, method, target, body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from rules.call import HttpCall, Pairs, Payload, by_path
from rules.decode import operations
from rules.headers import HOP_BY_HOP, Fields, connection_options
from rules.message import Message
from rules.request.authority import canonical_host, is_address, split_authority
from rules.request.body import read_body
from rules.request.path_readings import PolicyOf, always_strict, read_paths
from rules.request.target import read_query
from rules.verdict import ReasonId, Refusal

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
VERSIONS = frozenset({"HTTP/1.0", "HTTP/1.1", "HTTP/2"})
MAX_FIELDS = 128
MAX_HEAD_BYTES = 64 * 1024

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_CONNECTION_OPTIONS = HOP_BY_HOP | {b"", b"close"}
_MAX_KEPT_CHARACTERS = 64
"""Longer names and hosts are read anew each time, so that what is kept stays small."""
_OVERRIDE_HEADERS = frozenset({b"x-http-method-override", b"x-method-override", b"x-http-method"})
# What frameworks call the real method in a query, a form or a JSON object; some of them trim the
# name, or read `.` in it as `_`.
_OVERRIDE_NAME = re.compile(r"(?i)\s*(?:[._]method|x[._-]http[._-]method[._-]override|\$method)\s*")
# Front ends rewrite the path from these, so the server may see another target than the gate.
_REROUTING = frozenset({b"x-original-url", b"x-rewrite-url"})

# Fields that have one meaning only when they stand once.
_SINGLETONS = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-location",
        b"content-range",
        b"content-type",
        b"expect",
        b"host",
        b"if-match",
        b"if-none-match",
        b"mcp-method",
        b"mcp-name",
        b"mcp-protocol-version",
        b"mcp-session-id",
        b"range",
        b"soapaction",
        b"transfer-encoding",
        b"upgrade",
        b"x-amz-target",
        *_OVERRIDE_HEADERS,
    }
)


type Head = Mapping[bytes, bytes]
"""The first value of each field, by its lower-case name."""


def normalize(message: Message, *, paths: PolicyOf = always_strict) -> HttpCall | Refusal:
    """Read `message` strictly, or say why it has no single reading. Never raises.

    `paths`: the policy of each host on paths that servers read differently.
    """
    head = _read_head(message.fields)
    if isinstance(head, Refusal):
        return head
    refusal = _check_hop(head, message.fields) or _check_expect(head) or _check_framing(head, message)
    if refusal is not None:
        return refusal
    host = _agreed_host(head, message)
    if isinstance(host, Refusal):
        return host
    method = message.method.decode("latin-1")
    if refusal := _check_method(method, message.body):
        return refusal
    target = message.target.decode("latin-1")
    segments = read_paths(target, paths(host))
    if isinstance(segments, Refusal):
        return segments
    query = read_query(target)
    if isinstance(query, Refusal):
        return query
    payload = read_body(message.fields, message.body)
    if isinstance(payload, Refusal):
        return payload
    return _with_operations(
        HttpCall(
            method=method,
            scheme=message.scheme,
            host=host,
            port=message.port,
            target=target,
            segments=segments[0],
            other_paths=segments[1:],
            query=query,
            fields=message.fields,
            body=message.body,
            payload=payload,
            overrides=_overrides(head, message.fields, query=query, payload=payload),
        )
    )


def is_token(name: bytes) -> bool:
    """Whether `name` can be the name of a header field (RFC 9110 section 5.6.2)."""
    return _TOKEN.fullmatch(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """What the name of a field says by itself: its lower case, and what is wrong with it."""

    key: bytes
    once: bool
    refusal: Refusal | None = None


def _read_head(fields: Fields) -> Head | Refusal:
    """Sizes, grammar, and that what can stand only once does so in its one spelling."""
    if len(fields) > MAX_FIELDS or sum([len(n) + len(v) + 4 for n, v in fields]) > MAX_HEAD_BYTES:
        return Refusal(
            reason_id=ReasonId.HEADERS_TOO_LARGE,
            reason=f"the head has over {MAX_FIELDS} fields or {MAX_HEAD_BYTES} bytes",
            status=431,
        )
    # A tab may stand in a value, so values are within the grammar if they are with tabs between them.
    if not _FIELD_VALUE.fullmatch(b"\t".join([value for _, value in fields])):
        return _OUTSIDE_GRAMMAR
    head: dict[bytes, bytes] = {}
    for written, value in fields:
        name = _kept_name(written) if len(written) <= _MAX_KEPT_CHARACTERS else _read_name(written)
        if name.refusal is not None:
            return name.refusal
        if name.key not in head:
            head[name.key] = value
        elif name.once:
            return Refusal(
                reason_id=ReasonId.HEADER_REPEATED,
                reason=f"`{name.key.decode()}` stands more than once and can only stand once",
            )
    return head


def _read_name(written: bytes) -> _Name:
    key = written.lower()
    if not is_token(written):
        return _Name(key=key, once=False, refusal=_OUTSIDE_GRAMMAR)
    # INVARIANT: `_` and `-` are one character to many servers, so both spell one name here.
    known = key.replace(b"_", b"-")
    refusal = None
    if known in _REROUTING:
        reason = f"`{known.decode()}` names another target than the request line"
        refusal = Refusal(reason_id=ReasonId.TARGET_AMBIGUOUS, reason=reason)
    elif known in _SINGLETONS and key != known:
        refusal = _malformed("a header has `_` where its name has `-`; servers differ on it")
    return _Name(key=key, once=known in _SINGLETONS, refusal=refusal)


# Nearly all requests have the same few names.
_kept_name = lru_cache(maxsize=1024)(_read_name)


def _check_hop(head: Head, fields: Fields) -> Refusal | None:
    """What would change the connection, or take a header away on the way to the server."""
    if b"upgrade" in head:
        return Refusal(
            reason_id=ReasonId.UPGRADE_REFUSED,
            reason="the request asks to switch to a protocol that the gate cannot watch",
            status=501,
        )
    if b"connection" in head and not connection_options(fields) <= _CONNECTION_OPTIONS:
        return _malformed("the Connection header takes away a header that the gate has judged")
    return None


def _check_expect(head: Head) -> Refusal | None:
    expect = head.get(b"expect")
    if expect is None or expect.lower() == b"100-continue":
        return None
    return Refusal(
        reason_id=ReasonId.EXPECTATION_UNSUPPORTED,
        reason="the Expect header asks for something else than 100-continue",
        status=417,
    )


def _check_framing(head: Head, message: Message) -> Refusal | None:
    """That the head announces exactly the body that was read."""
    if message.version not in VERSIONS:
        return Refusal(
            reason_id=ReasonId.VERSION_UNSUPPORTED,
            reason=f"the HTTP version is none of {', '.join(sorted(VERSIONS))}",
            status=505,
        )
    length, coding = head.get(b"content-length"), head.get(b"transfer-encoding")
    if length is not None and length != str(len(message.body)).encode():
        return _ambiguous("the Content-Length is not the length of the body")
    if coding is not None and coding.lower() != b"chunked":
        return _ambiguous("the Transfer-Encoding is something else than chunked")
    if coding is not None and (length is not None or message.version != "HTTP/1.1"):
        return _ambiguous("a Transfer-Encoding stands beside a Content-Length or outside HTTP/1.1")
    if b"trailer" in head:
        return _ambiguous("the request has trailers, which servers merge or drop")
    return None


def _agreed_host(head: Head, message: Message) -> str | Refusal:
    """The one host that destination, SNI and Host name, or why they do not agree."""
    claimed = head.get(b"host")
    place = _Place(message.scheme, message.host, message.port, message.sni, claimed)
    short = len(message.host) + len(message.sni or "") + len(claimed or b"") <= 4 * _MAX_KEPT_CHARACTERS
    return _kept_agreement(place) if short else _read_agreement(place)


class _Place(NamedTuple):
    """Where a request goes by its connection, and `claimed`, by its Host header."""

    scheme: str
    host: str
    port: int
    sni: str | None
    claimed: bytes | None


def _read_agreement(place: _Place) -> str | Refusal:
    default_port = _DEFAULT_PORTS.get(place.scheme)
    if default_port is None:
        return _no_protocol("the scheme is neither http nor https")
    if default_port != place.port == _DEFAULT_PORTS["https"]:
        return _no_protocol("it is sent in clear to the port of https, where nobody expects it")
    if place.claimed is None:
        return _mismatch("the request has no Host header")
    host = canonical_host(place.host)
    authority = split_authority(place.claimed.decode("latin-1"), default_port)
    if host is None or authority is None:
        return Refusal(
            reason_id=ReasonId.HOST_SPELLING,
            reason="the host is spelled in a way that resolvers and servers read differently",
        )
    if authority != (host, place.port):
        return _mismatch("the Host header names another place than the connection's destination")
    if place.scheme == "https" and place.sni is None and not is_address(host):
        return _mismatch("the TLS connection names no server, so nothing confirms its destination")
    if place.sni is not None and canonical_host(place.sni) != host:
        return _mismatch("the TLS server name is another one than the connection's destination")
    return host


# An agent calls few hosts, each many times.
_kept_agreement = lru_cache(maxsize=1024)(_read_agreement)


def _check_method(method: str, body: bytes) -> Refusal | None:
    if method not in METHODS:
        return Refusal(
            reason_id=ReasonId.METHOD_UNKNOWN,
            reason=f"the method is none of {', '.join(sorted(METHODS))}",
            status=501,
        )
    if body and method in _BODILESS:
        return Refusal(
            reason_id=ReasonId.BODY_UNEXPECTED,
            reason=f"a {method} carries no body, and servers differ on what to do with one",
        )
    return None


def _overrides(head: Head, fields: Fields, *, query: Pairs, payload: Payload) -> tuple[str, ...]:
    """Every name in the request that some framework reads as the real method."""
    some = not _OVERRIDE_HEADERS.isdisjoint(head)
    headers = [n.decode("latin-1") for n, _ in fields if n.lower() in _OVERRIDE_HEADERS] if some else []
    members = payload.value if isinstance(payload.value, dict) else ()
    names = [*(name for name, _ in query), *members]
    return (*headers, *(name for name in names if _OVERRIDE_NAME.fullmatch(name)))


def _no_protocol(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.PROTOCOL_REFUSED, reason=reason)


def _with_operations(call: HttpCall) -> HttpCall:
    """The call with what its payload asks for: not certain where that depends on the reading of its path."""
    asked = operations(call)
    if call.other_paths and (asked or any(operations(other) != () for other in by_path(call)[1:])):
        asked = None
    return call if asked == () else replace(call, operations=asked)


def _malformed(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.HEADER_MALFORMED, reason=reason)


_OUTSIDE_GRAMMAR = _malformed("a header's name or value is outside the grammar of RFC 9110")


def _ambiguous(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.FRAMING_AMBIGUOUS, reason=reason)


def _mismatch(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.AUTHORITY_MISMATCH, reason=reason, status=421)
