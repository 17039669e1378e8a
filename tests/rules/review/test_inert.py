"""Tests of text made inert."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.review.inert import csv_cell, hides, in_ascii, mail, slack, visible

SURFACES = {
    "page and terminal": visible,
    "ascii": in_ascii,
    "csv": csv_cell,
    "slack": slack,
    "mail": mail,
}
_RAW = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Ordinary letters hardly ever hit what matters here.
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\u202e\u2066\u200b\u200d\ufeff\u00ad\u2028\x00\x1b\r\n\t\x9b\U000e0041\ufe0f\u3164"),
        st.sampled_from("=+-@|%<>&`*_~\"',;\uff1d\uff0b"),
    ),
    max_size=200,
)


@pytest.mark.parametrize("surface", SURFACES)
@given(text=HOSTILE)
def test_nothing_raw_on_any_surface(surface: str, text: str) -> None:
    """No control, bidi, zero-width, tag or unassigned character gets through; a mail has line ends."""
    shown = SURFACES[surface](text)
    plain = shown.replace("\r\n", "") if surface == "mail" else shown
    assert not {unicodedata.category(c) for c in plain} & _RAW


@given(text=HOSTILE)
def test_a_spreadsheet_reads_one_cell_that_is_no_formula(text: str) -> None:
    """Whatever is in it, and whatever stands beside it."""
    rows = list(csv.reader(io.StringIO(f"a,{csv_cell(text)},b\r\n")))
    assert [len(row) for row in rows] == [3]
    assert not rows[0][1].startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


@given(text=HOSTILE)
def test_slack_reads_code(text: str) -> None:
    """Between the two marks nothing can end the code, mention anybody or be a link."""
    shown = slack(text)
    assert shown[0] == shown[-1] == "`"
    assert not set(shown[1:-1]) & set("`<>")
    assert "&" not in shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@given(text=HOSTILE)
def test_every_line_of_a_mail_is_quoted(text: str) -> None:
    """No line of it is a dot alone, a header or our own words."""
    assert all(line.startswith("> ") for line in mail(text).split("\r\n"))


CASES = {
    "script": (slack, "<script>alert(1)</script>", "`&lt;script&gt;alert(1)&lt;/script&gt;`"),
    "mention": (slack, "<!channel> *ok* <https://evil.test|View>", None),
    "formula": (csv_cell, '=HYPERLINK("http://evil.test")', '"\'=HYPERLINK(""http://evil.test"")"'),
    "formula behind a blank": (csv_cell, " =1+1", '"\' =1+1"'),
    "no formula": (csv_cell, "a=b", '"a=b"'),
    "a forged line": (visible, 'x\n{"event":"approved"}', 'x\\n{"event":"approved"}'),
    "bidi": (visible, "a\u202e00009", "a\\u{202e}00009"),
    "tags": (visible, "ok\U000e0061\U000e0070", "ok\\u{e0061}\\u{e0070}"),
    "nothing": (slack, "", "` `"),
    "a dot": (mail, "a\r\n.\r\nb", "> a\r\n> .\r\n> b"),
}


@pytest.mark.parametrize("case", CASES)
def test_how_it_looks(case: str) -> None:
    """The same attack, inert on the surface that it was meant for."""
    surface, text, shown = CASES[case]
    assert shown is None or surface(text) == shown


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("plain", False),
        ("two\nlines\tand\u00a0blanks", False),
        ("日本 שלום", False),
        ("a\u202eb", True),
        ("a\u200bb", True),
        ("\U000e0041", True),
        ("\x00", True),
        ("\ud800", True),
        ("a\u3164", True),
    ],
)
def test_what_hides(text: str, hidden: bool) -> None:
    """Layout and other alphabets hide nothing."""
    assert hides(text) is hidden
