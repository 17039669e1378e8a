"""Calls that no rule named, by host, method and template."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rules.matching.pattern import read_path
from rules.observed.line import Seen
from rules.observed.shape import template_of
from rules.verdict import Tier

MAX_GROUPS = 2_000
MAX_PATHS = 1_000

_DEFAULT = "default_"

type Key = tuple[str, str, str]


@dataclass(slots=True, kw_only=True)
class Group:
    """What was seen of one host, method and template."""

    host: str
    method: str
    path: str
    example: str
    """One of the paths."""
    count: int = 0
    tier: Tier = Tier.READ_ONLY
    """The highest that one of them was judged."""
    reason_ids: dict[str, int] = field(default_factory=dict)
    empty: bool = True
    """Whether none of them had a body."""
    paths: set[str] = field(default_factory=set)

    def add(self, seen: Seen) -> None:
        """Count one call."""
        self.count += 1
        self.tier = max(self.tier, seen.tier)
        self.reason_ids[seen.reason_id] = self.reason_ids.get(seen.reason_id, 0) + 1
        self.empty = self.empty and seen.empty
        if len(self.paths) < MAX_PATHS:
            self.paths.add(seen.path)


@dataclass(slots=True, kw_only=True)
class Groups:
    """All groups, and what was left out of them. Agents choose paths, so their number has a limit."""

    found: dict[Key, Group] = field(default_factory=dict)
    named: int = 0
    """Calls that a rule named."""
    carried: int = 0
    """Calls that were judged by what they carried, which no rule changes."""
    unnameable: int = 0
    """Calls whose path no rule can name."""
    beyond: int = 0
    """Calls of further groups than are kept."""

    def add(self, seen: Seen) -> None:
        """Count one call where it belongs."""
        if seen.rule is not None:
            self.named += 1
        elif not seen.reason_id.startswith(_DEFAULT):
            self.carried += 1
        else:
            self._add(seen)

    def opposite(self, group: Group) -> Group | None:
        """The group that was seen at one URL with `group` and may take back what it did."""
        others = ("DELETE",) if group.method in ("POST", "PUT") else ("PUT", "POST")
        if group.method not in ("POST", "PUT", "DELETE") or not group.empty:
            return None
        pairs = (self.found.get((group.host, other, group.path)) for other in others)
        return next((g for g in pairs if g is not None and g.empty and g.paths & group.paths), None)

    def in_order(self) -> Iterator[Group]:
        """By host, the most frequent first."""
        yield from sorted(self.found.values(), key=lambda g: (g.host, -g.count, g.path, g.method))

    def _add(self, seen: Seen) -> None:
        template = template_of(seen.path)
        key = (seen.host, seen.method, template)
        group = self.found.get(key)
        if group is None:
            if not _is_nameable(template):
                self.unnameable += 1
                return
            if len(self.found) >= MAX_GROUPS:
                self.beyond += 1
                return
            group = Group(host=seen.host, method=seen.method, path=template, example=seen.path)
            self.found[key] = group
        group.add(seen)


def _is_nameable(template: str) -> bool:
    try:
        read_path(template)
    except ValueError:
        return False
    return True
