"""Decisions: what is signed says everything, and nothing else may be acted on."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rules.decision import SKEW, Decision, objection, stated, unsigned, vote_objection
from rules.hold import Event, State
from tests.rules.holds import a_hold

NOW = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
DECISION = Decision(
    hold_id="01J",
    digest="d" * 64,
    policy="p" * 64,
    fence=0,
    event=Event.APPROVE,
    who="Zoë",
    reason="ordered \U0001f4a3",
    at=NOW,
    until=LATER,
)
HOLD = a_hold(
    hold_id="01J",
    state=State.CLAIMED,
    fence=1,
    created_at=NOW,
    decide_by=LATER,
    decided_by="Zoë",
    decision_reason="ordered \U0001f4a3",
)

OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "hold_id": ({"hold_id": "01K"}, "another hold"),
    "digest": ({"digest": "e" * 64}, "another hold"),
    "policy": ({"policy": "q" * 64}, "another hold"),
    "fence": ({"fence": 1}, "another hold"),
    "event": ({"event": Event.REJECT}, "no approval"),
    "who": ({"who": "bob"}, "another person's"),
    "reason": ({"reason": ""}, "another reason"),
    "at": ({"at": NOW + SKEW * 2}, "future"),
    "until": ({"until": NOW - SKEW * 2}, "lapsed"),
}


def test_a_decision_is_read_as_it_was_stated() -> None:
    """Every member, times to the millisecond."""
    assert stated(json.loads(DECISION.statement())) == DECISION


def test_groups_are_in_the_statement() -> None:
    """Nobody can be given another one afterwards."""
    assert replace(DECISION, groups=("finance",)).statement() != DECISION.statement()


@pytest.mark.parametrize("name", OTHERS)
def test_every_member_is_in_the_statement(name: str) -> None:
    """Another decision is another statement."""
    changed, _ = OTHERS[name]
    assert replace(DECISION, **changed).statement() != DECISION.statement()


def test_what_it_is_for() -> None:
    """The approval of this very hold, a little early and a little late, as clocks are."""
    for now in (NOW, NOW - SKEW, LATER + SKEW):
        assert objection(DECISION, HOLD, now=now) is None


@pytest.mark.parametrize("name", OTHERS)
def test_what_it_is_not_for(name: str) -> None:
    """One member differs, and it says so."""
    changed, words = OTHERS[name]
    said = objection(replace(DECISION, **changed), HOLD, now=NOW)
    assert said is not None
    assert words in said


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"event": "allow"},
        {"at": "soon"},
        {"until": 10**30},
        {"more": 1},
    ],
    ids=str,
)
def test_what_is_no_decision(change: dict[str, Any]) -> None:
    """Another version's statement is refused and not guessed at."""
    with pytest.raises(ValueError, match=r"decision|valid Event"):
        stated(json.loads(DECISION.statement()) | change)


@pytest.mark.parametrize("name", ["version", "hold_id", "at", "event"])
def test_a_member_is_missing(name: str) -> None:
    """No member has a default."""
    members = json.loads(DECISION.statement())
    del members[name]
    with pytest.raises(ValueError, match="decision"):
        stated(members)


def test_votes_beside_the_last_decision() -> None:
    """Each is of this very hold and in time; what a person answers for later, they have approved in time."""
    vote = replace(DECISION, who="ada", reason="")
    late = LATER + SKEW * 2
    retry = replace(DECISION, event=Event.RETRY)
    assert vote_objection(vote, HOLD, decision=DECISION, now=NOW) is None
    assert "lapsed" in (vote_objection(vote, HOLD, decision=DECISION, now=late) or "")
    assert vote_objection(vote, HOLD, decision=retry, now=late) is None
    for name in ("hold_id", "digest", "policy", "fence", "event", "at"):
        changed, words = OTHERS[name]
        said = vote_objection(replace(vote, **changed), HOLD, decision=retry, now=NOW)
        assert words.removeprefix("no ") in (said or "")


@pytest.mark.parametrize("stored", ["", "x" * 200, "0" * 128 + "[]", "0" * 128 + "{}", "0" * 128 + "null"])
def test_what_is_stored_is_no_decision(stored: str) -> None:
    """Reading it for showing raises what its caller expects, whatever stands there."""
    with pytest.raises(ValueError):  # noqa: PT011 (json's own words among them)
        unsigned(stored)


def test_a_decision_is_shown_as_it_was_said() -> None:
    """Whoever signed it."""
    said = replace(DECISION, groups=("finance",), sends=("1",))
    assert unsigned("f" * 128 + said.statement().decode()) == said


def test_the_grant_is_in_the_statement() -> None:
    """With one it says another thing, and is read again with it; without one it says what it always did."""
    granted = replace(DECISION, grant="01G")
    assert granted.statement() != DECISION.statement()
    assert stated(json.loads(granted.statement())) == granted
    assert b"grant" not in DECISION.statement()
