"""Tests of sessions: how long they last, and what was opened in them."""

from datetime import timedelta

import pytest

from proxy.console.people.sessions import IDLE, LIFE, Session, Sessions
from rules.reviewer import Reviewer
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import Clock, World

_ADA = Reviewer(name="ada")


@pytest.mark.parametrize("after", [IDLE, LIFE])
async def test_a_session_ends_by_itself(browser: Browser, world: World, after: timedelta) -> None:
    """After a time without anybody, and after a day's work in any case."""
    step = IDLE / 2 if after == LIFE else after
    passed = timedelta(0)
    while passed < after:
        assert (await browser.get("/holds")).status_code == 200
        world.clock.moment += step
        passed += step
    assert (await browser.get("/holds")).status_code == 303


def test_there_is_a_bound_to_sessions() -> None:
    """The oldest ends where there are too many."""
    sessions = Sessions(Clock())
    first = sessions.start(_ADA)
    for _ in range(1000):
        last = sessions.start(_ADA)
    assert sessions.find(first) is None
    assert sessions.find(last) is not None


def test_what_was_opened_counts_from_its_beginning_to_its_end() -> None:
    """A page that is left out keeps the rest from counting."""
    session = Session(_ADA, Clock()())
    session.show("a", start=0, end=10, size=30)
    session.show("a", start=20, end=30, size=30)
    assert session.viewed == frozenset()
    session.show("a", start=10, end=20, size=30)
    session.show("a", start=20, end=30, size=30)
    assert session.viewed == {"a"}


@pytest.mark.parametrize("text", ["", "x", "\u00e9", "\udc80", "\x00", "a" * 100_000], ids=range(6))
def test_nothing_else_is_taken_for_a_session_or_a_form_of_it(text: str) -> None:
    """Whatever a browser sends as a cookie or as a form's token, it opens nothing and breaks nothing."""
    sessions = Sessions(Clock())
    session = sessions.find(sessions.start(_ADA))
    assert session is not None
    assert sessions.find(text) is None
    assert not session.owns(text)
    assert session.owns(session.csrf)


def test_ending_one_session_leaves_the_others_of_the_same_person() -> None:
    """Each login is its own, with a token of its own."""
    sessions = Sessions(Clock())
    ids = [sessions.start(_ADA) for _ in range(2)]
    first, second = map(sessions.find, ids)
    assert first is not None
    assert second is not None
    assert not first.owns(second.csrf)
    sessions.end(ids[0])
    assert sessions.find(ids[0]) is None
    assert sessions.find(ids[1]) is second
