"""`channels` in the configuration: who is told of holds, where, and by which secrets."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from proxy.credentials.sources.endpoint import endpoint_url
from proxy.credentials.sources.stated import FromEnvironment, FromFile
from proxy.destinations import Allowed
from rules.hold import State
from rules.language.complaint import quote
from rules.language.document import Strict
from rules.request.authority import canonical_host

type Name = Annotated[str, Field(min_length=1, max_length=200)]

OUTCOMES = tuple(state for state in State if state not in (State.CLAIMED, State.SENDING))
"""Of what a webhook is told unless it says otherwise."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")


class SecretPlace(Strict):
    """Where a secret of a channel stands: in a variable or in a file."""

    env: Name | None = None
    file: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("give the secret's place as exactly one of `env` and `file`")
        return self

    def read(self) -> str:
        """The secret of this moment. Raises CredentialError."""
        if self.env is not None:
            return FromEnvironment(self.env).read()
        return FromFile(Path(self.file or "")).read()


class Posted(Strict):
    """A channel that is told over HTTP, of holds for some hosts or for all."""

    url: Name
    hosts: tuple[Name, ...] = ()

    @field_validator("url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        return endpoint_url(value)

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return hosts(value)


class Webhook(Posted):
    """A program that is told; with two secrets it may take either, while the older one goes.

    `people`: whether it tells people who decide, who are tested with drills.
    """

    name: str
    secrets: Annotated[tuple[SecretPlace, ...], Field(min_length=1, max_length=2)]
    events: Annotated[tuple[State, ...], Field(min_length=1)] = OUTCOMES
    people: bool = False

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(
                f"{quote(value)} is no webhook's name; use up to 32 of small letters, digits and `-`"
            )
        return value


class Slack(Posted):
    """A Slack app: where it posts, and which of its users is which reviewer, by the user's id."""

    channel: Annotated[str, Field(pattern="^[A-Z0-9]{2,32}$")]
    token: SecretPlace
    signing_secret: SecretPlace
    reviewers: dict[str, Name] = Field(default_factory=dict)
    url: Name = "https://slack.com/api"

    @field_validator("reviewers")
    @classmethod
    def _users(cls, value: dict[str, str]) -> dict[str, str]:
        for user in value:
            if not _SLACK_USER.fullmatch(user):
                raise ValueError(f"{quote(user)} is no id of a Slack user; copy it from the user's profile")
        return value


class Recipient(Strict):
    """A reviewer who is sent letters."""

    address: str
    reviewer: Name

    @field_validator("address")
    @classmethod
    def _one(cls, value: str) -> str:
        return address(value)


class Mail(Strict):
    """The server that takes letters, and who gets them."""

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Annotated[str, Field(max_length=200)] = ""
    password: SecretPlace | None = None
    sender: str
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1, max_length=50)]
    hosts: tuple[Name, ...] = ()

    @field_validator("sender")
    @classmethod
    def _one(cls, value: str) -> str:
        return address(value)

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return hosts(value)

    @model_validator(mode="after")
    def _whole_login(self) -> Self:
        if bool(self.username) != (self.password is not None):
            raise ValueError("give `username` and `password` together, or neither")
        if self.username and self.security == "none":
            raise ValueError("a password is not sent in the clear: use `starttls` or `tls`")
        return self


class Channels(Strict):
    """Who is told, and where people find the console from there."""

    link: str = ""
    allow: tuple[Name, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    slack: Slack | None = None
    mail: Mail | None = None

    @field_validator("link")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        return value and endpoint_url(value)

    @field_validator("allow")
    @classmethod
    def _parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Allowed.parse(value)
        return value

    @field_validator("webhooks")
    @classmethod
    def _distinct(cls, value: tuple[Webhook, ...]) -> tuple[Webhook, ...]:
        names = [webhook.name for webhook in value]
        if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
            raise ValueError(f"two webhooks have the name {quote(twice)}; give each its own")
        return value


def hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    """Hosts as calls have them. Raises ValueError."""
    for host in value:
        if host != canonical_host(host):
            raise ValueError(f"{quote(host)} is no host; write it in lower case, without a port")
    return value


def address(value: str) -> str:
    """One plain mail address. Raises ValueError."""
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f"{quote(value)} is no plain mail address; write name@host")
    return value
