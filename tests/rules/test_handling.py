"""What the answer to a probe tells of a lost call."""

from decimal import Decimal

import pytest

from rules.handling import Outcome, Verify
from rules.matching.condition import Check, Condition, Operator
from rules.matching.reading import Gap, Source
from rules.request.strict_json import Json


def _state(value: str) -> tuple[Condition, ...]:
    check = Check(operator=Operator.EQ, operands=(value,))
    return (Condition(source=Source.BODY, steps=("charge", "state"), checks=(check,)),)


VERIFY = Verify(
    path="/v1/charges",
    executed=Outcome(statuses=frozenset({200}), conditions=_state("done")),
    not_executed=Outcome(statuses=frozenset({200, 404}), conditions=_state("none")),
)
BY_STATUS = Verify(
    path="/v1/charges",
    executed=Outcome(statuses=frozenset({200, 204})),
    not_executed=Outcome(statuses=frozenset({404})),
)

CASES: dict[str, tuple[Verify, int, Json | Gap, bool | None]] = {
    "it ran": (VERIFY, 200, {"charge": {"state": "done"}}, True),
    "it did not": (VERIFY, 404, {"charge": {"state": "none"}}, False),
    "another state": (VERIFY, 200, {"charge": {"state": "open"}}, None),
    "a state that looks alike": (VERIFY, 200, {"charge": {"state": "DONE"}}, None),
    "a state of another type": (VERIFY, 200, {"charge": {"state": Decimal(1)}}, None),
    "another member": (VERIFY, 200, {"charges": []}, None),
    "not json": (VERIFY, 200, Gap.UNREADABLE, None),
    "another status": (VERIFY, 500, {"charge": {"state": "done"}}, None),
    "by status alone": (BY_STATUS, 204, Gap.UNREADABLE, True),
    "not there": (BY_STATUS, 404, Gap.UNREADABLE, False),
    "not allowed": (BY_STATUS, 403, Gap.UNREADABLE, None),
}


@pytest.mark.parametrize("case", CASES)
def test_tells(case: str) -> None:
    """Only an answer that definitely is one of the two tells anything."""
    verify, status, body, expected = CASES[case]
    assert verify.tells(status, body) is expected


def test_an_answer_that_is_both_tells_nothing() -> None:
    """Two outcomes that fit are a doubt, and a doubt is none."""
    both = Verify(path="/", executed=VERIFY.executed, not_executed=VERIFY.executed)
    assert both.tells(200, {"charge": {"state": "done"}}) is None


def test_without_a_word_on_calls_that_did_not_run() -> None:
    """Nothing tells that it did not."""
    one = Verify(path="/", executed=BY_STATUS.executed)
    assert one.tells(200, Gap.UNREADABLE) is True
    assert one.tells(404, Gap.UNREADABLE) is None
