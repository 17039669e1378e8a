"""Tests of text on a terminal."""

import io
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cli.terminal import block, say, shorten
from rules.review.inert import turns, visible


@given(st.text())
def test_nothing_unseen_stays(text: str) -> None:
    """Whatever the text, what is printed has a shape on the screen."""
    shown = visible(text)
    assert all(c.isprintable() for c in shown)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"], max_codepoint=0x24F)))
def test_honest_text_stays(text: str) -> None:
    """Letters, digits and marks of punctuation are not touched."""
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\r\n", "a\\tb\\r\\n"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x7f", "\\x7f"),
        ("\x9b", "\\u{9b}"),
        ("\u00a0", "\\u{a0}"),
        ("\u202e", "\\u{202e}"),
        ("\u3164", "\\u{3164}"),
        ("\U000e0041", "\\u{e0041}"),
        ("\ud800", "\\u{d800}"),
        ("Zoë 日本 ok", "Zoë 日本 ok"),
    ],
)
def test_how_it_is_spelled(text: str, shown: str) -> None:
    """Each is spelled so that the reader can look it up."""
    assert visible(text) == shown


@given(st.text(max_size=400))
def test_every_line_is_behind_the_bar(text: str) -> None:
    """No text, however long or broken, gets a line of its own or loses a character."""
    lines = list(block(text))
    assert all(line.startswith(("  | ", "  : ")) for line in lines)
    assert "".join(line[4:] for line in lines) == "".join(visible(part) for part in text.split("\n"))
    assert len([line for line in lines if line.startswith("  | ")]) == text.count("\n") + 1


def test_wide_letters_are_broken_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters of two columns count as two, those of none as none."""
    monkeypatch.setenv("COLUMNS", "24")
    assert list(block("日" * 11)) == ["  | " + "日" * 10, "  : 日"]
    assert list(block("e\u0301" * 20)) == ["  | " + "e\u0301" * 20]


def test_a_terminal_of_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow, text gets on."""
    monkeypatch.setenv("COLUMNS", "1")
    assert list(block("x" * 30)) == ["  | " + "x" * 20, "  : " + "x" * 10]


def test_shorten() -> None:
    """What fits stays; what does not ends in dots."""
    assert shorten("x" * 20, room=20) == "x" * 20
    assert shorten("x" * 21, room=20) == "x" * 17 + "..."
    assert shorten("x" * 21, room=-5) == "x" * 17 + "..."


@pytest.mark.parametrize(
    ("text", "turned"), [("abc 1", False), ("שלום", True), ("a \u0661", True), ("日本", False)]
)
def test_turns(text: str, turned: bool) -> None:
    """Letters that run from right to left are noticed."""
    assert turns(text) is turned


def test_a_terminal_that_cannot_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the terminal's encoding has no letter for is spelled out, not an error."""
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii"))
    say("Zoë")
    assert out.getvalue() == b"Zo\\xeb\n"
