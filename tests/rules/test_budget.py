"""Budgets: what a call takes of one, and that nothing uncertain is taken for cheap."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.budget import Budget
from rules.call import ToolCall
from rules.classify import classify, over_budget
from rules.compile import compile_rules
from rules.ruleset import Ruleset
from rules.verdict import ReasonId, Spend, Tier, Verdict
from tests.rules.calls import http

BUDGET = Budget(limit=Decimal(100), window=86_400, amount=("amount",), by=(("to",),))
TEXT = """
version: 1
rules:
  - id: pay
    match: {host: pay.test, method: POST, path: /pay}
    tier: 4
    lower: [{when: {body: {amount: {lte: 100}}}, tier: 2}]
    budget: {amount: amount, by: [to], limit: 100, window: 24h}
  - id: mails
    match: {host: mail.test, method: POST}
    tier: 2
    budget: {limit: 3, window: 1h}
"""


_VALUES = st.none() | st.integers(-5, 105) | st.text("ab 19.-", max_size=4)


def spend(body: object, budget: Budget = BUDGET) -> Spend | None:
    """What a POST with `body` takes."""
    return budget.spend(http("POST pay.test/pay", body), rule="pay", over=Tier.HIGH_RISK)


@pytest.fixture(scope="module", name="ruleset")
def fixture_ruleset() -> Ruleset:
    """A budget of money and one of calls."""
    compiled = compile_rules([("rules.yaml", TEXT)])
    assert isinstance(compiled, Ruleset)
    return compiled


@pytest.mark.parametrize(
    ("body", "amount"),
    [
        ({"amount": 90, "to": "a"}, "90"),
        ({"amount": 90.5, "to": "a"}, "90.5"),
        ({"amount": 0, "to": "a"}, "0"),
        ("amount=90&to=a", "90"),
    ],
)
def test_amounts(body: object, amount: str) -> None:
    """Exactly what the body says."""
    taken = spend(body)
    assert taken is not None
    assert taken.amount == Decimal(amount)


@pytest.mark.parametrize(
    "body",
    [
        {"to": "a"},
        {"amount": -90, "to": "a"},
        {"amount": "ninety", "to": "a"},
        {"amount": True, "to": "a"},
        {"amount": None, "to": "a"},
        {"amount": [90], "to": "a"},
        "amount=" + "9" * 41 + "&to=a",
        {"Amount": 90, "to": "a"},
        {"amount": 90, "to": ["a"]},
        {"amount": 90, "to": None},
        "amount=90&amount=1&to=a",
        "amount=9e1&to=a",
        b"\x00\x01",
        None,
    ],
    ids=repr,
)
def test_what_is_not_certain(body: object) -> None:
    """Nothing that two servers could read differently has an amount or a share."""
    assert spend(body) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "a", True),
        ("a", "A", True),
        ("a", " a ", True),
        ("a", "b", False),
        (1, "1", True),
    ],
)
def test_shares(one: object, other: object, same: bool) -> None:
    """Spellings that a lenient server takes for one payee spend together."""
    first, second = spend({"amount": 1, "to": one}), spend({"amount": 1, "to": other})
    assert first is not None
    assert second is not None
    assert (first.shares == second.shares) is same


def test_arguments_of_a_tool() -> None:
    """A tool call spends like a request."""
    call = ToolCall(server="bank", tool="pay", arguments={"amount": 5, "to": "a"})
    taken = BUDGET.spend(call, rule="pay", over=Tier.HIGH_RISK)
    assert taken is not None
    assert taken.amount == 5


def test_a_call_that_would_pass_spends(ruleset: Ruleset) -> None:
    """The judgement passes on the condition that its spend fits."""
    judgement = classify(http("POST pay.test/pay", {"amount": 90, "to": "a"}), ruleset)
    assert judgement.verdict is Verdict.PASS
    [taken] = judgement.spends
    assert (taken.rule, taken.window) == ("pay", 86_400)
    assert (taken.amount, taken.limit) == (Decimal(90), Decimal(100))
    over = over_budget(taken)
    assert (over.tier, over.verdict, over.reason_id) == (Tier.HIGH_RISK, Verdict.HOLD, ReasonId.BUDGET)


def test_calls_count_without_an_amount(ruleset: Ruleset) -> None:
    """And what exceeds it is at least external."""
    [taken] = classify(http("POST mail.test/send", {}), ruleset).spends
    assert (taken.amount, taken.over) == (Decimal(1), Tier.EXTERNAL)


@pytest.mark.parametrize("body", [{"amount": 101, "to": "a"}, {"amount": "x", "to": "a"}, {"to": "a"}])
def test_a_call_that_is_held_spends_nothing(ruleset: Ruleset, body: object) -> None:
    """People decide about it."""
    judgement = classify(http("POST pay.test/pay", body), ruleset)
    assert judgement.verdict is Verdict.HOLD
    assert judgement.spends == ()


def test_an_uncertain_share_is_held(ruleset: Ruleset) -> None:
    """Small as it is, nobody knows whose budget it takes."""
    judgement = classify(http("POST pay.test/pay", {"amount": 1, "to": ["a", "b"]}), ruleset)
    assert (judgement.tier, judgement.reason_id) == (Tier.HIGH_RISK, ReasonId.BUDGET)


@given(body=st.dictionaries(st.sampled_from(["amount", "to", "x"]), _VALUES))
def test_whatever_passes_spends(ruleset: Ruleset, body: object) -> None:
    """No body of the rule's endpoint passes without taking its part."""
    judgement = classify(http("POST pay.test/pay", body), ruleset)
    assert judgement.verdict is Verdict.HOLD or judgement.spends
