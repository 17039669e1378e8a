"""What is said when a sidecar starts."""

import pytest

from proxy.destinations import Address
from proxy.serving.words import first_words, shown_url


@pytest.mark.parametrize(
    ("address", "url"),
    [(("127.0.0.1", 80), "http://127.0.0.1:80"), (("::1", 8080), "http://[::1]:8080")],
    ids=["ipv4", "ipv6"],
)
def test_an_address_is_shown_as_a_url(address: Address, url: str) -> None:
    """An IPv6 address in brackets."""
    assert shown_url(address) == url


_WORDS = {
    "nothing": ("", ""),
    "a sentence": ("WRONGPASS invalid username-password pair", " (WRONGPASS invalid username-password pair)"),
    "what a server quotes after a pause": ("unknown command, with args: `hunter2`", " (unknown command)"),
    "a second line": ("no\nhunter2", " (no)"),
    "controls": ("a\x1b[31m", ""),
    "a long text": ("a" * 200, f" ({'a' * 100})"),
}


@pytest.mark.parametrize(("said", "shown"), _WORDS.values(), ids=_WORDS)
def test_the_first_words_of_an_error(said: str, shown: str) -> None:
    """Up to the first pause: what comes after it may be a secret."""
    assert first_words(ValueError(said)) == shown


def test_no_error_has_no_words() -> None:
    """As when there was none."""
    assert first_words(None) == ""
