"""Names that people give to what they configure."""

import re
from collections.abc import Sequence

from rules.language.complaint import quote

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def plain_name(value: str, what: str) -> str:
    """`value`, where it can stand in a label, a path or a log. `what`: whose it is. Raises ValueError."""
    if not _NAME.fullmatch(value):
        raise ValueError(f"{quote(value)} is no {what}'s name; use up to 32 of small letters, digits and `-`")
    return value


def distinct(values: Sequence[str], what: str) -> None:
    """Raise ValueError where two are the same. `what`: who has them, and what they are."""
    if twice := next((value for n, value in enumerate(values) if value in values[:n]), None):
        raise ValueError(f"two {what} {quote(twice)}; give each its own")
