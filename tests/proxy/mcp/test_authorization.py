"""Which requests get an agent its token, as servers and issuers that were asked have published it."""

import json
from typing import Any

import pytest

from proxy.mcp.authorization import Authorization, Watching
from rules.headers import Fields
from rules.mcp.carried import Server, Use
from tests.rules.calls import http

_SERVER = Server(name="bank", url="https://mcp.test/mcp")
_RESOURCE = "GET mcp.test/.well-known/oauth-protected-resource/mcp"
_ISSUER = "GET login.test/.well-known/oauth-authorization-server"
_TOKEN = "POST login.test/token"
_GRANT = "grant_type=authorization_code&code=x"
_NAMES: dict[str, Any] = {"resource": _SERVER.url, "authorization_servers": ["https://login.test"]}
_PUBLISHES: dict[str, Any] = {"issuer": "https://login.test", "token_endpoint": "https://login.test/token"}


class _Edited:
    """A rewriting that changes nothing."""

    def head(self, status: int, fields: Fields) -> Fields | None:
        return fields if status else None

    def data(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b"end"


def _hear(authorization: Authorization, line: str, document: Any, *, status: int = 200) -> bool:
    """Have the answer to a GET pass by; whether anybody listened."""
    found = authorization.find(http(line))
    if found is None:
        return False
    assert found.use is Use.METADATA
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    reading = authorization.reading(found)
    if reading.head(status, ((b"Content-Length", b"1"), (b"X", b"y"))) is not None:
        assert [reading.data(text[:5]), reading.data(text[5:])] == [text[:5], text[5:]]
        assert reading.end() == b""
    return True


def test_a_token_endpoint_is_known_once_server_and_issuer_have_named_it() -> None:
    """And only a grant is one there."""
    authorization = Authorization(servers=[_SERVER])
    assert authorization.find(http(_TOKEN, _GRANT)) is None
    assert not _hear(authorization, _ISSUER, _PUBLISHES)
    assert _hear(authorization, _RESOURCE, _NAMES)
    assert _hear(authorization, _ISSUER, _PUBLISHES)
    found = authorization.find(http(_TOKEN, _GRANT))
    assert found is not None
    assert (found.use, found.server) == (Use.AUTHORIZATION, _SERVER)
    assert authorization.find(http(_TOKEN, {"amount": 7})) is None
    assert authorization.find(http("POST login.test/transfer", _GRANT)) is None
    assert authorization.find(http("PUT login.test/token", {"redirect_uris": []})) is None


@pytest.mark.parametrize(
    ("names", "publishes"),
    [
        ({"resource": "https://other.test/mcp"}, {}),
        ({"authorization_servers": ["https://else.test"]}, {}),
        ({}, {"issuer": "https://else.test"}),
        ({}, {"token_endpoint": "https://pay.test/token"}),
        ({}, {"token_endpoint": "https://login.test/token?as=admin"}),
    ],
    ids=["another resource", "another issuer", "another's metadata", "another host", "a query"],
)
def test_what_nobody_may_say_of_others_is_not_believed(names: Any, publishes: Any) -> None:
    """Every document speaks of its own subject."""
    authorization = Authorization(servers=[_SERVER])
    _hear(authorization, _RESOURCE, _NAMES | names)
    _hear(authorization, _ISSUER, _PUBLISHES | publishes)
    for line in (_TOKEN, "POST pay.test/token", "POST login.test/token?as=admin"):
        assert authorization.find(http(line, _GRANT)) is None


@pytest.mark.parametrize(
    ("document", "status"),
    [(b"{", 200), (b'{"resource": 1, "resource": 2}', 200), (_NAMES, 404), (b" " * 2_000_000, 200)],
    ids=["no json", "twice", "not found", "too long"],
)
def test_what_cannot_be_read_teaches_nothing(document: Any, status: int) -> None:
    """It is given on all the same."""
    authorization = Authorization(servers=[_SERVER])
    assert _hear(authorization, _RESOURCE, document, status=status)
    assert not _hear(authorization, _ISSUER, _PUBLISHES)


@pytest.mark.parametrize(
    ("status", "place", "read"),
    [
        (401, "https://mcp.test/meta.json", True),
        (200, "https://mcp.test/meta.json", False),
        (401, "https://evil.test/meta.json", False),
    ],
    ids=["challenge", "no challenge", "another host"],
)
def test_a_challenge_says_where_the_metadata_is(status: int, place: str, read: bool) -> None:
    """The server's own word, at its own origin."""
    authorization = Authorization(servers=[_SERVER])
    watching: Watching = authorization.watching(_SERVER, _Edited())
    fields: Fields = ((b"WWW-Authenticate", f'Bearer resource_metadata="{place}"'.encode()),)
    assert watching.head(status, fields) == fields
    assert (watching.data(b"x"), watching.end()) == (b"x", b"end")
    assert _hear(authorization, f"GET {place.removeprefix('https://')}", _NAMES) is read
    assert _hear(authorization, _ISSUER, _PUBLISHES) is read


def test_without_servers_nothing_is_looked_at() -> None:
    """And other requests are what they are."""
    assert Authorization(servers=[]).find(http(_RESOURCE)) is None
    assert Authorization(servers=[_SERVER]).find(http("GET mcp.test/files")) is None
