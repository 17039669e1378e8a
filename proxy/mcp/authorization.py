"""What passes by of where agents get their tokens: kept, so that what is posted there is known for it."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from addons.exchange import Rewriting
from proxy.mcp.servers import plain_url
from rules.call import HttpCall
from rules.headers import Fields
from rules.mcp.authorization import (
    challenged,
    endpoints,
    is_grant,
    is_issuer_metadata,
    is_resource_metadata,
    issuers,
)
from rules.mcp.carried import Carried, Server, Use, url_of
from rules.request.strict_json import parse

logger = logging.getLogger(__name__)

_MOST = 64
_MOST_BYTES = 1024 * 1024
_OK = 200
_WANTS_TOKEN = 401


@dataclass(slots=True)
class _Published:
    """What one server and its issuers have said."""

    places: set[str] = field(default_factory=set)
    issuers: set[str] = field(default_factory=set)
    endpoints: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What the configured servers and their issuers have published, for as long as the gate runs."""

    servers: Sequence[Server]
    _published: defaultdict[str, _Published] = field(default_factory=lambda: defaultdict(_Published))

    def find(self, call: HttpCall) -> Carried | None:
        """What `call` is on the way to a token for one of the servers, None for all else."""
        if not self.servers or call.method not in ("GET", "POST"):
            return None
        url = url_of(call)
        for server in self.servers:
            said = self._published[server.url]
            if call.method == "GET" and self._is_metadata(url, server, said):
                return Carried(server=server, use=Use.METADATA, place=url)
            if url in said.endpoints and is_grant(call):
                return Carried(server=server, use=Use.AUTHORIZATION, place=url)
        return None

    def reading(self, found: Carried) -> "Reading":
        """What takes in the metadata that `found` asks for."""
        return Reading(lambda text: self._learn(found, text))

    def watching(self, server: Server, inner: Rewriting) -> "Watching":
        """`inner`, and an eye on where an answer of `server` says that its metadata is."""
        return Watching(inner, lambda fields: self._challenged(server, fields))

    def _is_metadata(self, url: str, server: Server, said: _Published) -> bool:
        if url in said.places:
            return True
        if "/.well-known/" not in url:
            return False
        if is_resource_metadata(url, server.url):
            return True
        return any(is_issuer_metadata(url, issuer) for issuer in said.issuers)

    def _challenged(self, server: Server, fields: Fields) -> None:
        if (place := challenged(fields, server.url)) is not None:
            _add(self._published[server.url].places, place)

    def _learn(self, found: Carried, text: bytes) -> None:
        try:
            document = parse(text)
        except ValueError:
            return
        server, said = found.server.url, self._published[found.server.url]
        if found.place in said.places or is_resource_metadata(found.place, server):
            for issuer in issuers(document, server):
                said.issuers.update([issuer] if len(said.issuers) < _MOST else [])
        for issuer in said.issuers:
            if is_issuer_metadata(found.place, issuer):
                for endpoint in endpoints(document, issuer):
                    logger.info("mcp.endpoint_learned server=%s", found.server.name)
                    _add(said.endpoints, endpoint)


class Watching:
    """An answer that is given on by `inner`; `see` gets the head's fields where a token is wanted."""

    def __init__(self, inner: Rewriting, see: Callable[[Fields], None]) -> None:
        self._inner = inner
        self._see = see

    def head(self, status: int, fields: Fields) -> Fields | None:
        """As `inner` has it."""
        if status == _WANTS_TOKEN:
            self._see(fields)
        return self._inner.head(status, fields)

    def data(self, data: bytes) -> bytes:
        """As `inner` has it."""
        return self._inner.data(data)

    def end(self) -> bytes:
        """As `inner` has it."""
        return self._inner.end()


class Reading:
    """An answer that is given on as it is; `learn` gets all of it before its end is given on."""

    def __init__(self, learn: Callable[[bytes], None]) -> None:
        self._learn = learn
        self._kept = bytearray()

    def head(self, status: int, fields: Fields) -> Fields | None:
        """The same fields without a length; None where nothing is to be learned."""
        if status != _OK:
            return None
        return tuple(one for one in fields if one[0].lower() != b"content-length")

    def data(self, data: bytes) -> bytes:
        """The same."""
        if len(self._kept) <= _MOST_BYTES:
            self._kept += data
        return data

    def end(self) -> bytes:
        """Nothing more."""
        if len(self._kept) <= _MOST_BYTES:
            self._learn(bytes(self._kept))
        return b""


def _add(urls: set[str], url: str) -> None:
    """Keep a URL in the form in which requests to it are written, if it has one."""
    try:
        plain = plain_url(url)
    except ValueError:
        return
    if len(urls) < _MOST:
        urls.add(plain)
