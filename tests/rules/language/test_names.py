"""Tests of names in a configuration."""

import pytest

from rules.language.names import distinct, plain_name


@pytest.mark.parametrize("name", ["a", "0", "to-the-siem", "a" * 32])
def test_names(name: str) -> None:
    """Each is as it was given."""
    assert plain_name(name, "sink") == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "a/b", "a\n", "ä", "a" * 33])
def test_what_is_no_name(name: str) -> None:
    """It could not stand in a path or a label as it is."""
    with pytest.raises(ValueError, match="is no sink's name; use up to 32"):
        plain_name(name, "sink")


def test_two_of_one_name() -> None:
    """The first that is there twice is named; where each is another one, nothing is said."""
    distinct([], "sinks have the name")
    distinct(["a", "b"], "sinks have the name")
    with pytest.raises(ValueError, match="two sinks have the name `b`; give each its own"):
        distinct(["a", "b", "b", "a"], "sinks have the name")
