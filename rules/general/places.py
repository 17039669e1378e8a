"""Where a path names a thing and where an operation."""

import re
from collections.abc import Sequence

_LEAST_DIGITS = 2
_NOT_OF_WORDS = frozenset(":@%+=~,!' ")
_VERSION = re.compile(r"v[0-9][0-9.a-z]{0,12}")
_ARGUMENTS = re.compile(r"\([^()]*\)\Z")
_EXTENSION = re.compile(r"\.(?:json|xml)\Z")


def is_id(segment: str) -> bool:
    """Whether a segment looks like the id of a thing and not like a word of the API."""
    if segment.isdigit() or not _NOT_OF_WORDS.isdisjoint(segment):
        return True
    if segment.isalpha() or _VERSION.fullmatch(segment):
        return False
    return sum(map(str.isdigit, segment)) >= _LEAST_DIGITS


def last_names(segments: Sequence[str]) -> tuple[str, str]:
    """The segment before the last and the last without arguments and extension; empty where there is none."""
    kept = [segment for segment in segments[-3:] if segment]
    before, last = (["", "", *kept])[-2:]
    return before, _EXTENSION.sub("", _ARGUMENTS.sub("", last))
