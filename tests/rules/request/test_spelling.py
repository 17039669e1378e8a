"""What a lenient reader sees in a text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.request.spelling import fold, fold_name

ASCII = st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=4)


@pytest.mark.parametrize(
    "text",
    [
        *("admin", "ADMIN", "Admin"),
        *(
            "\uff41dmin",
            "\U0001d41admin",
            "ad\u200bmin",
            "a\u00addmin",
            "\ufeffadmin",
            "ad\x00min",
            "admi\u2060n",
        ),
    ],
)
def test_spellings_that_fold_alike(text: str) -> None:
    """Case, width, style, invisible and control characters make no difference."""
    assert fold(text) == "admin"


@pytest.mark.parametrize("text", ["adm1n", "admin ", "admin.", "\u0430dmin", "admin\u0301"])
def test_spellings_that_stay_apart(text: str) -> None:
    """Another letter, an accent or a space is another text."""
    assert fold(text) != "admin"


def test_white_space_around_a_name_makes_no_difference() -> None:
    """As servers trim the names of members and parameters; inside of one it makes one."""
    assert fold_name(" Amount\u00a0") == "amount"
    assert fold_name("due date") != fold_name("duedate")


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32)))
def test_the_short_way_agrees_with_the_long_one(text: str) -> None:
    """Plain ASCII folds as it does beside other letters."""
    assert fold(f"{text}\u00e9") == fold(text) + fold("\u00e9")


@given(before=ASCII, middle=st.text(), after=ASCII)
@example(before="user", middle="\u0301x", after="")
@example(before="", middle="\u1100", after="a")
def test_ascii_ends_stay_ends(before: str, middle: str, after: str) -> None:
    """The index finds a text by its ASCII beginning and end: folding must not merge them into the middle."""
    folded = fold(before + middle + after)
    assert folded.startswith(fold(before))
    assert folded.endswith(fold(after))


def test_what_is_invisible_does_not_order_marks() -> None:
    """Two marks have one order, also where something invisible stood between them."""
    assert fold("a\u0301\u200b\u0316") == fold("a\u0316\u0301") == fold("a\u0301\u0316")


_MARKED = st.text(st.sampled_from("aA\u0130\u0301\u0316\u0345\u200b\u00ad\u1100\u1161\uff21\ufb03"))


@given(text=_MARKED | st.text(), at=st.integers(0, 8), hidden=st.sampled_from(["\u200b", "\u00ad", "\x00"]))
def test_folding_twice_changes_nothing(text: str, at: int, hidden: str) -> None:
    """A fold is its own fold, and nothing invisible makes another one of it."""
    assert fold(fold(text)) == fold(text)
    assert fold(fold(text)[:at] + hidden + fold(text)[at:]) == fold(text)
