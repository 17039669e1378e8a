"""Numbers of flags: what is none is said."""

import argparse
from collections.abc import Callable

import pytest

from proxy.cli.numbers import count, port, ports, user


def test_numbers() -> None:
    """Each kind."""
    assert (port("443"), ports("443,80,443"), ports("any"), user("1337")) == (443, (80, 443), (), 1337)
    assert count("60") == 60


@pytest.mark.parametrize(
    ("read", "text"),
    [(port, t) for t in ("", "0", "65536", "-1", "http", "٣x")]
    + [(ports, "80,"), (user, "root"), (user, "4294967295")]
    + [(count, t) for t in ("0", "-1", "1.5", "many", "1" * 10)],
)
def test_what_is_none(read: Callable[[str], object], text: str) -> None:
    """Neither a name nor a number out of range."""
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)
