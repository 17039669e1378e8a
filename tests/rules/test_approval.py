"""Who must approve a call, where several rules bear on it."""

from dataclasses import replace

import pytest

from rules.approval import Missing, Needed, missing, quorum_of, shortfall
from rules.decision import Decision
from rules.handling import Quorum
from tests.rules.calls import compiled, http, tool
from tests.rules.test_decision import DECISION

RULES = """
rules:
  - {id: transfers, match: {host: bank.test, path: /transfers}, tier: 3, quorum: 2}
  - {id: large, match: {host: bank.test, body: {amount: {gt: 1000}}}, tier: 4, quorum: {groups: [finance]}}
  - {id: urgent, match: {host: bank.test, body: {urgent: true}}, tier: 4}
  - {id: loans, match: {host: bank.test, path: /loans}, tier: 4, quorum: {count: 3, groups: [ops]}}
  - {id: odd, match: {host: bank.test, query: {odd: "1"}}, tier: 4, quorum: {groups: [ops, legal, it]}}
  - id: small
    match: {host: small.test}
    tier: 3
    quorum: 5
    lower: [{when: {body: {amount: {gt: 0, lt: 10}}}, tier: 2}]
  - {id: writes, match: {host: small.test, method: POST}, tier: 3}
  - {id: watched, match: {host: seen.test}, tier: 4, quorum: 9, mode: observe}
  - {id: tools, match: {server: bank}, tier: 4, quorum: 2}
"""

CASES: dict[str, tuple[str, object, Quorum]] = {
    "one rule": ("POST bank.test/transfers", {"amount": 1}, Quorum(count=2)),
    "a graver rule adds its groups": (
        "POST bank.test/transfers",
        {"amount": 5000},
        Quorum(count=2, groups=("finance",)),
    ),
    "a graver rule that asks for nobody takes nobody away": (
        "POST bank.test/transfers",
        {"amount": 1, "urgent": True},
        Quorum(count=2),
    ),
    "a body that nobody reads makes every rule count": (
        "POST bank.test/transfers",
        b"?",
        Quorum(count=4, groups=("finance", "it", "legal", "ops")),
    ),
    "a rule of another path does not count": ("POST bank.test/other", {"urgent": True}, Quorum()),
    "groups of several rules": (
        "POST bank.test/loans?odd=1",
        {"amount": 5000},
        Quorum(count=4, groups=("finance", "it", "legal", "ops")),
    ),
    "what a rule lets pass does not count": ("POST small.test/", {"amount": 5}, Quorum()),
    "what it would not let pass does": ("POST small.test/", {"amount": 50}, Quorum(count=5)),
    "what is only observed does not count": ("POST seen.test/", {}, Quorum()),
    "no rule": ("POST other.test/", {}, Quorum()),
}


@pytest.mark.parametrize("name", CASES)
def test_the_most_that_any_rule_asks_for(name: str) -> None:
    """Counts by their greatest, groups by all."""
    line, body, expected = CASES[name]
    assert quorum_of(http(line, body), compiled(RULES)) == expected


def test_tools() -> None:
    """As requests."""
    assert quorum_of(tool("bank", "pay"), compiled(RULES)) == Quorum(count=2)


def test_a_request_in_a_batch() -> None:
    """A batch needs the people of what is in it."""
    body = {"requests": [{"id": "1", "method": "POST", "url": "/transfers"}]}
    assert quorum_of(http("POST bank.test/$batch", body), compiled(RULES)).count == 2


def approval(who: str, *groups: str) -> Decision:
    """One person's yes."""
    return replace(DECISION, who=who, groups=groups)


MISSING: dict[str, tuple[Quorum, list[Decision], Missing]] = {
    "nobody yet": (Quorum(), [], Missing(people=1)),
    "one is enough": (Quorum(), [approval("ada")], Missing()),
    "two are": (Quorum(count=2), [approval("ada"), approval("bob")], Missing()),
    "one person twice": (Quorum(count=2), [approval("ada"), approval("Ada ")], Missing(people=1)),
    "one in full width": (Quorum(count=2), [approval("ada"), approval("\uff41da")], Missing(people=1)),
    "a group is missing": (
        Quorum(count=2, groups=("ops",)),
        [approval("ada"), approval("bob", "it")],
        Missing(groups=("ops",)),
    ),
    "one person for two groups": (
        Quorum(count=2, groups=("it", "ops")),
        [approval("ada", "it", "ops"), approval("bob")],
        Missing(groups=("ops",)),
    ),
    "places are exchanged": (
        Quorum(count=3, groups=("a", "b", "c")),
        [approval("x", "a", "b", "c"), approval("y", "a"), approval("z", "a", "b")],
        Missing(),
    ),
    "nobody at all is asked for": (Quorum(count=0), [], Missing()),
}


@pytest.mark.parametrize("name", MISSING)
def test_who_is_missing(name: str) -> None:
    """People by distinct names, groups by a person each."""
    quorum, given, expected = MISSING[name]
    assert missing(quorum, given) == expected


def test_who_asked_for_it_speaks_against_it() -> None:
    """Even where enough others have approved it."""
    both = [approval("ada"), approval("eve")]
    assert shortfall(both, Needed(quorum=Quorum())) is None
    assert shortfall(both, Needed(quorum=Quorum(), requester="Eve")) == "whoever asked for it has approved it"
    said = shortfall(both[:1], Needed(quorum=Quorum(count=3, groups=("it",))))
    assert said == "its approval is not complete: 2 more people have to approve it, among them one of `it`"


def test_the_rule_that_held_it_counts_where_no_other_one_holds_it_now() -> None:
    """A budget is spent once and not again: its rule does not hold the call by itself."""
    rules = compiled(RULES)
    call = http("POST small.test/", {"amount": 5})
    assert quorum_of(call, rules, rule="small") == Quorum(count=5)


def test_a_grant_is_no_vote_beside_others() -> None:
    """Whoever granted calls of a kind has not looked at this one: enough alone, and none of several."""
    granted, other = replace(DECISION, grant="01G"), replace(DECISION, who="bob")
    assert shortfall([granted], Needed(quorum=Quorum())) is None
    assert shortfall([granted, other], Needed(quorum=Quorum(count=2))) is not None
    assert shortfall([granted], Needed(quorum=Quorum(groups=("finance",)))) is not None
