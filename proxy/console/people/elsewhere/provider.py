"""The provider: what it publishes of itself, its keys, and a code made into an ID token.

Nothing it says leads elsewhere: its endpoints are at the issuer's host or at hosts that are configured,
redirects are not followed, and its keys are read again only for one that is new.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from proxy.console.people.entry import OidcEntry
from proxy.credentials.sources.endpoint import Endpoint, Said, endpoint_url
from proxy.credentials.sources.secret import CredentialError
from rules.language.complaint import quote
from rules.request.strict_json import Json

_FRESH = timedelta(hours=1)
_PAUSE = timedelta(minutes=1)
_OK = 200
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_KEYS = ("RSA", "EC", "OKP")
_QUERIED = ("authorization_endpoint", "end_session_endpoint")
_LONGEST = 64 * 1024


class ProviderFault(Exception):
    """the provider cannot be used; the message says why"""


class CodeRefused(Exception):
    """the provider does not take the code"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a provider publishes of itself, as far as it is used."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    names_itself: bool
    """Whether its answers say who they are from (RFC 9207)."""
    secret_in_body: bool
    """Whether it takes the client's secret in the form alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a code was exchanged for."""

    id_token: str
    access_token: str | None


class Provider:
    """The one that is configured."""

    def __init__(self, entry: OidcEntry, *, endpoint: Endpoint, now: Callable[[], datetime]) -> None:
        self.entry = entry
        self._endpoint = endpoint
        self._now = now
        self._published: tuple[datetime, Published] | None = None
        self._keys: tuple[datetime, list[dict[str, Any]]] | None = None

    @property
    def secure(self) -> bool:
        """Whether browsers reach the console over TLS."""
        return self.entry.redirect_uri.startswith("https:")

    async def published(self) -> Published:
        """What it publishes. Raises ProviderFault."""
        now = self._now()
        if self._published is None or now - self._published[0] >= _FRESH:
            url = f"{self.entry.issuer.rstrip('/')}/.well-known/openid-configuration"
            self._published = (now, self._checked(await self._read(url)))
        return self._published[1]

    async def keys(self, kid: str | None) -> list[dict[str, Any]]:
        """Its keys, read again where `kid` is none of them, but not all the time. Raises ProviderFault."""
        now = self._now()
        known = self._keys
        stale = known is None or now - known[0] >= _FRESH
        new = known is not None and now - known[0] >= _PAUSE and all(k.get("kid") != kid for k in known[1])
        if stale or new:
            published = await self.published()
            known = self._keys = (now, _public(await self._read(published.jwks_uri)))
        assert known is not None  # noqa: S101 (just read)
        return known[1]

    async def exchange(self, code: str, *, verifier: str) -> Tokens:
        """The ID token for `code`. Raises CodeRefused, or ProviderFault."""
        published = await self.published()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.entry.redirect_uri,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        secret = self._secret()
        if secret is None or published.secret_in_body:
            form["client_id"] = self.entry.client_id
        if secret is not None and published.secret_in_body:
            form["client_secret"] = secret
        elif secret is not None:
            # Each is form-encoded before they are joined (RFC 6749 section 2.3.1).
            pair = ":".join(map(quote_plus, (self.entry.client_id, secret)))
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        said = await self._asked(self._endpoint.post, published.token_endpoint, form=form, headers=headers)
        if said.status != _OK:
            raise CodeRefused(CodeRefused.__doc__)
        return _tokens(said.content)

    async def logout(self, hint: str) -> str | None:
        """Where to log out there as well, if that is possible (OpenID Connect RP-Initiated Logout 1.0)."""
        end = (await self.published()).end_session_endpoint
        if end is None:
            return None
        parts = urlsplit(self.entry.redirect_uri)
        said = {
            "id_token_hint": hint,
            "client_id": self.entry.client_id,
            "post_logout_redirect_uri": f"{parts.scheme}://{parts.netloc}/login",
        }
        return f"{end}{'&' if '?' in end else '?'}{urlencode(said)}"

    def _secret(self) -> str | None:
        place = self.entry.client_secret
        try:
            return None if place is None else place.reference.read()
        except CredentialError as error:
            raise ProviderFault(str(error)) from error

    async def _read(self, url: str) -> Mapping[str, Json]:
        said = await self._asked(self._endpoint.get, url, headers={})
        if said.status != _OK:
            raise ProviderFault(f"`{url}` answered {said.status}")
        return said.content

    async def _asked(self, ask: Callable[..., Any], url: str, **request: Any) -> Said:
        try:
            said: Said = await ask(url, **request)
        except CredentialError as error:
            raise ProviderFault(str(error)) from error
        return said

    def _checked(self, said: Mapping[str, Json]) -> Published:
        if said.get("issuer") != self.entry.issuer:
            raise ProviderFault(
                f"{quote(str(said.get('issuer')))} publishes at the issuer's address, and not the issuer"
            )
        places = {name: self._ours(name, said.get(name)) for name in _NEEDED}
        end = said.get("end_session_endpoint")
        methods = said.get("token_endpoint_auth_methods_supported")
        body = isinstance(methods, list) and "client_secret_basic" not in methods
        return Published(
            **places,
            end_session_endpoint=None if end is None else self._ours("end_session_endpoint", end),
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
            secret_in_body=body and isinstance(methods, list) and "client_secret_post" in methods,
        )

    def _ours(self, name: str, value: Json) -> str:
        """`value` if it is an address at a host of the provider's. Raises ProviderFault."""
        try:
            # Where browsers are sent, a query may stand (RFC 6749 section 3.1).
            bare = value.partition("?")[0] if isinstance(value, str) and name in _QUERIED else value
            url = endpoint_url(bare) if isinstance(bare, str) else ""
        except ValueError as error:
            raise ProviderFault(f"its `{name}` cannot be used: {error}") from error
        if not url or urlsplit(url).hostname not in {urlsplit(self.entry.issuer).hostname, *self.entry.hosts}:
            raise ProviderFault(
                f"its `{name}` is not at the issuer's host: add the host to `hosts` if that is right"
            )
        return str(value)


def _tokens(said: Mapping[str, Json]) -> Tokens:
    token, access = said.get("id_token"), said.get("access_token")
    if not isinstance(token, str) or len(token) > _LONGEST:
        raise ProviderFault("it gave no id token: `openid` has to be one of its scopes")
    return Tokens(id_token=token, access_token=access if isinstance(access, str) else None)


def _public(said: Mapping[str, Json]) -> list[dict[str, Any]]:
    """The keys that a signature can be checked with; never one that both sides have."""
    found = said.get("keys")
    keys = found if isinstance(found, list) else []
    return [
        dict(key)
        for key in keys
        if isinstance(key, dict) and key.get("kty") in _KEYS and key.get("use") in (None, "sig")
    ]
