"""What a reviewer reads of a tool that is not what it was: line by line, and nothing in it unseen."""

import difflib
import json
from collections.abc import Iterator

from rules.mcp.message import Members
from rules.mcp.pins import is_hidden
from rules.request.strict_json import Json

_MAX_LINES = 400
_MAX_LINE = 2000
_SCHEMAS = ("inputSchema", "outputSchema")
_TEXTS = ("title", "description", "annotations", "execution")


def difference(before: Members | None, now: Members) -> list[str]:
    """The lines that are gone (`-`), new (`+`) and around them; all of them `+` without a `before`."""
    old = [] if before is None else list(_lines(before))
    compared = difflib.unified_diff(old, list(_lines(now)), lineterm="", n=2)
    found = [line for line in compared if not line.startswith(("---", "+++", "@@"))]
    if len(found) > _MAX_LINES:
        found[_MAX_LINES:] = [f"  ... and {len(found) - _MAX_LINES} lines more"]
    return found


def badged(text: str) -> str:
    """`text` with a badge such as [U+200B] in place of each character that people do not see."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"[U+{ord(c):04X}]" if is_hidden(c) else c for c in text)


def _lines(tool: Members) -> Iterator[str]:
    """A tool as text: its words first, then the schemas, members sorted."""
    for name in _TEXTS:
        if name in tool:
            yield from _value(name, tool[name])
    for name in _SCHEMAS:
        if name in tool:
            yield from _value(name, tool[name])


def _value(name: str, value: Json) -> Iterator[str]:
    whole = (
        value
        if isinstance(value, str)
        else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    )
    first, *rest = whole.splitlines() or [""]
    for line in (f"{name}: {first}", *(f"  {line}" for line in rest)):
        shown = badged(line)
        yield shown if len(shown) <= _MAX_LINE else f"{shown[:_MAX_LINE]} ... {len(shown)} characters"
