"""`config.yaml`: what is fixed while Sidegate runs. Rules are apart, because they change meanwhile."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from addons.exchange import Served
from proxy.audit.settings import Audit
from proxy.channels.settings import Channels
from proxy.console.people.entry import ConsoleEntry, person_name
from proxy.credentials.entry import CredentialEntry, distinct, secret_name
from proxy.credentials.supply import TLS
from proxy.destinations import Allowed
from proxy.holding import Waiting
from proxy.keys.settings import Keys
from proxy.logs import LogsEntry
from proxy.mcp.servers import McpServer
from proxy.quality.settings import Drills, PassAudit
from proxy.settings.authority import CaEntry
from proxy.settings.serve import ServeEntry
from proxy.store.timing import Cap, Clocks
from proxy.tracing.settings import TracesEntry
from rules.action import Principal
from rules.granting.grant import LONGEST
from rules.language.complaint import quote
from rules.language.document import Problem, Strict
from rules.language.holding import Unanswered
from rules.mcp.carried import Server
from rules.verdict import Tier

type Seconds = Annotated[float, Field(gt=0, le=31_622_400)]
type Patience = Annotated[float, Field(ge=0, le=3600)]
type Grace = Annotated[float, Field(ge=0, le=3600)]
type Name = Annotated[str, Field(min_length=1, max_length=200)]

_DOMAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Identity(Strict):
    """Who acts through this sidecar; it is part of every action."""

    human: Annotated[str, Field(max_length=200)] = ""
    service: Annotated[str, Field(max_length=200)] = ""
    agent: Name = "agent"
    session: Name = "default"

    @field_validator("human", "service", "agent", "session")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(f"{quote(value)} is not plain text on one line; reviewers read it")
        return value


class Openings(Strict):
    """Destinations that are closed by default and open here."""

    allow: tuple[Name, ...] = ()
    connect_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = (443,)

    @field_validator("allow")
    @classmethod
    def _parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Allowed.parse(value)
        return value


class InlineWait(Strict):
    """Seconds that a held request waits on its connection for its decision."""

    usual: Patience = 20.0
    most: Patience = 120.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.usual > self.most:
            raise ValueError(
                f"`usual` ({self.usual:.10g}) is over `most` ({self.most:.10g}), which no request may "
                "exceed; raise `most` or lower `usual`"
            )
        return self


class NewHolds(Strict):
    """How many new holds the agent may open; beyond that it hears 429 for a while."""

    most: Annotated[int, Field(ge=1, le=100_000)] = 20
    within: Seconds = 60.0
    quarantine: Seconds = 300.0


class Windows(Strict):
    """How long, in seconds, each clock of a hold runs."""

    decision: Seconds = 1800.0
    approval_tier_3: Seconds = 86_400.0
    approval_tier_4: Seconds = 900.0
    remind_before: Grace = 0.0
    grace_tier_3: Grace = 5.0
    grace_tier_4: Grace = 10.0
    retention: Seconds = 604_800.0
    contents: Seconds = 604_800.0
    upstream: Seconds = 60.0


class Reviewer(Strict):
    """A person who may decide, known by the token in a file that only Sidegate can read."""

    name: str
    token_file: Name

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        return person_name(value)


class Review(Strict):
    """What an approval has to name, how soon it is a fast one, and how long a grant may last."""

    preview: Literal["required", "optional"] = "required"
    fast_tier_3: Patience = 5.0
    fast_tier_4: Patience = 15.0
    eval_metrics: str | None = None
    on_timeout: Unanswered = Unanswered()
    longest_grant: Annotated[float, Field(ge=0, le=LONGEST.total_seconds(), allow_inf_nan=False)] = 3600.0

    @property
    def fast(self) -> dict[Tier, timedelta]:
        """How soon after the first view an approval of a tier is a fast one."""
        seconds = {Tier.EXTERNAL: self.fast_tier_3, Tier.HIGH_RISK: self.fast_tier_4}
        return {tier: timedelta(seconds=limit) for tier, limit in seconds.items()}


class RedisPlace(Strict):
    """Which Redis, and which approval domain in it; REDIS_URL goes before `url`.

    `replicas` have to confirm what a failover may not lose, before anybody is told and before it is sent.
    """

    url: str | None = None
    domain: str = "default"
    replicas: Annotated[int, Field(ge=0, le=16)] = 0

    @field_validator("url")
    @classmethod
    def _reachable(cls, value: str | None) -> str | None:
        if value is not None and (fault := store_fault(value)):
            raise ValueError(fault)
        return value

    @field_validator("domain")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not _DOMAIN.fullmatch(value):
            raise ValueError(
                f"{quote(value)} is no domain; use up to 64 of small letters, digits and `._-`, "
                "the first a letter or digit"
            )
        return value


class Config(Strict):
    """The whole file."""

    version: Literal[1]
    serve: ServeEntry = ServeEntry()
    identity: Identity = Identity()
    destinations: Openings = Openings()
    inline_wait: InlineWait = InlineWait()
    windows: Windows = Windows()
    new_holds: NewHolds = NewHolds()
    credentials: tuple[CredentialEntry, ...] = ()
    secret_headers: tuple[Name, ...] = ()
    mcp_servers: tuple[McpServer, ...] = ()
    reviewers: tuple[Reviewer, ...] = ()
    console: ConsoleEntry = ConsoleEntry()
    review: Review = Review()
    drills: Drills = Drills()
    pass_audit: PassAudit = PassAudit()
    channels: Channels = Channels()
    redis: RedisPlace = RedisPlace()
    keys: Keys = Keys()
    ca: CaEntry = CaEntry()
    audit: Audit = Audit()
    traces: TracesEntry = TracesEntry()
    logs: LogsEntry = LogsEntry()

    @field_validator("credentials")
    @classmethod
    def _one_each(cls, value: tuple[CredentialEntry, ...]) -> tuple[CredentialEntry, ...]:
        return distinct(value)

    @field_validator("secret_headers")
    @classmethod
    def _field_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(secret_name(name) for name in value)

    @field_validator("mcp_servers")
    @classmethod
    def _servers_apart(cls, value: tuple[McpServer, ...]) -> tuple[McpServer, ...]:
        for what, given in (("name", [s.name for s in value]), ("url", [s.url for s in value])):
            for n, one in enumerate(given):
                if one in given[:n]:
                    raise ValueError(f"two mcp servers have the {what} {quote(one)}; give each its own")
        return value

    @field_validator("reviewers")
    @classmethod
    def _distinct(cls, value: tuple[Reviewer, ...]) -> tuple[Reviewer, ...]:
        # Two names for one token, or two tokens for one name, and no vote says any more whose it is.
        for what, given in (
            ("name", [reviewer.name.casefold() for reviewer in value]),
            ("token file", [reviewer.token_file for reviewer in value]),
        ):
            for n, one in enumerate(given):
                if one in given[:n]:
                    raise ValueError(f"two reviewers have the {what} {quote(one)}; give each their own")
        return value

    @model_validator(mode="after")
    def _servers_known(self) -> Self:
        named = {server.name for server in self.mcp_servers}
        if stranger := next((e.server for e in self.credentials if e.server and e.server not in named), None):
            raise ValueError(f"a credential is for {quote(stranger)}, which is no name in `mcp_servers`")
        return self

    @model_validator(mode="after")
    def _people_apart(self) -> Self:
        named = {reviewer.name.casefold() for reviewer in self.reviewers}
        if twice := next((one.name for one in self.console.people if one.name.casefold() in named), None):
            raise ValueError(f"{quote(twice)} is in `reviewers` and in `console.people`; leave one out")
        return self

    @property
    def token_files(self) -> dict[str, Path]:
        """Where the tokens of people are, by name."""
        reviewers = {one.name: Path(one.token_file) for one in self.reviewers}
        people = {one.name: Path(one.token_file) for one in self.console.people if one.token_file}
        return reviewers | people

    @property
    def server_urls(self) -> dict[str, str]:
        """Where each MCP server is, by its name."""
        return {server.name: server.url for server in self.mcp_servers}

    @property
    def principal(self) -> Principal:
        """Who acts, as the binding of every action."""
        return Principal(**self.identity.model_dump())

    @property
    def allowed(self) -> Allowed:
        """The opened destinations."""
        return Allowed.parse(self.destinations.allow)

    @property
    def clocks(self) -> Clocks:
        """The clocks that the store applies."""
        return Clocks(
            decision_window=timedelta(seconds=self.windows.decision),
            approval_validity={
                Tier.EXTERNAL: timedelta(seconds=self.windows.approval_tier_3),
                Tier.HIGH_RISK: timedelta(seconds=self.windows.approval_tier_4),
            },
            grace={
                Tier.EXTERNAL: timedelta(seconds=self.windows.grace_tier_3),
                Tier.HIGH_RISK: timedelta(seconds=self.windows.grace_tier_4),
            },
            remind=timedelta(seconds=self.windows.remind_before),
            retention=timedelta(seconds=self.windows.retention),
            contents=timedelta(seconds=min(self.windows.contents, self.windows.retention)),
        )

    @property
    def journal_keep(self) -> timedelta:
        """How long the journal remembers a sending: longer than any approval can be used."""
        return max(self.clocks.approval_validity.values()) + timedelta(days=1)

    @property
    def cap(self) -> Cap:
        """The cap on new holds of this sidecar's agent."""
        cap = self.new_holds
        return Cap(
            most=cap.most,
            within=timedelta(seconds=cap.within),
            quarantine=timedelta(seconds=cap.quarantine),
        )

    @property
    def waiting(self) -> Waiting:
        """How long a held request waits inline."""
        return Waiting(usual=self.inline_wait.usual, most=self.inline_wait.most)

    @property
    def tool_servers(self) -> tuple[Server, ...]:
        """The configured MCP servers."""
        return tuple(entry.server() for entry in self.mcp_servers)

    @property
    def served(self) -> Served:
        """Where requests go that ask the agents' listener by path."""
        return dict(entry.served() for entry in self.mcp_servers if entry.serve)

    @property
    def secrets(self) -> frozenset[bytes]:
        """Further header names, lower case, that carry credentials."""
        declared = {entry.slot.encode() for entry in self.credentials if entry.slot != TLS}
        return frozenset(declared | {name.lower().encode() for name in self.secret_headers})


def read_text(path: Path) -> str | tuple[Problem, ...]:
    """The text of a file that a person wrote, or the one problem with reading it."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        why = f"cannot be read ({error.strerror}): give the path of a readable file"
    except UnicodeDecodeError as error:
        why = f"is not utf-8 at byte {error.start}: save it as utf-8"
    return (Problem(file=str(path), line=1, column=1, key="", message=why),)


def store_fault(url: str) -> str | None:
    """What is wrong with the URL of a store, without any part of it: it may hold a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "its host or port cannot be read; percent-encode special characters in the password"
    if parts.scheme not in ("redis", "rediss", "unix"):
        return "it does not begin with redis://, rediss:// or unix://"
    if parts.scheme == "unix":
        return None if parts.path.startswith("/") and not parts.hostname else "it needs unix:///PATH"
    if not parts.hostname or port == 0:
        return "it names no host; write redis://HOST:PORT"
    return None
