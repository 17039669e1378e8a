"""What the audit trail says of things: enough to know them by, and nothing that could be a secret."""

from dataclasses import replace
from typing import Any

import pytest

from proxy.keys.signing import Signer
from rules.audit.facts import (
    by_person,
    decision_hash,
    of_attempt,
    of_decision,
    of_hold,
    of_judgement,
    of_opening,
    of_step,
)
from rules.call import ToolCall
from rules.decision import Decision
from rules.hold import Event, Hold, Resolution, State
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.rules.calls import http
from tests.rules.holds import NOW, a_hold

HOLD = a_hold(hold_id="01H", state=State.APPROVED, fence=1)
JUDGED = Judgement(tier=Tier.REVERSIBLE, verdict=Verdict.PASS, reason_id=ReasonId.RULE, reason="r", rule="x")
DECISION = Decision(
    hold_id="01H",
    digest="d" * 64,
    policy="p" * 64,
    fence=0,
    event=Event.APPROVE,
    who="ada",
    reason="the key is hunter2",
    at=NOW,
    until=NOW,
    preview="ab" * 32,
)
SIGNED: dict[str, Any] = {
    n: v.decode() for n, v in Signer(key=b"s" * 32, domain="d").fields(DECISION).items()
}
DECIDED = replace(HOLD, **SIGNED)


def test_of_a_request_it_has_where_it_goes_and_hashes() -> None:
    """Targets and bodies carry tokens and personal data."""
    facts = of_judgement(http("POST a.example/bot123:hunter2/send?token=hunter2"), JUDGED)
    assert facts["host"] == "a.example"
    assert facts["method"] == "POST"
    assert facts["reason_id"] == "rule"
    assert len(str(facts["target_sha256"])) == 64
    assert "hunter2" not in repr(facts)


def test_of_a_tool_call_it_has_the_tool_and_no_argument() -> None:
    """Which server, which tool."""
    facts = of_judgement(ToolCall(server="bank", tool="pay", arguments={"pin": "hunter2"}), JUDGED)
    assert (facts["server"], facts["tool"]) == ("bank", "pay")
    assert "hunter2" not in repr(facts)


def test_a_decision_is_named_with_person_preview_and_what_was_signed() -> None:
    """The person's own words stay with the hold: people write down all sorts of things."""
    facts = of_decision(DECIDED, Event.APPROVE, by="")
    assert (facts["who"], facts["preview"]) == ("ada", "ab" * 32)
    assert len(str(facts["decision_sha256"])) == 64
    assert "hunter2" not in repr(facts)


@pytest.mark.parametrize(
    "stored", ["", "x" * 128, "x" * 128 + "[]", "x" * 128 + '{"who": 7, "event": "approve"}']
)
def test_what_is_no_decision_raises_nothing(stored: str) -> None:
    """Somebody may have written to the store."""
    for hold in (replace(HOLD, decision=stored), replace(HOLD, votes=(stored,))):
        for event in (Event.APPROVE, Event.VOTE):
            assert of_decision(hold, event, by="bob")["who"] == "bob"


@pytest.mark.parametrize(
    ("hold", "event", "by", "person"),
    [
        (DECIDED, Event.APPROVE, "", True),
        (DECIDED, Event.APPROVE, "ada", True),
        (DECIDED, Event.CLAIM, "", False),
        (HOLD, Event.CANCEL, "", False),
        (HOLD, Event.CANCEL, "ada", True),
        (replace(HOLD, resolved_by="probe"), Event.CONFIRM, "", False),
        (HOLD, Event.CONFIRM, "ada", True),
        (HOLD, Event.SUPERSEDE, "ada", True),
        (HOLD, Event.UNDO, "ada", True),
        (HOLD, Event.RECANT, "ada", True),
        (replace(HOLD, votes=(SIGNED["decision"],)), Event.VOTE, "", True),
        (HOLD, Event.EXPIRE, "", False),
    ],
    ids=range(12),
)
def test_people_are_told_from_clocks_probes_and_agents(
    hold: Hold, event: Event, by: str, *, person: bool
) -> None:
    """Only what a person did is a decision."""
    assert by_person(hold, event, by=by) is person


def test_a_vote_is_named_by_what_its_own_person_signed() -> None:
    """The decision of whoever comes last is another statement."""
    vote = Signer(key=b"s" * 32, domain="d").signed(replace(DECISION, who="bob", preview="cd" * 32)).decode()
    facts = of_decision(replace(HOLD, state=State.PENDING, votes=(vote,)), Event.VOTE, by="bob")
    assert (facts["who"], facts["preview"], facts["votes"]) == ("bob", "cd" * 32, 1)
    assert facts["decision_sha256"] == decision_hash(vote)


def test_what_is_taken_back_names_no_statement() -> None:
    """An undone approval is gone from its hold, and the person who undid it has signed nothing new."""
    facts = of_decision(DECIDED, Event.UNDO, by="ada")
    assert (facts["who"], facts["preview"], facts["decision_sha256"]) == ("ada", None, None)


def test_a_hold_says_which_one_it_goes_on_for() -> None:
    """So that an edit can be followed from either side."""
    facts = of_opening(replace(HOLD, supersedes="01G", edited_by="ada"))
    assert (facts["supersedes"], facts["edited_by"]) == ("01G", "ada")
    assert (
        of_decision(replace(HOLD, superseded_by="01J"), Event.SUPERSEDE, by="ada")["superseded_by"] == "01J"
    )


def test_steps_and_attempts_are_tied_to_what_was_approved() -> None:
    """Each names the digest, and the attempt that it is about."""
    sent = replace(HOLD, sends=("A1", "A2"), resolved_as=Resolution.EXECUTED, resolved_by="ada")
    step, attempt = of_step(sent, Event.CONFIRM), of_attempt(HOLD, attempt="A3", event="send")
    assert step["digest"] == attempt["digest"] == of_hold(HOLD)["digest"] == "d" * 64
    assert (step["attempt"], attempt["attempt"], step["resolved_as"]) == ("A2", "A3", "executed")
