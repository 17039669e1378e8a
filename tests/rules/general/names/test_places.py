"""Things and operations in paths."""

import pytest

from rules.general.names.places import is_id, last_names


@pytest.mark.parametrize(
    "segment",
    ["7", "cus_9s6XKzkNRiz8i3", "48d31887-5fad-4d73-a9f5-3c356e68a038", "arn:aws:x", "a b", "me@a.test"],
)
def test_ids(segment: str) -> None:
    """Digits, or marks that no word of an API has."""
    assert is_id(segment)


@pytest.mark.parametrize("segment", ["", "messages", "v1", "v1.0", "v20190125", "v1beta1", "oauth2", "a-b_c"])
def test_words(segment: str) -> None:
    """Words and versions."""
    assert not is_id(segment)


@pytest.mark.parametrize(
    ("segments", "names"),
    [
        ((), ("", "")),
        (("",), ("", "")),
        (("a",), ("", "a")),
        (("a", "b", ""), ("a", "b")),
        (("a", "search.json"), ("a", "search")),
        (("a", "range(address='x')"), ("a", "range")),
        (("a", "()"), ("a", "")),
    ],
)
def test_last_names(segments: tuple[str, ...], names: tuple[str, str]) -> None:
    """Neither a slash at the end nor arguments nor an extension hide the name."""
    assert last_names(segments) == names
