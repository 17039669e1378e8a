"""Where an agent gets its token for an MCP server, as the server and its issuers have published it.

RFC 9728 leads from the server to its issuers, RFC 8414 from an issuer to its endpoints.
Each is believed about itself only: a document counts where its own subject serves it, and endpoints only at
their issuer's origin.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from rules.call import HttpCall, PayloadKind
from rules.headers import Fields, first
from rules.request.strict_json import Json

_RESOURCE = "/.well-known/oauth-protected-resource"
_ISSUER = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
_NAMED = re.compile(r'\bresource_metadata\s*=\s*"([^"]{1,2000})"')
_ENDPOINTS = ("token_endpoint", "registration_endpoint", "pushed_authorization_request_endpoint")
_MOST = 16


def origin(url: str) -> str:
    """Scheme, host and port of `url`; an empty text where it has none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""


def is_resource_metadata(url: str, server: str) -> bool:
    """Whether the document at `url` is by its place about the server at that URL, or its neighbours."""
    return _stands_at(url, server, _RESOURCE)


def is_issuer_metadata(url: str, issuer: str) -> bool:
    """Whether the document at `url` is by its place about an issuer at that origin."""
    inner = any(urlsplit(url).path.endswith(path) for path in _ISSUER) and origin(url) == origin(issuer)
    return inner or any(_stands_at(url, issuer, path) for path in _ISSUER)


def challenged(fields: Fields, server: str) -> str | None:
    """Where a server that wants a token says that its metadata is, if that is at its own origin."""
    value = (first(fields, b"www-authenticate") or b"").decode("latin-1")
    found = _NAMED.search(value)
    return found[1] if found and origin(found[1]) == origin(server) else None


def issuers(document: Json, server: str) -> Iterator[str]:
    """The issuers that a server's metadata names, if it is that server's."""
    if not isinstance(document, dict):
        return
    resource, named = document.get("resource"), document.get("authorization_servers")
    if not isinstance(resource, str) or not isinstance(named, list):
        return
    if server == resource or server.startswith(resource.rstrip("/") + "/"):
        yield from [issuer for issuer in named[:_MOST] if isinstance(issuer, str) and origin(issuer)]


def endpoints(document: Json, issuer: str) -> Iterator[str]:
    """The endpoints to which agents post, from the issuer's own metadata."""
    if not isinstance(document, dict):
        return
    named = document.get("issuer")
    if not isinstance(named, str) or named.rstrip("/") != issuer.rstrip("/"):
        return
    for name in _ENDPOINTS:
        url = document.get(name)
        if isinstance(url, str) and origin(url) == origin(issuer):
            yield url


def is_grant(call: HttpCall) -> bool:
    """Whether `call` has the form of a request for a token or for a registration, and no other."""
    value = call.payload.value
    if call.method != "POST" or not isinstance(value, dict):
        return False
    if call.payload.kind is PayloadKind.FORM:
        return "grant_type" in value or {"response_type", "client_id"} <= value.keys()
    return call.payload.kind is PayloadKind.JSON and bool({"redirect_uris", "grant_types"} & value.keys())


def _stands_at(url: str, subject: str, path: str) -> bool:
    found = urlsplit(url).path
    return origin(url) == origin(subject) and (found == path or found.startswith(path + "/"))
