"""What agents hear: one text per state, in a shape that survives every client."""

from dataclasses import replace
from typing import Any

import pytest

from rules.hold import DISPOSITIONS, State
from rules.mcp.answer import (
    DISPOSITION_KEY,
    HOLD_KEY,
    blocked_result,
    in_answer_to,
    no_such_hold,
    refused_method,
    refused_result,
    shows_success_only,
    standing_result,
    unreadable_result,
)
from rules.mcp.message import Members, Request, Result
from rules.mcp.versions import VERSION_KEY
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict
from tests.rules.holds import a_hold

_BLOCKED = Judgement(
    tier=Tier.HIGH_RISK, verdict=Verdict.BLOCK, reason_id=ReasonId.FORBIDDEN, reason="no wipes"
)


def _text(result: Members) -> str:
    content: Any = result["content"]
    assert [part["type"] for part in content] == ["text"]
    return str(content[0]["text"])


@pytest.mark.parametrize("state", State)
def test_every_state_names_the_hold_and_carries_its_data(state: State) -> None:
    """The model reads the id in the text, a program in `_meta`, and nobody structured content."""
    result: Any = standing_result(a_hold(state=state))
    assert result["isError"] is True
    assert "structuredContent" not in result
    assert a_hold().hold_id in _text(result)
    assert result["_meta"][HOLD_KEY]["state"] == state
    assert result["_meta"].get(DISPOSITION_KEY) == DISPOSITIONS.get(state)


def test_states_sound_different() -> None:
    """Held, rejected, expired, changed, stopped and unknown are never taken for one another."""
    first_words = {_text(standing_result(a_hold(state=state))).split("(")[0] for state in State}
    assert len(first_words) == len(State) - 1  # claimed and sending are both running


@pytest.mark.parametrize(
    "state", [state for state in State if DISPOSITIONS.get(state) == "denied-not-executed"] + [State.PENDING]
)
def test_what_was_not_executed_says_so(state: State) -> None:
    """In the model's words and in the program's."""
    result: Any = standing_result(a_hold(state=state))
    assert "not executed" in _text(result)
    assert result["_meta"][HOLD_KEY]["executed"] is False


def test_a_reviewers_words_reach_the_model() -> None:
    """A rejection tells why."""
    rejected = a_hold(state=State.REJECTED, decision_reason="use the sandbox")
    assert "use the sandbox" in _text(standing_result(rejected))


def test_a_client_that_hides_errors_gets_a_success_with_both() -> None:
    """Only the shape differs."""
    result: Any = standing_result(a_hold(), success=True)
    assert result["isError"] is False
    assert result["structuredContent"]["hold_id"] == a_hold().hold_id
    assert "not executed" in result["structuredContent"]["detail"]


@pytest.mark.parametrize(
    ("client", "hides"),
    [
        ({"name": "agent-framework", "version": "1"}, True),
        ({"name": "mcp"}, False),
        ({"name": 7}, False),
        ("agent-framework", False),
        (None, False),
    ],
    ids=["agent-framework", "mcp", "number", "text", "none"],
)
def test_which_clients_hide_errors(client: Any, hides: bool) -> None:
    """Whatever a client says of itself, it is only asked for its name."""
    assert shows_success_only(client) is hides


def test_refusals_are_results_too() -> None:
    """They are answers that no client retries, and each says that nothing ran."""
    refusal = Refusal(reason_id=ReasonId.KILL_SWITCH, reason="stopped")
    for result in (blocked_result(_BLOCKED), refused_result(refusal)):
        assert result["isError"] is True
        assert "not executed" in _text(result)
    assert "cannot be read" in _text(unreadable_result("01J"))
    assert "no such hold" in _text(no_such_hold())


def test_modern_answers_are_complete() -> None:
    """A result without its type is invalid there, and has none in sessions."""
    modern = Request(id=1, method="tools/call", params={"_meta": {VERSION_KEY: "2026-07-28"}})
    legacy = Request(id=1, method="tools/call")
    asking: Members = {"resultType": "input_required"}
    complete: Members = {"resultType": "complete"}
    assert in_answer_to(modern, {}) == Result(id=1, result=complete)
    assert in_answer_to(modern, asking) == Result(id=1, result=asking)
    assert in_answer_to(legacy, {}) == Result(id=1, result={})


def test_a_refused_method_is_an_error_of_its_own_request() -> None:
    """There is no result that could say it."""
    refused = refused_method("resources/read", "a rule forbids it")
    assert in_answer_to(Request(id=7, method="resources/read"), refused) == replace(refused, id=7)
    assert not -32768 <= refused.code <= -32000
