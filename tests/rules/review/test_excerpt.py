"""Tests of long text that is cut."""

import json
import time

from hypothesis import given
from hypothesis import strategies as st

from rules.review.excerpt import excerpt, short
from rules.review.inert import visible
from tests.rules.review.test_inert import HOSTILE


@given(text=HOSTILE, most=st.integers(min_value=40, max_value=120))
def test_no_text_takes_more_room(text: str, most: int) -> None:
    """Counted as JSON writes it; what is whole is all there, what is not says how long it was."""
    cut = excerpt(text, most=most)
    assert len(json.dumps(cut.text)) - 2 <= most
    assert len(json.dumps(short(text, most=most))) - 2 <= most
    assert cut.length == len(text)
    assert cut.whole == (cut.text == visible(text))
    assert visible(text).startswith(cut.text)


def test_what_is_said_beside_it() -> None:
    """A short plain text is only itself."""
    assert excerpt("plain", most=10).as_json() == "plain"
    assert excerpt("x" * 11, most=10).as_json() == {
        "text": "x" * 10,
        "length": 11,
        "whole": False,
        "unseen": False,
    }
    assert short("x" * 1000, most=50) == "x" * 29 + "... (1000 characters)"


def test_megabytes_take_no_time() -> None:
    """Only the beginning is spelled out."""
    start = time.perf_counter()
    assert not excerpt("\u202e" * 5_000_000, most=900).whole
    assert time.perf_counter() - start < 5
