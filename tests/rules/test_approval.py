"""Who must approve a call, where several rules bear on it."""

import pytest

from rules.approval import quorum_of
from rules.handling import Quorum
from tests.rules.calls import compiled, http, tool

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
