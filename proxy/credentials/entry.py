"""One entry of `credentials` in the configuration: for which place, in which header, from which source."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from proxy.credentials.kinds import (
    AwsSigV4,
    ClientCertificate,
    Command,
    GitHubApp,
    JwtBearer,
    OAuth2,
    SlackRotation,
    Vault,
)
from proxy.credentials.supply import TLS
from rules.headers import HOP_BY_HOP
from rules.language.complaint import quote
from rules.language.document import Strict
from rules.normalize import is_token
from rules.request.authority import canonical_host, split_authority

# What frames a message, concerns one connection only, or is the gate's own: nobody's secret.
_NOT_SECRET = HOP_BY_HOP | {b"content-length", b"content-type", b"expect", b"host", b"idempotency-key"}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SOURCES = (
    *("env", "file", "command", "oauth2", "jwt_bearer", "github_app", "slack", "vault"),
    *("aws_sigv4", "client_certificate"),
)
_KEPT = ("oauth2", "jwt_bearer", "github_app", "slack")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,32}")
_WITHOUT_HEADER = ("aws_sigv4", "client_certificate")
_HEADER = "Authorization"
_TEMPLATE = "Bearer {secret}"

type Name = Annotated[str, Field(min_length=1, max_length=200)]


class CredentialEntry(Strict):
    """What a replay to `host`, or to the MCP server `server`, carries, with its secret from one source."""

    host: str = ""
    server: str = ""
    name: str = ""
    header: Name | None = None
    template: Name | None = None
    env: Name | None = None
    file: Name | None = None
    command: Command | None = None
    oauth2: OAuth2 | None = None
    jwt_bearer: JwtBearer | None = None
    github_app: GitHubApp | None = None
    slack: SlackRotation | None = None
    vault: Vault | None = None
    aws_sigv4: AwsSigV4 | None = None
    client_certificate: ClientCertificate | None = None
    inject: bool = False
    export: str = ""
    placeholder_prefix: str = ""

    @field_validator("host")
    @classmethod
    def _one_host(cls, value: str) -> str:
        if value == canonical_host(value):
            return value
        place = split_authority(value, 0)
        if place is not None and place[1]:
            host = f"[{place[0]}]" if ":" in place[0] else place[0]
            if value == f"{host}:{place[1]}":
                return value
        raise ValueError(
            f"{quote(value)} is no host or host:port; write it in lower case, and an ipv6 address without "
            "brackets, or with brackets and a port"
        )

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if value and not _NAME.fullmatch(value):
            raise ValueError(
                f"{quote(value)} is no credential's name; use up to 64 of small letters, digits and `._-`, "
                "the first a letter or digit"
            )
        return value

    @field_validator("header")
    @classmethod
    def _field_name(cls, value: str | None) -> str | None:
        return None if value is None else secret_name(value)

    @field_validator("template")
    @classmethod
    def _has_place(cls, value: str | None) -> str | None:
        if value is not None and value.count("{secret}") != 1:
            raise ValueError("the template needs `{secret}` exactly once")
        if value is not None and not (value.isascii() and value.isprintable()):
            raise ValueError("the template has characters that no header can carry; write plain ascii")
        return value

    @field_validator("export")
    @classmethod
    def _variable(cls, value: str) -> str:
        if not _VARIABLE.fullmatch(value):
            raise ValueError(f"{quote(value)} is no name of an environment variable")
        return value

    @field_validator("placeholder_prefix")
    @classmethod
    def _prefix(cls, value: str) -> str:
        if not _PREFIX.fullmatch(value):
            raise ValueError(f"{quote(value)} is no prefix; use up to 32 of letters, digits and `._-`")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.host) == bool(self.server):
            raise ValueError("give where it goes as exactly one of `host` and `server`")
        if self.server and self.inject:
            raise ValueError("`inject` needs the server's `host`: write it in place of `server`")
        return self

    @model_validator(mode="after")
    def _whole_injection(self) -> Self:
        if self.inject and not self.export:
            raise ValueError("an agent gets its placeholder in a variable: give `inject` an `export`")
        if not self.inject and (self.export or self.placeholder_prefix):
            raise ValueError("`export` and `placeholder_prefix` are of a placeholder: add `inject: true`")
        if self.inject and (self.aws_sigv4 or self.client_certificate):
            raise ValueError("`inject` is for secrets in a header: leave it out here")
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [source for source in _SOURCES if getattr(self, source) is not None]
        if len(given) != 1:
            known = f"{', '.join(f'`{source}`' for source in _SOURCES[:-1])} and `{_SOURCES[-1]}`"
            raise ValueError(f"give the secret's source as exactly one of {known}")
        if given[0] in _KEPT and not self.name:
            raise ValueError(f"its token is kept under a name: give `{given[0]}` a `name`")
        if given[0] in _WITHOUT_HEADER and (self.header or self.template):
            raise ValueError(f"`{given[0]}` has no header of yours: leave out `header` and `template`")
        return self

    @property
    def slot(self) -> str:
        """What a request to the host has one of: the header, or the connection's certificate."""
        return TLS if self.client_certificate is not None else self.written_header.lower()

    @property
    def place(self) -> str:
        """Where it goes, for people."""
        return self.host or self.server

    @property
    def label(self) -> str:
        """Its name, or what tells it from the others."""
        return self.name or f"{self.place}/{self.slot}"

    @property
    def written_header(self) -> str:
        """The header's name as it goes out."""
        return self.header or _HEADER

    @property
    def written_template(self) -> str:
        """The header's value around the secret."""
        return self.template or _TEMPLATE

    @property
    def settings(self) -> str:
        """What a kept token was made for: how it is used makes no other token."""
        return self.origin.model_dump_json(exclude={"server", "inject", "export", "placeholder_prefix"})

    @property
    def origin(self) -> Self:
        """It without its place: entries of one name have the same."""
        return self.model_copy(update={"host": "", "server": "", "header": None, "template": None})


def distinct(entries: tuple[CredentialEntry, ...]) -> tuple[CredentialEntry, ...]:
    """`entries`, of which no two stand for the same. Raises ValueError."""
    for n, entry in enumerate(entries):
        for other in entries[:n]:
            same_place = (entry.host, entry.server, entry.slot) == (other.host, other.server, other.slot)
            if same_place and entry.label == other.label:
                raise ValueError(f"`{entry.place}` has two credentials for `{entry.slot}`; keep one of them")
            if entry.name and entry.name == other.name and entry.origin != other.origin:
                raise ValueError(f"two credentials have the name `{entry.name}`; give each their own")
            if entry.export and entry.export == other.export and entry.label != other.label:
                raise ValueError(f"two credentials have the `export` `{entry.export}`; give each their own")
            if same_place and not (entry.name and other.name):
                raise ValueError(
                    f"`{entry.place}` has two credentials for `{entry.slot}`; keep one of them, or "
                    "give both a `name`"
                )
    return entries


def secret_name(name: str) -> str:
    """`name`, which can carry a credential. Raises ValueError."""
    if not is_token(name.encode()):
        raise ValueError(f"{quote(name)} is no header name")
    if name.lower().replace("_", "-").encode() in _NOT_SECRET:
        raise ValueError(f"`{name}` says how a request is sent and carries no secret; leave it out")
    return name
