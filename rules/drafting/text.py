"""Values, comments and ids in a rules file that is made of what others wrote."""

import json
from collections.abc import Mapping, Sequence

MAX_ID = 100

BY_PAYLOAD = "what it does may stand in its payload, which is read only for calls that no rule names"
"""Why there is no rule for an operation."""

_MAX_TEXT = 200


def plain(text: str, *, most: int = _MAX_TEXT) -> str:
    """`text` on one line, cut, without what cannot be printed."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def quoted(value: object) -> str:
    """A value as JSON, which is YAML too."""
    return json.dumps(value, ensure_ascii=False)


def flow(members: Mapping[str, object]) -> str:
    """A mapping on one line."""
    return "{" + ", ".join(f"{key}: {quoted(value)}" for key, value in members.items()) + "}"


def free_id(words: Sequence[str], taken: set[str]) -> str:
    """An id of these words that is not taken yet, and is from now on."""
    identity = "-".join(words)[:MAX_ID].rstrip("-")
    number, free = 1, identity
    while free in taken:
        number += 1
        free = f"{identity}-{number}"
    taken.add(free)
    return free
