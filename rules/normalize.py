"""One strict reading of a request: everything that two servers could read differently is refused.

The steps run from the outside in: head, framing, authority, method, target, body.
"""

import re
from dataclasses import replace

from rules.call import HttpCall, Pairs, Payload, by_path
from rules.decode import operations
from rules.headers import HOP_BY_HOP, Fields, connection_options, first
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


def normalize(message: Message, *, paths: PolicyOf = always_strict) -> HttpCall | Refusal:
    """Read `message` strictly, or say why it has no single reading. Never raises.

    `paths`: the policy of each host on paths that servers read differently.
    """
    for check in (_check_size, _check_fields, _check_hop, _check_expect):
        if refusal := check(message.fields):
            return refusal
    if refusal := _check_framing(message):
        return refusal
    host = _agreed_host(message)
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
            overrides=_overrides(message.fields, query, payload),
        )
    )


def is_token(name: bytes) -> bool:
    """Whether `name` can be the name of a header field (RFC 9110 section 5.6.2)."""
    return _TOKEN.fullmatch(name) is not None


def _check_size(fields: Fields) -> Refusal | None:
    if len(fields) <= MAX_FIELDS and sum(len(n) + len(v) + 4 for n, v in fields) <= MAX_HEAD_BYTES:
        return None
    return Refusal(
        reason_id=ReasonId.HEADERS_TOO_LARGE,
        reason=f"the head has over {MAX_FIELDS} fields or {MAX_HEAD_BYTES} bytes",
        status=431,
    )


def _check_fields(fields: Fields) -> Refusal | None:
    """Grammar, and that what can stand only once does so in its one spelling."""
    seen: set[bytes] = set()
    for name, value in fields:
        if not is_token(name) or not _FIELD_VALUE.fullmatch(value):
            return _malformed("a header's name or value is outside the grammar of RFC 9110")
        key = name.lower()
        # INVARIANT: `_` and `-` are one character to many servers, so both spell one name here.
        known = key.replace(b"_", b"-")
        if known in _REROUTING:
            return Refusal(
                reason_id=ReasonId.TARGET_AMBIGUOUS,
                reason=f"`{known.decode()}` names another target than the request line",
            )
        if known not in _SINGLETONS:
            continue
        if key != known:
            return _malformed("a header has `_` where its name has `-`; servers differ on it")
        if key in seen:
            return Refusal(
                reason_id=ReasonId.HEADER_REPEATED,
                reason=f"`{key.decode()}` stands more than once and can only stand once",
            )
        seen.add(key)
    return None


def _check_hop(fields: Fields) -> Refusal | None:
    """What would change the connection, or take a header away on the way to the server."""
    if first(fields, b"upgrade") is not None:
        return Refusal(
            reason_id=ReasonId.UPGRADE_REFUSED,
            reason="the request asks to switch to a protocol that the gate cannot watch",
            status=501,
        )
    if not connection_options(fields) <= _CONNECTION_OPTIONS:
        return _malformed("the Connection header takes away a header that the gate has judged")
    return None


def _check_expect(fields: Fields) -> Refusal | None:
    expect = first(fields, b"expect")
    if expect is None or expect.lower() == b"100-continue":
        return None
    return Refusal(
        reason_id=ReasonId.EXPECTATION_UNSUPPORTED,
        reason="the Expect header asks for something else than 100-continue",
        status=417,
    )


def _check_framing(message: Message) -> Refusal | None:
    """That the head announces exactly the body that was read."""
    if message.version not in VERSIONS:
        return Refusal(
            reason_id=ReasonId.VERSION_UNSUPPORTED,
            reason=f"the HTTP version is none of {', '.join(sorted(VERSIONS))}",
            status=505,
        )
    length = first(message.fields, b"content-length")
    coding = first(message.fields, b"transfer-encoding")
    if length is not None and length != str(len(message.body)).encode():
        return _ambiguous("the Content-Length is not the length of the body")
    if coding is not None and coding.lower() != b"chunked":
        return _ambiguous("the Transfer-Encoding is something else than chunked")
    if coding is not None and (length is not None or message.version != "HTTP/1.1"):
        return _ambiguous("a Transfer-Encoding stands beside a Content-Length or outside HTTP/1.1")
    if first(message.fields, b"trailer") is not None:
        return _ambiguous("the request has trailers, which servers merge or drop")
    return None


def _agreed_host(message: Message) -> str | Refusal:
    """The one host that destination, SNI and Host name, or why they do not agree."""
    default_port = _DEFAULT_PORTS.get(message.scheme)
    if default_port is None:
        return _no_protocol("the scheme is neither http nor https")
    if default_port != message.port == _DEFAULT_PORTS["https"]:
        return _no_protocol("it is sent in clear to the port of https, where nobody expects it")
    claimed = first(message.fields, b"host")
    if claimed is None:
        return _mismatch("the request has no Host header")
    host = canonical_host(message.host)
    authority = split_authority(claimed.decode("latin-1"), default_port)
    if host is None or authority is None:
        return Refusal(
            reason_id=ReasonId.HOST_SPELLING,
            reason="the host is spelled in a way that resolvers and servers read differently",
        )
    if authority != (host, message.port):
        return _mismatch("the Host header names another place than the connection's destination")
    if message.scheme == "https" and message.sni is None and not is_address(host):
        return _mismatch("the TLS connection names no server, so nothing confirms its destination")
    if message.sni is not None and canonical_host(message.sni) != host:
        return _mismatch("the TLS server name is another one than the connection's destination")
    return host


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


def _overrides(fields: Fields, query: Pairs, payload: Payload) -> tuple[str, ...]:
    """Every name in the request that some framework reads as the real method."""
    headers = [name.decode("latin-1") for name, _ in fields if name.lower() in _OVERRIDE_HEADERS]
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


def _ambiguous(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.FRAMING_AMBIGUOUS, reason=reason)


def _mismatch(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.AUTHORITY_MISMATCH, reason=reason, status=421)
