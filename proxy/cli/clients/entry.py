"""One server's command in a client's file, and the changes of text that put it behind the gate.

What is there stays there, comments included: the gate's words are put before the command's own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

_PROGRAMS = frozenset({"sidegate", "sidegate.exe"})


class Unfit(Exception):
    """the file cannot be changed safely; the message says why and what to do"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What goes before a server's command: the program, and options of `sidegate mcp`."""

    program: str
    options: tuple[str, ...] = ()

    def words(self, name: str, command: str) -> tuple[str, ...]:
        """The arguments that stand before those of the server `name`."""
        return ("mcp", f"--name={name}", *self.options, "--", command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A server that a client starts by a command; places are offsets in the file's text."""

    path: tuple[str, ...]
    """Where in the document it stands; the last step is its name."""
    command: str
    args: tuple[str, ...]
    command_at: tuple[int, int]
    args_at: tuple[int, int] | None
    """The inside of the list of arguments; None where there is none."""
    items_at: tuple[int, ...] = ()
    """Where each argument begins."""
    args_name: str
    """What has to be written between the command and a new list."""

    @property
    def wrapped(self) -> bool:
        """Whether the gate stands before it already."""
        return PurePath(self.command).name in _PROGRAMS and self.args[:1] == ("mcp",) and "--" in self.args

    @property
    def own(self) -> tuple[str, tuple[str, ...]]:
        """The server's own command and arguments."""
        if not self.wrapped:
            return self.command, self.args
        rest = self.args[self.args.index("--") + 1 :]
        if not rest:
            raise Unfit(f"`{self.path[-1]}` runs the gate without a command: correct it by hand")
        return rest[0], rest[1:]


type Change = tuple[int, int, str]
"""What stands between two offsets is replaced by a text."""


def wrapping(entry: Entry, gate: Gate) -> list[Change]:
    """The changes that put `gate` before the command of `entry`."""
    words = ", ".join(_quoted(word) for word in gate.words(entry.path[-1], entry.command))
    start, end = entry.command_at
    if entry.args_at is None:
        return [(start, end, f"{_quoted(gate.program)}{entry.args_name}[{words}]")]
    begin = entry.args_at[0]
    return [(start, end, _quoted(gate.program)), (begin, begin, words + (", " if entry.args else ""))]


def unwrapping(entry: Entry) -> list[Change]:
    """The changes that take the gate from before the command of `entry`."""
    command, rest = entry.own
    assert entry.args_at is not None  # noqa: S101 (a wrapped one has arguments)
    begin, end = entry.args_at
    first = len(entry.args) - len(rest)
    until = entry.items_at[first] if rest else end
    return [(*entry.command_at, _quoted(command)), (begin, until, "")]


def changed(text: str, changes: Sequence[Change]) -> str:
    """`text` with all `changes`, which do not overlap."""
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _quoted(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)
