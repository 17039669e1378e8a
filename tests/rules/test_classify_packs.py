"""Who speaks on a call: the operator's rules, the packs, the defaults."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import ToolCall, ToolDefinition
from rules.classify import classify
from rules.compile import compile_pack, compile_rules
from rules.request.path_readings import PathPolicy
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Tier, Verdict
from tests.rules.calls import http
from tests.rules.pack_calls import packs, read_packs

PACK = compile_pack(
    json.dumps(
        {
            "version": 1,
            "hosts": {"*.shop.test": {"paths": "normalize"}},
            "rules": [
                {
                    "id": "shop.search",
                    "match": {"host": "api.shop.test", "method": "POST", "path": "/find"},
                    "tier": 1,
                },
                {"id": "shop.pay", "match": {"host": "api.*.shop.test", "path": "/pay"}, "tier": 4},
                {"id": "shop.never", "match": {"host": "api.shop.test", "path": "/wipe"}, "forbidden": True},
                {
                    "id": "shop.mode",
                    "match": {"host": "api.shop.test", "method": "POST", "path": "/mode", "body": {"a": 1}},
                    "tier": 4,
                },
            ],
        }
    )
)

CASES: dict[str, tuple[str, str, object, Tier, str | None]] = {
    "no rule of yours": ("", "POST api.shop.test/find", {}, Tier.READ_ONLY, "shop.search"),
    "a part that is open": ("", "POST api.eu.shop.test/pay", {}, Tier.HIGH_RISK, "shop.pay"),
    "none of the pack's": ("", "POST api.shop.test/other", {}, Tier.EXTERNAL, None),
    "your rule is higher": (
        "rules: [{id: a, match: {path: /find}, tier: 3}]",
        "POST api.shop.test/find",
        {},
        Tier.EXTERNAL,
        "a",
    ),
    "your rule is lower": (
        "rules: [{id: a, match: {host: api.eu.shop.test}, tier: 2}]",
        "POST api.eu.shop.test/pay",
        {},
        Tier.REVERSIBLE,
        "a",
    ),
    "your rule only may name it": (
        "rules: [{id: a, match: {host: api.eu.shop.test, body: {x: 1}}, tier: 2}]",
        "POST api.eu.shop.test/pay",
        b"?",
        Tier.HIGH_RISK,
        "shop.pay",
    ),
    "your default is higher": ("defaults: {write: 4}", "POST api.shop.test/find", {}, Tier.HIGH_RISK, None),
    "your default is lower": (
        "defaults: {write: 1}",
        "POST api.eu.shop.test/pay",
        {},
        Tier.HIGH_RISK,
        "shop.pay",
    ),
    "your default is of another kind": (
        "defaults: {delete: 4}",
        "POST api.shop.test/find",
        {},
        Tier.READ_ONLY,
        "shop.search",
    ),
    "a host that only a pack names": (
        "defaults: {unknown_host: 3}",
        "POST api.shop.test/find",
        {},
        Tier.EXTERNAL,
        None,
    ),
    "a pack's rule that may hold": ("", "POST api.shop.test/mode", b"?", Tier.HIGH_RISK, "shop.mode"),
}


@pytest.mark.parametrize("name", CASES)
def test_who_speaks(name: str) -> None:
    """The operator's certain word first, then the highest of all that may be meant."""
    rules, line, body, tier, rule = CASES[name]
    judgement = judged(rules, line, body)
    assert (judgement.tier, judgement.rule) == (tier, rule)


def test_what_a_pack_forbids_is_not_silenced() -> None:
    """A rule of the operator for the same call changes nothing."""
    rules = "rules: [{id: a, match: {host: api.shop.test}, tier: 1}]"
    assert judged(rules, "GET api.shop.test/wipe").verdict is Verdict.BLOCK


def test_paths_of_hosts() -> None:
    """A pack's word on paths counts where the operator has none."""
    own = with_pack("hosts: {api.shop.test: {paths: strict}}")
    assert own.paths("api.shop.test") is PathPolicy.STRICT
    assert own.paths("other.shop.test") is PathPolicy.NORMALIZE
    assert own.paths("a.test") is PathPolicy.STRICT


@pytest.mark.parametrize(
    ("server", "definition", "tier"),
    [
        ("memory", None, Tier.EXTERNAL),
        ("memory", ToolDefinition(), Tier.EXTERNAL),
        ("memory", ToolDefinition(pack="time"), Tier.EXTERNAL),
        ("brain", ToolDefinition(pack="memory"), Tier.READ_ONLY),
    ],
    ids=["its name", "its name, listed", "another pack", "the operator's word"],
)
def test_which_server_it_is_says_the_operator(
    server: str, definition: ToolDefinition | None, tier: Tier
) -> None:
    """A name makes no pack speak."""
    call = ToolCall(server=server, tool="open_nodes", arguments={}, definition=definition)
    assert classify(call, read_packs()).tier is tier


def test_your_rule_comes_before_a_known_servers_pack() -> None:
    """By the name that it has for rules."""
    own = compile_rules(
        [("a.yaml", "version: 1\nrules: [{id: a, match: {server: brain}, tier: 4}]")], packs()
    )
    assert isinstance(own, Ruleset)
    definition = ToolDefinition(pack="memory")
    call = ToolCall(server="brain", tool="open_nodes", arguments={}, definition=definition)
    assert classify(call, own).tier is Tier.HIGH_RISK
    assert classify(replace(call, tool="read_graph", server="x"), own).tier is Tier.READ_ONLY


def test_packs_name_no_hosts() -> None:
    """Where calls may go depends on the operator's rules alone."""
    assert not with_pack("").names_host("api.shop.test")


def test_a_wrong_pack_is_refused() -> None:
    """A damaged installation does not start."""
    with pytest.raises(ValueError, match="tier"):
        compile_pack('{"version": 1, "rules": [{"id": "a", "match": {"host": "*"}, "tier": 9}]}')


@given(
    line=st.sampled_from(["/find", "/pay", "/mode", "/other"]),
    body=st.sampled_from([None, {}, {"a": 1}, b"?"]),
    more=st.dictionaries(
        st.sampled_from(["x-a", "x-http-method-override", "x-amz-target"]), st.just("DELETE")
    ),
)
def test_no_header_lowers(line: str, body: object, more: dict[str, str]) -> None:
    """A header more never gives a lower tier."""
    ruleset = with_pack("")
    call = http(f"POST api.shop.test{line}", body)
    assert (
        classify(http(f"POST api.shop.test{line}", body, headers=more), ruleset).tier
        >= classify(call, ruleset).tier
    )


def judged(rules: str, line: str, body: object = None) -> Judgement:
    """The judgement under the operator's rules and the pack."""
    return classify(http(line, body), with_pack(rules))


def with_pack(rules: str) -> Ruleset:
    """The operator's rules and the pack."""
    ruleset = compile_rules([("rules.yaml", f"version: 1\n{rules}\n")], PACK)
    assert isinstance(ruleset, Ruleset), ruleset
    return ruleset
