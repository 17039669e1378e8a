"""What the configuration says of people: who they are, how they are known, and what they may do."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from proxy.credentials.kinds import Place, Text, Url, needing
from proxy.credentials.sources.endpoint import endpoint_url
from rules.language.complaint import quote
from rules.language.document import Strict
from rules.language.names import distinct
from rules.request.authority import split_authority
from rules.reviewer import Grant, Role, Scope
from rules.verdict import Tier

OPERATOR = "operator"
"""The name of the person whose token is in the data folder."""
CALLBACK = "/login/oidc/callback"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9._:-]{0,252})")
_CURRENCY = re.compile(r"[A-Z0-9]{1,12}")
_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@:/-]{0,99}")
_SCOPE_WORD = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")


def person_name(value: str) -> str:
    """`value` as the name of a person who is not the operator. Raises ValueError."""
    if not NAME.fullmatch(value):
        raise ValueError(
            f"{quote(value)} is no reviewer's name; use up to 64 of letters, digits and `._@-`, "
            "the first a letter or digit"
        )
    if value.casefold() == OPERATOR:
        raise ValueError(f"`{OPERATOR}` is the operator of this machine already; write another name")
    return value


def group_name(value: str) -> str:
    """`value` as the name of a group. Raises ValueError."""
    if not _GROUP.fullmatch(value):
        raise ValueError(
            f"{quote(value)} is no group; use up to 100 of letters, digits, spaces and `._@:/-`, "
            "the first a letter or digit"
        )
    return value


class ScopeEntry(Strict):
    """What somebody's role is for; what is not bounded is all of it."""

    hosts: Annotated[tuple[str, ...], Field(max_length=200)] = ()
    tiers: Annotated[tuple[Literal[3, 4], ...], Field(max_length=2)] = ()
    amounts: dict[str, Annotated[Decimal, Field(ge=0, max_digits=30)]] = Field(default_factory=dict)

    @field_validator("hosts")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.fullmatch(host):
                raise ValueError(
                    f"{quote(host)} is no host of a scope; write a host or an mcp server in lower case, "
                    "or `*.NAME` for all below NAME"
                )
        return value

    @field_validator("amounts")
    @classmethod
    def _currencies(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for currency in value:
            if not _CURRENCY.fullmatch(currency):
                raise ValueError(f"{quote(currency)} is no currency; write it in capitals, like `EUR`")
        return value

    @property
    def scope(self) -> Scope:
        """The scope itself."""
        tiers = frozenset(Tier(tier) for tier in self.tiers)
        return Scope(hosts=self.hosts, tiers=tiers, amounts=dict(self.amounts))


class Standing(Strict):
    """A role, the groups of a quorum, and a scope: what is said of everybody."""

    role: Role = Role.REVIEWER
    groups: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    scope: ScopeEntry = ScopeEntry()

    @field_validator("groups")
    @classmethod
    def _groups(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(group_name(group) for group in value)

    @model_validator(mode="after")
    def _an_auditor_sees_all(self) -> Self:
        if self.role is Role.AUDITOR and self.scope != ScopeEntry():
            raise ValueError("an auditor sees everything; leave out `scope`, or make it a viewer")
        return self

    @property
    def grant(self) -> Grant:
        """The role within its scope."""
        return Grant(role=self.role, scope=self.scope.scope)


class PersonEntry(Standing):
    """A person, and how that person is known: by a token, a password or a login elsewhere."""

    name: str
    also: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    token_file: Text | None = None
    password: bool = False
    subject: Text | None = None
    email: Text | None = None

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        return person_name(value)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if not (self.token_file or self.password or self.subject or self.email):
            raise ValueError(
                f"nothing says how {quote(self.name)} is known; give `token_file`, `password: true`, "
                "`subject` or `email`"
            )
        return self


class RoleEntry(Standing):
    """What the members of a group of the provider's are here."""

    group: Text


class OidcEntry(Strict):
    """A provider at which people log in (OpenID Connect Core 1.0, with the code and PKCE)."""

    name: Annotated[str, Field(min_length=1, max_length=40)] = "your organization"
    issuer: Text
    client_id: Text
    client_secret: Place | None = None
    redirect_uri: Url
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    groups_claim: Text = "groups"
    roles: tuple[RoleEntry, ...] = ()
    hosts: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _can(self) -> Self:
        return needing(needing(self, "authlib", "oidc"), "joserfc", "oidc")

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        # As it stands: the provider's tokens have it letter for letter.
        endpoint_url(value)
        return value

    @field_validator("redirect_uri")
    @classmethod
    def _ours(cls, value: str) -> str:
        if urlsplit(value).path != CALLBACK:
            raise ValueError(f"{quote(value)} is no address of the console's; it has to end in `{CALLBACK}`")
        return value

    @field_validator("scopes")
    @classmethod
    def _openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value or not all(_SCOPE_WORD.fullmatch(word) for word in value):
            raise ValueError("`scopes` has to have `openid`, and words without spaces or quotes beside it")
        return value

    @field_validator("name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(f"{quote(value)} is not plain text on one line; people read it")
        return value


class StepUp(Strict):
    """For which tiers each decision needs a second factor."""

    tiers: Annotated[tuple[Literal[3, 4], ...], Field(max_length=2)] = ()


class ConsoleEntry(Strict):
    """How the console is reached, and by whom."""

    names: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    authentication: Literal["required", "none"] = "required"
    people: tuple[PersonEntry, ...] = ()
    oidc: OidcEntry | None = None
    step_up: StepUp = StepUp()

    @field_validator("names")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if split_authority(name, 80) is None:
                raise ValueError(f"{quote(name)} is no host or host:port; write it as clients address it")
        return value

    @field_validator("people")
    @classmethod
    def _distinct(cls, value: tuple[PersonEntry, ...]) -> tuple[PersonEntry, ...]:
        # Two people of one name, or one subject of two people, and no vote says any more whose it is.
        for what, given in (
            ("name", [one.name.casefold() for one in value]),
            ("token file", [str(Path(one.token_file)) for one in value if one.token_file]),
            ("subject", [one.subject for one in value if one.subject]),
            ("e-mail address", [one.email.casefold() for one in value if one.email]),
        ):
            distinct(given, f"people have the {what}")
        return value

    @model_validator(mode="after")
    def _somewhere_to_log_in(self) -> Self:
        elsewhere = next((one.name for one in self.people if one.subject or one.email), None)
        if elsewhere is not None and self.oidc is None:
            raise ValueError(f"{quote(elsewhere)} logs in at a provider, and there is none; give `oidc`")
        return self
