"""Where a request goes, by what its connection proves and its first line says, never by a header."""

from mitmproxy.proxy.context import Context

from addons.captured import is_captured
from addons.http1.head import RequestHead
from rules.headers import first
from rules.message import Message
from rules.request.authority import split_authority
from rules.verdict import ReasonId, Refusal

type _Place = tuple[str, str, int, bytes]
"""Scheme, host, port and origin-form target."""

_HTTP_PORT = 80


def addressed(request: RequestHead, body: bytes, context: Context, *, explicit: bool) -> Message | Refusal:
    """The request with its destination. `explicit`: the client knows that it talks to a proxy."""
    place = _asked(request) if explicit else _connected(request, context)
    if place is None:
        return Refusal(
            reason_id=ReasonId.TARGET_MALFORMED,
            reason="the request does not say where it wants to go in a way that a proxy accepts",
        )
    scheme, host, port, target = place
    return Message(
        scheme=scheme,
        host=host,
        port=port,
        sni=context.client.sni if scheme == "https" else None,
        method=request.method,
        target=target,
        fields=request.fields,
        body=body,
        version=request.version,
    )


def _connected(request: RequestHead, context: Context) -> _Place | None:
    """Inside a tunnel: where the tunnel leads. Captured in clear: the named host, at the addressed port."""
    address = context.server.address
    if address is None or request.method == b"CONNECT":
        return None
    if context.client.tls:
        return "https", address[0], address[1], request.target
    host = _named(request) if is_captured(context.client) else address[0]
    return None if host is None else ("http", host, address[1], request.target)


def _named(request: RequestHead) -> str | None:
    """The host of the Host header; whether its port is the addressed one is looked at with all else."""
    claimed = first(request.fields, b"host") or b""
    authority = split_authority(claimed.decode("latin-1"), _HTTP_PORT)
    return authority[0] if authority else None


def _asked(request: RequestHead) -> _Place | None:
    """What a proxy is asked for: a tunnel, or an absolute http target (RFC 9112 section 3.2)."""
    if request.method == b"CONNECT":
        authority = split_authority(request.target.decode("latin-1"), 0)
        return ("https", *authority, b"") if authority and authority[1] else None
    scheme, separator, rest = request.target.partition(b"://")
    if not separator or scheme.lower() != b"http":
        return None
    name, slash, path = rest.partition(b"/")
    authority = split_authority(name.decode("latin-1"), _HTTP_PORT)
    return ("http", *authority, slash + path or b"/") if authority else None
