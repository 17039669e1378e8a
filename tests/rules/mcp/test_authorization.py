"""What is believed of where tokens are got, and of whom."""

from typing import Any

import pytest

from rules.mcp.authorization import (
    challenged,
    endpoints,
    is_grant,
    is_issuer_metadata,
    is_resource_metadata,
    issuers,
)
from tests.rules.calls import http

_SERVER = "https://mcp.bank.example/mcp"
_ISSUER = "https://login.bank.example/tenant"


@pytest.mark.parametrize(
    ("url", "believed"),
    [
        ("https://mcp.bank.example/.well-known/oauth-protected-resource", True),
        ("https://mcp.bank.example/.well-known/oauth-protected-resource/mcp", True),
        ("https://mcp.bank.example/files/.well-known/oauth-protected-resource", False),
        ("https://mcp.bank.example/.well-known/oauth-protected-resources", False),
        ("https://elsewhere.example/.well-known/oauth-protected-resource", False),
        ("http://mcp.bank.example/.well-known/oauth-protected-resource", False),
        ("https://mcp.bank.example:8443/.well-known/oauth-protected-resource", False),
    ],
    ids=["root", "path", "a file", "another name", "another host", "another scheme", "another port"],
)
def test_a_servers_metadata_stands_where_only_the_server_can_put_it(url: str, believed: bool) -> None:
    """What others may upload to the same host is not its word."""
    assert is_resource_metadata(url, _SERVER) is believed


@pytest.mark.parametrize(
    ("url", "believed"),
    [
        ("https://login.bank.example/.well-known/oauth-authorization-server/tenant", True),
        ("https://login.bank.example/.well-known/openid-configuration", True),
        ("https://login.bank.example/tenant/.well-known/openid-configuration", True),
        ("https://login.bank.example/tenant/openid-configuration", False),
        ("https://evil.example/.well-known/openid-configuration", False),
    ],
    ids=["inserted", "root", "appended", "no well-known place", "another host"],
)
def test_an_issuers_metadata_stands_at_the_issuer(url: str, believed: bool) -> None:
    """In one of the places of RFC 8414 and OpenID Connect."""
    assert is_issuer_metadata(url, _ISSUER) is believed


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"resource": _SERVER, "authorization_servers": [_ISSUER]}, [_ISSUER]),
        ({"resource": "https://mcp.bank.example", "authorization_servers": [_ISSUER, 7]}, [_ISSUER]),
        ({"resource": "https://mcp.bank.example/m", "authorization_servers": [_ISSUER]}, []),
        ({"resource": "https://other.example/mcp", "authorization_servers": [_ISSUER]}, []),
        ({"authorization_servers": [_ISSUER]}, []),
        ({"resource": _SERVER, "authorization_servers": ["file:///etc/passwd", "x"]}, []),
        ([], []),
    ],
    ids=["its own", "its host's", "half a name", "another's", "nobody's", "no url", "no object"],
)
def test_issuers_are_named_by_the_servers_own_metadata(document: Any, named: list[str]) -> None:
    """A document about another resource says nothing about this one."""
    assert list(issuers(document, _SERVER)) == named


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"issuer": _ISSUER, "token_endpoint": _ISSUER + "/t"}, [_ISSUER + "/t"]),
        ({"issuer": _ISSUER + "/", "registration_endpoint": _ISSUER + "/r"}, [_ISSUER + "/r"]),
        ({"issuer": _ISSUER, "token_endpoint": "https://pay.bank.example/v1/transfers"}, []),
        ({"issuer": _ISSUER, "authorization_endpoint": _ISSUER + "/a"}, []),
        ({"issuer": "https://login.bank.example/other", "token_endpoint": _ISSUER + "/t"}, []),
        ({"token_endpoint": _ISSUER + "/t"}, []),
        ("text", []),
    ],
    ids=["token", "registration", "another host", "for people", "another issuer", "no issuer", "no object"],
)
def test_endpoints_are_the_issuers_own(document: Any, named: list[str]) -> None:
    """Nobody can make another host's URL one where tokens are got."""
    assert list(endpoints(document, _ISSUER)) == named


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (b'Bearer resource_metadata="https://mcp.bank.example/here"', "https://mcp.bank.example/here"),
        (b'Bearer realm="x", resource_metadata = "https://mcp.bank.example/h"', "https://mcp.bank.example/h"),
        (b'Bearer resource_metadata="https://evil.example/here"', None),
        (b'Bearer x_resource_metadata="https://mcp.bank.example/here"', None),
        (b"Bearer", None),
    ],
    ids=["named", "among others", "another host", "another name", "nothing"],
)
def test_a_challenge_names_a_place_at_the_server(value: bytes, place: str | None) -> None:
    """Only there it is the server's word."""
    assert challenged(((b"WWW-Authenticate", value),), _SERVER) == place


@pytest.mark.parametrize(
    ("line", "body", "grant"),
    [
        ("POST login.test/t", "grant_type=authorization_code&code=x", True),
        ("POST login.test/t", "response_type=code&client_id=x", True),
        ("POST login.test/t", {"redirect_uris": []}, True),
        ("POST login.test/t", "amount=7", False),
        ("POST login.test/t", {"grant_type": "x"}, False),
        ("POST login.test/t", [{"redirect_uris": []}], False),
        ("POST login.test/t", b"grant_type", False),
        ("PUT login.test/t", {"redirect_uris": []}, False),
    ],
    ids=["token", "pushed", "registration", "another form", "json", "list", "opaque", "another method"],
)
def test_a_grant_has_the_form_of_one(line: str, body: Any, grant: bool) -> None:
    """Whatever else an issuer does at that URL stays what it is."""
    assert is_grant(http(line, body)) is grant
