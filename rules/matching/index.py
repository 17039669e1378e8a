"""Finding the rules that may cover a call, at a cost that does not grow with the number of rules.

One trie per host (or MCP server) over path segments (or the tool's name). It works on folded texts, so it
finds a superset: every rule that covers a call, definitely or perhaps.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rules.matching.pattern import Glob, Track


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """What follows one segment: entries that end here, entries that go on anyhow, next segments.

    `around` finds a `prefix` and `suffix` by their lengths, so that many patterns cost as one.
    """

    ending: list[int] = field(default_factory=list)
    open_ended: list[int] = field(default_factory=list)
    literal: dict[str, "_Node"] = field(default_factory=dict)
    around: dict[tuple[int, int], dict[tuple[str, str], "_Node"]] = field(default_factory=dict)

    def grow(self, glob: Glob) -> "_Node":
        if glob.gap is None:
            return self.literal.setdefault(glob.prefix, _Node())
        lengths = (len(glob.prefix), len(glob.suffix))
        same_lengths = self.around.setdefault(lengths, {})
        return same_lengths.setdefault((glob.prefix, glob.suffix), _Node())

    def follow(self, segment: str) -> Iterator["_Node"]:
        if (node := self.literal.get(segment)) is not None:
            yield node
        for (before, after), nodes in self.around.items():
            if before + after <= len(segment):
                ends = (segment[:before], segment[len(segment) - after :])
                if (node := nodes.get(ends)) is not None:
                    yield node


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Numbers of entries, under keys and tracks."""

    _roots: dict[str, _Node] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        return key in self._roots

    def add(self, number: int, keys: Iterable[str], tracks: Sequence[Track]) -> None:
        """Enter `number` under each of `keys` with each of `tracks`."""
        for key in keys:
            root = self._roots.setdefault(key, _Node())
            for track in tracks:
                node = root
                for glob in track.folded:
                    node = node.grow(glob)
                (node.open_ended if track.open_ended else node.ending).append(number)

    def find(self, keys: Iterable[str], folded: Sequence[str]) -> list[int]:
        """The numbers entered under one of `keys` whose track may cover the `folded` segments, in order."""
        front = [root for key in keys if (root := self._roots.get(key)) is not None]
        return _search(front, folded) if front else []


def _search(front: Sequence[_Node], segments: Sequence[str]) -> list[int]:
    found: set[int] = set()
    for segment in segments:
        for node in front:
            found.update(node.open_ended)
        front = [following for node in front for following in node.follow(segment)]
    for node in front:
        found.update(node.open_ended)
        found.update(node.ending)
    return sorted(found)
