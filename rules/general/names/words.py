"""Names of operations split into the words that people see in them."""

import re
from functools import lru_cache

MAX_NAME = 128
"""Longer names are no names of operations."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NAME = re.compile(r"[A-Za-z0-9_.:$-]+")


def words_of(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())


def split(name: str) -> list[str]:
    """The words of `name` in lower case: `getIAMPolicy`, `get-iam_policy` are get, iam, policy.

    Nothing for a text that is no ASCII name: what looks like a verb might be another one.
    """
    return list(_split(name)) if len(name) <= MAX_NAME else []


@lru_cache(maxsize=4096)
def _split(name: str) -> tuple[str, ...]:
    if not _NAME.fullmatch(name):
        return ()
    return tuple(word.lower() for word in _WORD.findall(name))
