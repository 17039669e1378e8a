"""A person who decides about holds, as the console has recognized that person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from rules.verdict import Tier

_ANYTHING_BELOW = "*."


class Role(StrEnum):
    """What somebody may do at all."""

    VIEWER = "viewer"
    """Sees what is held, and decides nothing."""
    REVIEWER = "reviewer"
    """Decides about holds, and may switch the kill switch on."""
    LEAD = "lead"
    """A reviewer who also gives grants, accepts tools, tells anew and switches the kill switch off."""
    ADMIN = "admin"
    """A lead who also looks after people and keys."""
    AUDITOR = "auditor"
    """Sees everything, whatever its scope, and decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What somebody's role is for. Each part that is empty bounds nothing."""

    hosts: tuple[str, ...] = ()
    """Names of hosts or MCP servers in lower case; `*.NAME` is whatever is below NAME. All else is hidden."""
    tiers: frozenset[Tier] = frozenset()
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    """The most that may be decided about, by currency in capitals; another currency is out of scope."""

    def covers(self, host: str | None) -> bool:
        """Whether `host` is one of its own; None is a host that nobody knows."""
        if not self.hosts:
            return True
        return host is not None and any(_names(pattern, host.lower()) for pattern in self.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role within a scope."""

    role: Role
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who is asking."""

    name: str
    groups: frozenset[str] = frozenset()
    """Which of a quorum's groups the person can speak for."""
    grants: tuple[Grant, ...] = (Grant(role=Role.REVIEWER),)
    """Every one of them has to allow what is done: the person's own, and that of a token in use."""
    also: frozenset[str] = frozenset()
    """Other names of the same person, such as an e-mail address."""
    proven: frozenset[str] = frozenset()
    """For what this very request has shown a second factor: `about` in `rules/authority.py`."""

    @property
    def role(self) -> Role:
        """The person's own role."""
        return self.grants[0].role


def _names(pattern: str, host: str) -> bool:
    if pattern.startswith(_ANYTHING_BELOW):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return host == pattern
