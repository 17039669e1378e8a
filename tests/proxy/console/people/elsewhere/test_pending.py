"""Logins that have begun."""

from base64 import urlsafe_b64decode
from hashlib import sha256

import pytest

from proxy.console.people.elsewhere.pending import LASTS, Pending
from tests.proxy.console.world import Clock


def test_an_answer_counts_once_and_in_its_own_browser() -> None:
    """Another browser's try uses it up as well: whoever knows the state has seen it."""
    pending = Pending(Clock())
    begun = pending.begin("cookie", path="/holds")
    assert pending.finish(begun.state, "cookie") is begun
    assert pending.finish(begun.state, "cookie") is None
    other = pending.begin("cookie", path="/holds")
    assert pending.finish(other.state, "another") is None
    assert pending.finish(other.state, "cookie") is None


@pytest.mark.parametrize("cookie", ["", "\udc80", "x" * 10_000], ids=["none", "odd", "long"])
def test_no_cookie_is_no_browser(cookie: str) -> None:
    """Not even where it began without one."""
    pending = Pending(Clock())
    begun = pending.begin("", path="/holds")
    assert pending.finish(begun.state, cookie) is None


def test_a_login_ends() -> None:
    """After a few minutes, and where very many have begun."""
    clock = Clock()
    pending = Pending(clock)
    late = pending.begin("c", path="/")
    clock.moment += LASTS
    assert pending.finish(late.state, "c") is None
    first = pending.begin("c", path="/")
    for _ in range(5000):
        last = pending.begin("c", path="/")
    assert pending.finish(first.state, "c") is None
    assert pending.finish(last.state, "c") is last


def test_the_challenge_is_of_the_verifier() -> None:
    """RFC 7636 section 4.2."""
    begun = Pending(Clock()).begin("c", path="/")
    assert urlsafe_b64decode(begun.challenge + "=") == sha256(begun.verifier.encode()).digest()
    assert len(begun.verifier) >= 43
    assert len({begun.state, begun.nonce, begun.verifier}) == 3
