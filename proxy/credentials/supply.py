"""What a credential is given, a request that is about to leave, and what it gives."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from rules.action import Action
from rules.headers import Fields

TLS = "tls certificate"
"""The slot of a credential that is no header: the connection shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request exactly as it will leave, but for its credentials. `target`: path and query."""

    method: str
    scheme: str
    host: str
    port: int
    target: str
    fields: Fields
    body: bytes

    @classmethod
    def of(cls, action: Action, fields: Fields) -> Self:
        """`action` as it will leave with these fields."""
        return cls(
            method=action.method,
            scheme=action.scheme,
            host=action.host,
            port=action.port,
            target=action.target,
            fields=fields,
            body=action.body,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """What goes out with one request. A field takes the place of all others of its name."""

    fields: Fields = field(default=(), repr=False)
    generations: Mapping[str, str] = field(default_factory=dict)
    """By name of the credential."""
    tls: ssl.SSLContext | None = None
    """What the connection is made with, in place of the usual."""

    @property
    def label(self) -> str:
        """All generations in one line, for people and for comparing."""
        return " ".join(f"{name}@{generation}" for name, generation in sorted(self.generations.items()))


class Credential(Protocol):
    """One way in which a secret goes out with a request."""

    @property
    def name(self) -> str:
        """By which the configuration and the rules know it."""

    @property
    def slot(self) -> str:
        """The lower-case name of its header, or `TLS`: a request has one credential for each."""

    async def supply(self, outgoing: Outgoing, *, past: str | None) -> Supplied:
        """What goes out with `outgoing`; `past`: a generation that the upstream has refused.

        Raises CredentialError with what is wrong and the cure, never with a secret.
        """

    async def generation(self) -> str:
        """What is known of the secret's generation without making one. Raises CredentialError."""
