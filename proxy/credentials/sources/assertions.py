"""Tokens for a signed statement of who asks: service accounts (RFC 7523) and GitHub Apps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxy.credentials.sources.answer import Denied, Token, carried, check, oauth_token, until
from proxy.credentials.sources.endpoint import Endpoint, endpoint_url
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import Reference
from rules.request.strict_json import Json, parse

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NEEDED = ("client_email", "private_key", "token_uri")
_LIFETIME = 600
_BACKDATED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtBearer:
    """A service account's key, as a JSON file of Google's or a PEM key with an `issuer` and a `url`."""

    endpoint: Endpoint
    key: Reference
    now: Callable[[], float]
    scope: str = ""
    subject: str = ""
    issuer: str = ""
    url: str = ""

    def seed(self) -> str:
        """The key: a token of another account is another one."""
        return self.key.read()

    async def token(self, refresh: str | None) -> Token:
        """A new token."""
        account = self._account()
        claims = {"iss": account["client_email"], "aud": account["token_uri"]}
        claims |= {name: value for name, value in (("scope", self.scope), ("sub", self.subject)) if value}
        identity = {"kid": account["private_key_id"]} if "private_key_id" in account else {}
        assertion = signed(claims, account["private_key"], now=self.now(), header=identity)
        form = {"grant_type": _GRANT, "assertion": assertion}
        said = await self.endpoint.post(account["token_uri"], form=form, headers={})
        return oauth_token(said)

    def _account(self) -> Mapping[str, str]:
        text = self.key.read()
        if text.startswith("-----BEGIN "):
            return {"client_email": self.issuer, "private_key": text, "token_uri": self.url}
        try:
            account = _texts(parse(text.encode())) | ({"token_uri": self.url} if self.url else {})
            # What the file says is asked no less than what the configuration says.
            return (
                {name: account[name] for name in _NEEDED}
                | account
                | {"token_uri": endpoint_url(account["token_uri"])}
            )
        except (ValueError, KeyError) as error:
            raise CredentialError(
                "the service account's key is neither its json file nor a pem key: replace it"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubApp:
    """A GitHub App's key, for one installation of it. `api`: where its API begins."""

    endpoint: Endpoint
    key: Reference
    now: Callable[[], float]
    app: str
    installation: int
    api: str
    repositories: Sequence[str] = ()
    permissions: Mapping[str, str]

    def seed(self) -> str:
        """The key."""
        return self.key.read()

    async def token(self, refresh: str | None) -> Token:
        """A new installation token, for no more than is configured."""
        proof = signed({"iss": self.app}, self.key.read(), now=self.now(), header={})
        narrowed = {"repositories": list(self.repositories), "permissions": dict(self.permissions)}
        said = await self.endpoint.post_json(
            f"{self.api}/app/installations/{self.installation}/access_tokens",
            content={name: value for name, value in narrowed.items() if value},
            headers={"Authorization": f"Bearer {proof}", "Accept": "application/vnd.github+json"},
        )
        if said.status == 404:
            raise Denied(f"there is no installation {self.installation} of this app: correct its number")
        check(said)
        text = carried(said.content.get("token"), name="token")
        lifetime = until(said.content.get("expires_at"), said=said, now=self.now())
        return Token(text=text, lifetime=lifetime, ahead=said.ahead)


def _texts(value: Json) -> dict[str, str]:
    """The members of an object that are texts."""
    members = value.items() if isinstance(value, dict) else ()
    return {name: member for name, member in members if isinstance(member, str)}


def signed(claims: Mapping[str, Any], key: str, *, now: float, header: Mapping[str, str]) -> str:
    """`claims` with times, as a JSON web token. Raises CredentialError where `key` is no RSA key."""
    # An extra: who has no such credential needs it not.
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    times = {"iat": int(now) - _BACKDATED, "exp": int(now) + _LIFETIME - _BACKDATED}
    try:
        return jwt.encode({"alg": "RS256", **header}, {**claims, **times}, RSAKey.import_key(key))
    except (JoseError, ValueError, TypeError) as error:
        # Its words could quote the key.
        raise CredentialError("the private key is no rsa key in pem: replace it") from error
