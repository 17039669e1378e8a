"""Text on a terminal: what others wrote can neither act on it, nor hide in it, nor pass for our words."""

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator

from rules.review.inert import visible

_NARROWEST = 20
_BAR, _CONTINUED = "  | ", "  : "


def say(text: str) -> None:
    """Print `text` and a line end; what the terminal cannot encode is spelled out."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def block(text: str) -> Iterator[str]:
    """The lines of `text`, each behind a bar.

    Long ones are broken here and not by the terminal, which would start the rest at the left edge.
    """
    room = max(_NARROWEST, columns() - len(_BAR))
    for line in text.split("\n"):
        mark, rest = _BAR, visible(line)
        while mark == _BAR or rest:
            part = fitting(rest, room)
            yield mark + part
            mark, rest = _CONTINUED, rest[len(part) :]


def shorten(text: str, *, room: int) -> str:
    """`text`, or its beginning and three dots where it takes more than `room` columns."""
    room = max(_NARROWEST, room)
    return text if fitting(text, room) == text else fitting(text, room - 3) + "..."


def folded(lines: Iterable[str]) -> Iterator[str]:
    """The same lines, each broken here where it is longer than the terminal is wide."""
    room = max(_NARROWEST, columns() - len(_CONTINUED))
    for line in lines:
        first = fitting(line, room + len(_CONTINUED))
        yield first
        rest = line[len(first) :]
        while rest:
            part = fitting(rest, room)
            yield _CONTINUED + part
            rest = rest[len(part) :]


def columns() -> int:
    """How wide the terminal is."""
    return shutil.get_terminal_size(fallback=(100, 24)).columns


def fitting(text: str, room: int) -> str:
    """The longest beginning of `text` that takes at most `room` columns."""
    taken = 0
    for index, char in enumerate(text):
        taken += _width(char)
        if taken > room:
            return text[:index]
    return text


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def confirmed(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
