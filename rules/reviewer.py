"""A person who decides about holds, as the console has recognized that person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who is asking. `groups`: which of a quorum's groups the person can speak for."""

    name: str
    groups: frozenset[str] = frozenset()
