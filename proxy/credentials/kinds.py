"""What the configuration says of each kind of source. Secrets stand elsewhere: here are their places."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from proxy.credentials.sources.endpoint import endpoint_url
from proxy.credentials.sources.stated import FromEnvironment, FromFile, Reference
from rules.language.complaint import quote
from rules.language.document import Strict

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")


def _segments(value: str) -> str:
    if not _SEGMENT.fullmatch(value) or ".." in value.split("/"):
        raise ValueError(f"{quote(value)} is no path; write its parts with `/` between, none before or after")
    return value


type Text = Annotated[str, Field(min_length=1, max_length=1000)]
type Url = Annotated[Text, AfterValidator(endpoint_url)]
type Segments = Annotated[Text, AfterValidator(_segments)]
type Patience = Annotated[float, Field(gt=0, le=60)]


class Place(Strict):
    """Where the operator keeps a secret."""

    env: Text | None = None
    file: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_secret(cls, value: object) -> object:
        # What stands here instead may be the secret, so nothing quotes it.
        if not isinstance(value, dict):
            raise ValueError("a secret's place is `{env: NAME}` or `{file: PATH}`, never the secret itself")
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("give the secret's place as exactly one of `env` and `file`")
        return self

    @property
    def reference(self) -> Reference:
        """The place itself."""
        return FromFile(Path(self.file)) if self.file is not None else FromEnvironment(self.env or "")


class Command(Strict):
    """A program that prints the secret."""

    argv: Annotated[tuple[Text, ...], Field(min_length=1)]
    timeout: Patience = 10.0


class OAuth2(Strict):
    """A token endpoint of OAuth 2."""

    grant: Literal["refresh_token", "client_credentials"]
    token_url: Url
    client_id: Text
    client_secret: Place | None = None
    client_secret_in: Literal["header", "body"] = "header"  # noqa: S105 (a place)
    refresh_token: Place | None = None
    scope: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.grant == "refresh_token") != (self.refresh_token is not None):
            raise ValueError("give `refresh_token` with the grant `refresh_token`, and with that alone")
        if self.grant == "client_credentials" and self.client_secret is None:
            raise ValueError("the grant `client_credentials` needs `client_secret`")
        return self


class JwtBearer(Strict):
    """A service account that signs for its token."""

    key: Place
    scope: str = ""
    subject: str = ""
    issuer: str = ""
    token_url: Url | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.issuer and self.token_url is None:
            raise ValueError("a key with an `issuer` needs `token_url`")
        return needing(self, "joserfc", "jwt")


class GitHubApp(Strict):
    """One installation of a GitHub App."""

    app_id: Text | Annotated[int, Field(ge=1)]
    installation_id: Annotated[int, Field(ge=1)]
    key: Place
    api: Url = "https://api.github.com"
    repositories: tuple[Text, ...] = ()
    permissions: dict[Text, Literal["read", "write", "admin"]] = Field(default={})

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        return needing(self, "joserfc", "jwt")


class SlackRotation(Strict):
    """A Slack app with token rotation."""

    client_id: Text
    client_secret: Place
    refresh_token: Place
    token_url: Url = "https://slack.com/api/oauth.v2.access"  # noqa: S105 (an address)


class KubernetesLogin(Strict):
    """The pod's service account, as Vault knows it."""

    role: Text
    mount: Segments = "kubernetes"
    token_file: Text = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 (a path)


class Vault(Strict):
    """A field of a secret in Vault's key-value store, version 2."""

    url: Url
    path: Segments
    field: Text
    mount: Segments = "secret"
    namespace: str = ""
    token: Place | None = None
    kubernetes: KubernetesLogin | None = None

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        if (self.token is None) == (self.kubernetes is None):
            raise ValueError("give how to log in as exactly one of `token` and `kubernetes`")
        return self


class AwsSigV4(Strict):
    """Signing for AWS; without keys, with those that AWS' own tools would find."""

    access_key_id: Place | None = None
    secret_access_key: Place | None = None
    session_token: Place | None = None
    service: str = ""
    region: str = ""

    @model_validator(mode="after")
    def _whole_key(self) -> Self:
        given = self.access_key_id is not None
        if given != (self.secret_access_key is not None) or (self.session_token is not None and not given):
            raise ValueError("give `access_key_id` and `secret_access_key` together, or neither")
        return needing(self, "botocore", "aws")


class ClientCertificate(Strict):
    """A certificate that the connection shows."""

    certificate: Text
    key: Text
    password: Place | None = None


def needing[M: Strict](model: M, package: str, extra: str) -> M:
    """`model`, whose package is there. Raises ValueError."""
    if find_spec(package) is None:
        raise ValueError(f"it needs the package `{package}`: run `pip install 'sidegate[{extra}]'`")
    return model
