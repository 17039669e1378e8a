"""What the configuration says of people: exact refusals of everything else."""

import pytest

from proxy.config import Config
from proxy.console.people.entry import ConsoleEntry
from rules.language.document import read
from rules.reviewer import Role
from rules.verdict import Tier

GOOD = """
version: 1
console:
  people:
    - name: ada
      role: lead
      groups: [finance]
      scope: {hosts: [bank.example, "*.bank.example"], tiers: [4], amounts: {EUR: 1000, USD: 0.5}}
      token_file: a
    - {name: bob, role: auditor, subject: "00u1"}
    - {name: carl, email: Carl@example.org, also: [carl]}
    - {name: dora, password: true}
  oidc:
    name: Example
    issuer: https://login.example
    client_id: sidegate
    client_secret: {env: SECRET}
    redirect_uri: https://console.example/login/oidc/callback
    roles: [{group: g-1, role: reviewer, groups: [finance]}]
  step_up: {tiers: [4]}
"""


def console(text: str) -> ConsoleEntry:
    """What it says."""
    found = read(Config, text, file="c")
    assert isinstance(found, Config), found
    return found.console


def test_all_of_it() -> None:
    """Roles, scopes, ways to be known, and a provider."""
    entry = console(GOOD)
    ada = entry.people[0]
    assert (ada.role, ada.groups) == (Role.LEAD, ("finance",))
    scope = ada.grant.scope
    assert (scope.hosts, set(scope.tiers)) == (("bank.example", "*.bank.example"), {Tier.HIGH_RISK})
    assert {name: str(amount) for name, amount in scope.amounts.items()} == {"EUR": "1000", "USD": "0.5"}
    assert entry.oidc is not None
    assert entry.oidc.roles[0].group == "g-1"


BAD = {
    "a role that is none": ("people: [{name: a, role: root, password: true}]", "role"),
    "a way that is none": ("people: [{name: a}]", "nothing says how `a` is known"),
    "the operator": ("people: [{name: Operator, password: true}]", "is the operator of this machine"),
    "an odd name": ("people: [{name: 'a b', password: true}]", "is no reviewer's name"),
    "one name twice": (
        "people: [{name: a, password: true}, {name: A, password: true}]",
        "two people have the name `a`",
    ),
    "one file twice": (
        "people: [{name: a, token_file: ./f}, {name: b, token_file: f}]",
        "two people have the token file",
    ),
    "one subject twice": (
        "people: [{name: a, subject: s}, {name: b, subject: s}]",
        "two people have the subject",
    ),
    "one address twice": (
        "people: [{name: a, email: x@y}, {name: b, email: X@y}]",
        "two people have the e-mail address",
    ),
    "no provider": ("people: [{name: a, subject: s}]", "there is none; give `oidc`"),
    "an auditor with a scope": (
        "people: [{name: a, role: auditor, password: true, scope: {tiers: [3]}}]",
        "an auditor sees everything",
    ),
    "a host with capitals": (
        "people: [{name: a, password: true, scope: {hosts: [A.example]}}]",
        "is no host",
    ),
    "any host": ("people: [{name: a, password: true, scope: {hosts: ['*']}}]", "is no host of a scope"),
    "a star inside": ("people: [{name: a, password: true, scope: {hosts: ['a.*.b']}}]", "is no host"),
    "a tier that passes": ("people: [{name: a, password: true, scope: {tiers: [2]}}]", "tiers"),
    "a negative amount": ("people: [{name: a, password: true, scope: {amounts: {EUR: -1}}}]", "amounts"),
    "an endless amount": ("people: [{name: a, password: true, scope: {amounts: {EUR: .inf}}}]", ""),
    "a small currency": ("people: [{name: a, password: true, scope: {amounts: {eur: 1}}}]", "is no currency"),
    "a group that is none": ("people: [{name: a, password: true, groups: ['']}]", "is no group"),
    "a secret in clear": (
        "oidc: {issuer: https://l, client_id: c, client_secret: s3cret, "
        "redirect_uri: https://c/login/oidc/callback}",
        "never the secret itself",
    ),
    "a plain issuer": (
        "oidc: {issuer: http://login.example, client_id: c, redirect_uri: https://c/login/oidc/callback}",
        "https://",
    ),
    "a callback elsewhere": (
        "oidc: {issuer: https://l, client_id: c, redirect_uri: https://c/callback}",
        "has to end in `/login/oidc/callback`",
    ),
    "no openid": (
        "oidc: {issuer: https://l, client_id: c, redirect_uri: https://c/login/oidc/callback, scopes: [x]}",
        "has to have `openid`",
    ),
    "an unknown key": ("people: [{name: a, password: true, admin: true}]", "admin"),
    "a step-up of nothing held": ("step_up: {tiers: [1]}", "tiers"),
    "no way but off": ("authentication: off", "authentication"),
}


@pytest.mark.parametrize("case", BAD)
def test_anything_else_is_refused(case: str) -> None:
    """With its place, in words, and without a secret."""
    text, words = BAD[case]
    found = read(Config, f"version: 1\nconsole:\n  {text}\n", file="c")
    assert isinstance(found, tuple), found
    told = "\n".join(map(str, found))
    assert words in told
    assert "console" in told
    assert "s3cret" not in told


def test_a_name_in_both_lists_is_refused() -> None:
    """Nobody knows then what that person may do."""
    text = (
        "version: 1\nreviewers: [{name: a, token_file: f}]\nconsole: {people: [{name: A, password: true}]}\n"
    )
    found = read(Config, text, file="c")
    assert isinstance(found, tuple)
    assert "is in `reviewers` and in `console.people`" in str(found[0])
