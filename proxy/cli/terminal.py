"""Text on a terminal: what others wrote can neither act on it, nor hide in it, nor pass for our words."""

import shutil
import sys
import unicodedata
from collections.abc import Iterator

_NARROWEST = 20
_BAR, _CONTINUED = "  | ", "  : "
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Printable by category, yet nothing of them is seen: joiners, fillers, variation selectors, blanks.
_UNSEEN = frozenset(
    {
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    }
)
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def say(text: str) -> None:
    """Print `text` and a line end; what the terminal cannot encode is spelled out."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def visible(text: str) -> str:
    """`text` with everything that is unseen, turns direction or acts on a terminal spelled out."""
    return "".join(c if c.isprintable() and ord(c) not in _UNSEEN else _spell(c) for c in text)


def turns(text: str) -> bool:
    """Whether `text` has right-to-left letters, around which terminals put digits in another order."""
    return any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text)


def block(text: str) -> Iterator[str]:
    """The lines of `text`, each behind a bar.

    Long ones are broken here and not by the terminal, which would start the rest at the left edge.
    """
    room = max(_NARROWEST, columns() - len(_BAR))
    for line in text.split("\n"):
        mark, rest = _BAR, visible(line)
        while mark == _BAR or rest:
            part = _fitting(rest, room)
            yield mark + part
            mark, rest = _CONTINUED, rest[len(part) :]


def shorten(text: str, *, room: int) -> str:
    """`text`, or its beginning and three dots where it takes more than `room` columns."""
    room = max(_NARROWEST, room)
    return text if _fitting(text, room) == text else _fitting(text, room - 3) + "..."


def columns() -> int:
    """How wide the terminal is."""
    return shutil.get_terminal_size(fallback=(100, 24)).columns


def _fitting(text: str, room: int) -> str:
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


def _spell(char: str) -> str:
    return _NAMED.get(char) or (f"\\x{ord(char):02x}" if char.isascii() else f"\\u{{{ord(char):x}}}")


def confirmed(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
