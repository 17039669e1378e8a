"""Tests of how a hold is put to a reviewer."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.console.reading.shown import conflict, standing, summary
from rules.hold import DISPOSITIONS, State
from tests.rules.holds import a_hold

MOMENT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
HOLD = a_hold(fingerprint="secret-fingerprint", created_at=MOMENT)


@pytest.mark.parametrize("state", State)
def test_every_state_has_words_of_its_own(state: State) -> None:
    """No state is put like another one, and none of them needs a field that may be absent."""
    words = {other: standing(replace(HOLD, state=other)) for other in State}
    assert [other for other, text in words.items() if text == words[state]] == [state]


@pytest.mark.parametrize("state", State)
def test_a_summary_of_every_state(state: State) -> None:
    """The disposition is there as soon as there is one; the joining key never is."""
    known = summary(replace(HOLD, state=state))
    assert known["disposition"] == DISPOSITIONS.get(state)
    assert "secret-fingerprint" not in str(known)
    assert known["created_at"] == "2026-11-01T12:00:00+00:00"


def test_expired_is_nobodys_refusal() -> None:
    """Words for an expired hold deny that anyone refused it."""
    assert "nobody refused it" in standing(replace(HOLD, state=State.EXPIRED))


def test_hostile_names_are_only_text() -> None:
    """What looks like a placeholder in a reason is not filled in."""
    held = replace(
        HOLD, state=State.REJECTED, decided_by="{reason}", decision_reason="{by}{0}{hold.__class__}"
    )
    assert standing(held) == "was rejected by `{reason}`: {by}{0}{hold.__class__}"
    assert "{0}" in str(conflict("state", held, MOMENT))


@pytest.mark.parametrize("why", ["state", "late", "killed", "digest", "fence", "anything"])
def test_every_refusal_has_words(why: str) -> None:
    """Whatever the store's word for it, the reviewer reads that nothing was changed."""
    problem = conflict(why, HOLD, MOMENT)
    assert problem.status == 409
    assert "nothing was changed" in str(problem)
    assert problem.members["why"] == why
