"""Compiled rules: what they cover, and which of them are looked at."""

import json

import pytest

from rules.compile import compile_pack, compile_rules
from rules.handling import USUAL, Quorum
from rules.matching.truth import Truth
from rules.ruleset import Ruleset, host_keys
from tests.rules.calls import http

TEXT = """
version: 1
rules:
  - {id: exact, match: {host: api.pay.test, method: POST, path: /pay}, tier: 4}
  - {id: above, match: {host: "*.pay.test", path: "/pay/**"}, tier: 3}
  - {id: all, match: {host: "*", path: /health}, tier: 1}
  - {id: tool, match: {server: mail, tool: send}, tier: 3}
"""


@pytest.fixture(scope="module", name="ruleset")
def fixture_ruleset() -> Ruleset:
    """Rules of every kind of host."""
    compiled = compile_rules([("rules.yaml", TEXT)])
    assert isinstance(compiled, Ruleset)
    return compiled


def test_host_keys() -> None:
    """From the host itself up to everything."""
    assert host_keys("a.b.test") == ("a.b.test", "*.b.test", "*.test", "*")


@pytest.mark.parametrize(
    ("host", "named"),
    [("api.pay.test", True), ("x.pay.test", True), ("pay.test", False), ("other.test", False)],
)
def test_which_hosts_are_named(ruleset: Ruleset, host: str, named: bool) -> None:
    """`*` names nobody: it must not open a private network."""
    assert ruleset.names_host(host) is named


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("POST api.pay.test/pay", {"exact": Truth.TRUE}),
        ("GET api.pay.test/pay", {"exact": Truth.FALSE}),
        ("GET x.pay.test/pay/1", {"above": Truth.TRUE}),
        ("GET anywhere.test/health", {"all": Truth.TRUE}),
        ("GET anywhere.test/pay", {}),
    ],
)
def test_candidates_include_all_that_match(ruleset: Ruleset, line: str, ids: dict[str, Truth]) -> None:
    """The index may give too many rules, never too few, and the rule itself has the last word."""
    call = http(line)
    found = {rule.id: rule.matches(call) for rule in ruleset.candidates(call)}
    assert {id_: truth for id_, truth in found.items() if id_ in ids} == ids
    surely = {rule.id for rule in ruleset.rules if rule.matches(call) is not Truth.FALSE}
    assert surely <= set(found)


def test_another_method_is_possible_under_an_override(ruleset: Ruleset) -> None:
    """The server may take the request for a POST."""
    call = http("GET api.pay.test/pay?_method=POST")
    [rule] = [rule for rule in ruleset.candidates(call) if rule.id == "exact"]
    assert rule.matches(call) is Truth.UNKNOWN


def test_rules_on_operations_are_found_by_them() -> None:
    """Of many such rules a call meets its own, an uncertain one all of its place, any other call none."""
    text = "version: 1\nrules:" + "".join(
        f"\n- {{id: r{n}, tier: 4, match: {{host: a.test, path: /graphql, operation: graphql.query.q{n}}}}}"
        for n in range(50)
    )
    ruleset = compile_rules([("rules.yaml", text)])
    assert isinstance(ruleset, Ruleset)
    found = {
        name: [rule.id for rule in ruleset.candidates(call)]
        for name, call in {
            "own": http("POST a.test/graphql", {"query": "{ q7 q9 q7 other }"}),
            "uncertain": http("POST a.test/graphql", {"id": 1}),
            "elsewhere": http("POST a.test/other", {"query": "{ q7 }"}),
            "none": http("POST a.test/graphql"),
            "unknown body": http("POST a.test/graphql", b"?"),
        }.items()
    }
    assert found["own"] == ["r7", "r9"]
    assert found["elsewhere"] == found["none"] == []
    assert len(found["uncertain"]) == len(found["unknown body"]) == 50
    assert ruleset.names_host("a.test")


def test_the_nearest_name_says_how_paths_are_read() -> None:
    """A host's own policy, else that of the nearest name above it, else strict."""
    odd, strict = "{paths: normalize}", "{paths: strict}"
    hosts = f'{{"*.aws.test": {odd}, s3.aws.test: {strict}, "*.s3.aws.test": {odd}}}'
    ruleset = compile_rules([("rules.yaml", f"version: 1\nhosts: {hosts}\n")])
    assert isinstance(ruleset, Ruleset)
    policies = {
        host: str(ruleset.paths(host)) for host in ("iam.aws.test", "s3.aws.test", "aws.test", "x.test")
    }
    assert policies == {
        "iam.aws.test": "normalize",
        "s3.aws.test": "strict",
        "aws.test": "strict",
        "x.test": "strict",
    }
    assert ruleset.paths("b.s3.aws.test") == "normalize"
    assert not ruleset.names_host("iam.aws.test")


PAID: dict[str, object] = {"id": "a", "match": {"host": "pay.test"}}


def test_a_rule_by_its_id() -> None:
    """The operator's before the pack's; no rule has no id."""
    brought = [PAID | {"tier": 3}, PAID | {"id": "b", "tier": 4}]
    pack = compile_pack(json.dumps({"version": 1, "rules": brought}))
    own = json.dumps({"version": 1, "rules": [PAID | {"tier": 4, "quorum": 2}]})
    both = compile_rules([("f", own)], pack)
    assert isinstance(both, Ruleset)
    found = [both.rule(rule_id) for rule_id in ("a", "b", "c", None)]
    assert [rule and (rule.id, rule.tier) for rule in found] == [("a", 4), ("b", 4), None, None]
    assert both.handling("a").quorum == Quorum(count=2)
    assert both.handling("b") is USUAL
