"""Tests of hosts that read like other ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.review.lookalike import remarks, skeleton, unicode_host

KNOWN = ("paypal.com", "api.stripe.com", "modern.example")

REMARKED = {
    "cyrillic among latin": (
        "xn--pypal-4ve.com",
        ["is written", "mixes cyrillic and latin", "like `paypal.com`"],
    ),
    "all cyrillic": ("xn--80ak6aa92e.com", ["is written `\\u{430}\\u{440}\\u{440}\\u{4cf}\\u{435}.com`"]),
    "a digit for a letter": ("paypa1.com", ["reads like `paypal.com`"]),
    "two letters for one": ("modem.example", ["reads like `modern.example`"]),
    "another alphabet, honestly": ("xn--r8jz45g.example", ["is written"]),
    "itself": ("paypal.com", []),
    "a name below": ("www.paypal.com", []),
    "an address": ("10.1.2.3", []),
    "broken punycode": ("xn--a-ecp.ru--.com", []),
}


@pytest.mark.parametrize("case", REMARKED)
def test_remarks(case: str) -> None:
    """Each remark names what is odd, spelled so that nobody takes it for the real one."""
    host, expected = REMARKED[case]
    found = list(remarks(host, KNOWN))
    assert len(found) >= len(expected)
    assert all(words in " ".join(found) for words in expected)
    assert bool(found) is bool(expected) or case == "broken punycode"
    assert all(remark.isascii() for remark in found)


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_nothing_raises(host: str, known: list[str]) -> None:
    """Whatever a name decodes to."""
    list(remarks(f"xn--{host}", known))
    unicode_host(f"xn--{host}.{host}")


@pytest.mark.parametrize(("one", "other"), [("\u0440aypal", "paypal"), ("0ffice", "office"), ("vvww", "www")])
def test_skeletons(one: str, other: str) -> None:
    """Names that read alike have one skeleton."""
    assert skeleton(one) == skeleton(other)
