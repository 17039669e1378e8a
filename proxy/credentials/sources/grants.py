"""OAuth 2 grants that take no assertion: a refresh token, the client's own credentials, Slack's rotation."""

from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import quote_plus

from proxy.credentials.sources.answer import Token, oauth_token
from proxy.credentials.sources.endpoint import Endpoint
from proxy.credentials.sources.stated import Reference


class Grant(Protocol):
    """A way to a new token."""

    def seed(self) -> str:
        """What the operator gave: a kept token counts only while this stays. Raises CredentialError."""

    async def token(self, refresh: str | None) -> Token:
        """A new token; `refresh`: the refresh token that the last one came with. Raises CredentialError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks, and where. `in_body`: the endpoint wants the client's secret in the form."""

    url: str
    identity: str
    secret: Reference | None
    in_body: bool = False
    scope: str = ""

    def form(self, **further: str) -> dict[str, str]:
        """The form with what identifies the client (RFC 6749 section 2.3.1)."""
        form = further | ({"scope": self.scope} if self.scope else {})
        if self.secret is None:
            return form | {"client_id": self.identity}
        if self.in_body:
            return form | {"client_id": self.identity, "client_secret": self.secret.read()}
        return form

    def headers(self) -> dict[str, str]:
        """The header with what identifies the client, where the form has not."""
        if self.secret is None or self.in_body:
            return {}
        pair = f"{quote_plus(self.identity)}:{quote_plus(self.secret.read())}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token, which each use may replace (RFC 6749 section 6)."""

    endpoint: Endpoint
    client: Client
    first: Reference
    """The one that the operator got by signing in."""

    def seed(self) -> str:
        """The operator's: a new one begins a new chain."""
        return self.first.read()

    async def token(self, refresh: str | None) -> Token:
        """A new token, with the refresh token that is to be used next."""
        used = refresh or self.first.read()
        form = self.client.form(grant_type="refresh_token", refresh_token=used)
        said = await self.endpoint.post(self.client.url, form=form, headers=self.client.headers())
        token = oauth_token(said)
        return token if token.refresh is not None else replace(token, refresh=used)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """The client acts for itself (RFC 6749 section 4.4)."""

    endpoint: Endpoint
    client: Client

    def seed(self) -> str:
        """Nothing beside the configuration."""
        return ""

    async def token(self, refresh: str | None) -> Token:
        """A new token."""
        form = self.client.form(grant_type="client_credentials")
        said = await self.endpoint.post(self.client.url, form=form, headers=self.client.headers())
        return replace(oauth_token(said), refresh=None)
