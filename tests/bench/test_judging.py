"""Tests of judging: bodies and rules are what they claim to be, and costs become goals."""

import json

import pytest

from rules.classify import classify
from rules.verdict import Tier
from tests.bench.judging import (
    SIZES,
    Cost,
    body_of,
    interleaved,
    message_of,
    read,
    ruleset_of,
    section,
)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("encoded", [False, True], ids=["plain", "gzip"])
def test_what_is_judged(size: int, encoded: bool) -> None:
    """A body has its exact size, is understood, and meets the conditions of the first rule."""
    body = body_of(size)
    assert len(body) == size
    call = read(message_of(body, encoded=encoded))
    assert call.payload.value == json.loads(body)
    for rules in (2, 20):
        judgement = classify(call, ruleset_of(rules))
        assert (judgement.tier, judgement.rule) == (Tier.REVERSIBLE, "rule-0")


def test_a_body_that_is_not_understood_is_no_measurement() -> None:
    """It would be cheap and prove nothing."""
    with pytest.raises(ValueError, match="not understood"):
        read(message_of(b"{"))


def test_turns_alternate() -> None:
    """Work and reference are timed equally often, the reference first."""
    done = list[str]()
    cost = interleaved("x", lambda: done.append("work"), lambda: done.append("reference"), seconds=0)
    assert done == ["reference", "work"]
    assert (len(cost.turns), len(cost.reference)) == (1, 1)


def made_cost(name: str, *turns_us: float, reference_us: float = 10.0) -> Cost:
    """Return a cost of these turns."""
    turns = tuple(each / 1e6 for each in turns_us)
    return Cost(name=name, turns=turns, reference=(reference_us / 1e6,) * len(turns))


@pytest.mark.parametrize(
    ("p99", "rules", "met"),
    [
        pytest.param(999.0, 12.0, [True, True, True], id="all met"),
        pytest.param(1001.0, 12.0, [False, True, True], id="too slow"),
        pytest.param(999.0, 12.5, [True, True, False], id="dearer with more rules"),
    ],
)
def test_goals(p99: float, rules: float, met: list[bool]) -> None:
    """The p99 at 4 KB and the ratio of many rules to few are held against their goals."""
    sizes = [made_cost("0.1 KB", 5000.0), made_cost("4.0 KB", 100.0, p99)]
    result = section(sizes, made_cost("classify", rules))
    assert [goal.met for goal in result.goals] == met
