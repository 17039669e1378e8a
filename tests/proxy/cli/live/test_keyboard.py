"""Tests of what is read from a terminal: the tests of `sidegate review` borrow a real one."""

import pytest

from proxy.cli.live.keyboard import keys


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("", []),
        ("j", ["j"]),
        ("\x1b[A", ["up"]),
        ("\x1b[6~", ["pagedown"]),
        ("\x1b", ["escape"]),
        ("\x1b[200~ay\x1b[201~", []),
        ("\x1bOP", []),
        ("no\n", ["n", "o", "enter"]),
        ("\x7f", ["backspace"]),
        ("\u00e9", ["\u00e9"]),
    ],
)
def test_keys(typed: str, wanted: list[str]) -> None:
    """Named ones, letters, and nothing of sequences that are not ours."""
    assert keys(typed) == wanted
