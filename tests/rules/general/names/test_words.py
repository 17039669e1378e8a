"""Names split into words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.general.names.words import MAX_NAME, split


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("getIAMPolicy", "get iam policy"),
        ("get-iam_policy", "get iam policy"),
        ("DescribeDBInstances", "describe db instances"),
        ("search", "search"),
        ("v2", "v 2"),
        ("HTTPSend", "http send"),
        ("", ""),
        ("delete all", ""),
        ("g\u0435t", ""),
        ("get\u200bitem", ""),
        ("a" * (MAX_NAME + 1), ""),
    ],
)
def test_split(name: str, words: str) -> None:
    """Case and marks end words; what is no plain name has none."""
    assert split(name) == words.split()


@given(st.text())
def test_any_text(name: str) -> None:
    """Words are lower case and ASCII, whatever the name."""
    assert all(word.isascii() and word == word.lower() and word for word in split(name))
