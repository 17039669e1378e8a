"""What a rule says of its calls reaches those who judge and show them."""

from rules.account import Account, Undo
from rules.classify import classify
from rules.verdict import Category, ReasonId
from tests.rules.calls import compiled, http

RULE = """
rules:
  - id: a
    match: {host: pay.test, method: POST}
    tier: 4
    category: financial
    reversible: {method: POST, path: "/undo/{id}", note: for a day}
    amount: total.value
    counterparty: to.*
    summary: pays {total.value}
    evidence: [one, two]
    lower: [{when: {body: {amount: {lte: 100}}}, tier: 2, evidence: small}]
"""


def test_all_of_it_is_carried() -> None:
    """Paths are split, and evidence is a list."""
    rule = compiled(RULE).rules[0]
    assert rule.account == Account(
        category=Category.FINANCIAL,
        undo=Undo(method="POST", path="/undo/{id}", note="for a day"),
        amount=("total", "value"),
        counterparty=("to", "*"),
        summary="pays {total.value}",
        evidence=("one", "two"),
    )
    assert rule.lower[0].evidence == ("small",)


def test_the_category_stands_in_the_judgement() -> None:
    """Of the rule that fixed it, whether it held, lowered or could not be decided; else there is none."""
    ruleset = compiled(RULE)
    for amount in (500, 5, "five"):
        assert classify(http("POST pay.test/", {"amount": amount}), ruleset).category is Category.FINANCIAL
    assert classify(http("POST other.test/"), ruleset).category is None


def test_the_category_of_what_exceeds_a_budget() -> None:
    """The call that is one too many is of the rule's kind as well."""
    ruleset = compiled(RULE + "    budget: {limit: 50, window: 1h, amount: amount}\n")
    over = classify(http("POST pay.test/", {"amount": 60}), ruleset)
    assert (over.reason_id, over.category) == (ReasonId.BUDGET, Category.FINANCIAL)
    within = classify(http("POST pay.test/", {"amount": 40}), ruleset)
    assert [spend.category for spend in within.spends] == [Category.FINANCIAL]
