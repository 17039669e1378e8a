"""All that bears on a call, in order, with its evidence."""

import pytest
from hypothesis import given

from rules.call import HttpCall
from rules.classify import classify
from rules.explanation import bearings, summary
from rules.verdict import ReasonId
from tests.rules.calls import calls, compiled, from_rules, http, rule_lists, severity

RULES = """
rules:
  - id: all
    match: {host: pay.test}
    tier: 3
    evidence: [one, two]
    lower:
      - {when: {body: {a: 0}}, tier: 2, evidence: not this}
      - {when: {body: {a: 1}}, tier: 2, evidence: small}
  - {id: never, match: {host: pay.test, path: /wipe}, forbidden: true}
  - {id: perhaps, match: {host: pay.test, body: {b: 1}}, tier: 4, evidence: three}
  - {id: other, match: {host: other.test}, tier: 4}
"""


def test_all_that_bears_on_a_call() -> None:
    """The most severe first; rules of other calls are not there."""
    found = list(bearings(http("POST pay.test/wipe", {"b": "1"}), compiled(RULES)))
    assert [(b.judgement.rule, b.judgement.reason_id, b.evidence) for b in found] == [
        ("never", ReasonId.FORBIDDEN, ()),
        ("perhaps", ReasonId.RULE_UNKNOWN, ("three",)),
        ("all", ReasonId.RULE, ("one", "two")),
    ]


def test_the_evidence_of_an_alternative() -> None:
    """It is of the one that lowered."""
    (found,) = bearings(http("POST pay.test/", {"a": 1, "b": 0}), compiled(RULES))
    assert (found.judgement.reason_id, found.evidence) == (ReasonId.RULE_LOWERED, ("small",))


def test_a_default_has_no_rule() -> None:
    """Its reason is its evidence."""
    (found,) = bearings(http("GET a.test/"), compiled(""))
    assert (found.judgement.rule, found.evidence) == (None, ())


SUMMARIES = """
rules:
  - {id: pay, match: {host: pay.test, path: "/v1/{who}/charges"}, tier: 4, summary: "charges {who} {amount}"}
  - {id: plain, match: {host: plain.test}, tier: 4}
"""


def test_the_summary_of_a_rule() -> None:
    """Of this call, by the rule that judged it."""
    ruleset, call = compiled(SUMMARIES), http("POST pay.test/v1/acme/charges", {"amount": 5})
    assert summary(call, ruleset, "pay") == "charges `acme` 5"


@pytest.mark.parametrize("rule_id", [None, "gone", "plain"])
def test_without_a_summary(rule_id: str | None) -> None:
    """No rule judged, it is gone, or it has no sentence."""
    assert summary(http("POST plain.test/"), compiled(SUMMARIES), rule_id) is None


def test_a_rule_that_does_not_mean_the_call_has_no_word_on_it() -> None:
    """Such as one that judged a request inside a batch, or has been changed since."""
    assert summary(http("POST pay.test/v2"), compiled(SUMMARIES), "pay") is None


@given(written=rule_lists(), call=calls())
def test_the_first_one_stands(written: list[dict[str, object]], call: HttpCall) -> None:
    """What is shown first is what the gate does."""
    ruleset = from_rules(*written)
    first, *_ = (bearing.judgement for bearing in bearings(call, ruleset))
    assert severity(first) == severity(classify(call, ruleset))
