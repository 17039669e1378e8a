"""Where a request goes, by what its connection proves and its first line says, never by a header."""

from mitmproxy.proxy.context import Context

from addons.captured import is_captured
from addons.exchange import Place, Served
from addons.http1.head import RequestHead
from rules.headers import Fields, first
from rules.message import Message
from rules.request.authority import is_address, split_authority
from rules.verdict import ReasonId, Refusal

_HTTP_PORT = 80
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# What browsers send along with what a page asks for, and nobody else does.
_BROWSERS = frozenset({b"origin", b"sec-fetch-site", b"sec-fetch-mode"})


def addressed(
    request: RequestHead, body: bytes, context: Context, *, served: Served | None
) -> Message | Refusal:
    """The request with its destination. `served`: None where its client does not know of a proxy."""
    if served and request.target.startswith(b"/"):
        return _through_path(request, body, context, served)
    place = _connected(request, context) if served is None else _asked(request)
    if place is None:
        return Refusal(
            reason_id=ReasonId.TARGET_MALFORMED,
            reason="the request does not say where it wants to go in a way that a proxy accepts: "
            "clients are to name this address as their proxy, as `sidegate env` tells them",
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


def _through_path(request: RequestHead, body: bytes, context: Context, served: Served) -> Message | Refusal:
    """A request to one of the places that are served by path, as if a proxy had been asked for it.

    INVARIANT: a page in a browser reaches none of them, neither by another origin nor by a name of its own
    that it has resolve to this listener (DNS rebinding).
    """
    names = [value for name, value in request.fields if name.lower() == b"host"]
    if any(name.lower() in _BROWSERS for name, _ in request.fields) or not _is_ours(names, context):
        return Refusal(
            reason_id=ReasonId.AUTHORITY_MISMATCH,
            reason="what is served by path is for programs that ask this listener by its address, not for "
            "pages in browsers",
        )
    path, query, parameters = request.target.partition(b"?")
    if (place := served.get(path)) is None:
        return Refusal(reason_id=ReasonId.TARGET_MALFORMED, reason="nothing is served under this path")
    scheme, host, port, target = place
    return Message(
        scheme=scheme,
        host=host,
        port=port,
        sni=host if scheme == "https" and not is_address(host) else None,
        method=request.method,
        target=target + query + parameters,
        fields=_to(place, request.fields),
        body=body,
        version=request.version,
    )


def _is_ours(names: list[bytes], context: Context) -> bool:
    """Whether the Host field, of which there has to be one, is this listener's address."""
    own, port = context.client.sockname[:2]
    found = split_authority(names[0].decode("latin-1"), _HTTP_PORT) if len(names) == 1 else None
    return found is not None and found[1] == port and found[0] in (*_LOOPBACK, own)


def _to(place: Place, fields: Fields) -> Fields:
    """`fields` with the Host of `place`."""
    scheme, host, port, _ = place
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port == _PORTS[scheme] else f"{shown}:{port}"
    return tuple((n, authority.encode() if n.lower() == b"host" else v) for n, v in fields)


def _connected(request: RequestHead, context: Context) -> Place | None:
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


def _asked(request: RequestHead) -> Place | None:
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
