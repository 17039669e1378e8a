"""Rules files compiled into one rule set: merging, the hash, and what is wrong across files."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.compile import compile_rules
from rules.language.document import Problem
from rules.matching.truth import Truth
from rules.ruleset import Defaults, Ruleset
from rules.verdict import Tier
from tests.rules.calls import compiled, from_rules, http, judged, tool

ONE = """
rules:
  - id: a
    match: {host: pay.test, method: POST, body: {amount: {gt: 100.5}}}
    tier: 4
    lower: [{when: {query: {mode: test}}, tier: 2}]
"""


def problems(*texts: str) -> list[str]:
    """The problems of several files, one line each."""
    found = compile_rules([(f"{n}.yaml", f"version: 1\n{text}") for n, text in enumerate(texts)])
    assert isinstance(found, tuple), "it compiled"
    return [str(problem) for problem in found]


def rule(identity: str, match: str = "host: a.test", tier: int = 3) -> str:
    """One rule on one line."""
    return f"  - {{id: {identity}, match: {{{match}}}, tier: {tier}}}\n"


def test_no_files() -> None:
    """Without rules the built-in defaults stand."""
    ruleset = compile_rules([])
    assert isinstance(ruleset, Ruleset)
    assert ruleset.rules == ()
    assert ruleset.defaults == Defaults()
    assert ruleset.hash == compiled("").hash == compiled("defaults: {}\nrules: []").hash


def test_files_merge_in_order() -> None:
    """Rules keep the order of the files; each file may set defaults of its own."""
    ruleset = compiled(
        f"defaults: {{read: 2}}\nrules:\n{rule('b')}{rule('a')}",
        f"defaults: {{write: 4, read: 2}}\nrules:\n{rule('c')}",
    )
    assert [rule.id for rule in ruleset.rules] == ["b", "a", "c"]
    assert ruleset.defaults == Defaults(read=Tier.REVERSIBLE, write=Tier.HIGH_RISK)


def test_an_id_twice() -> None:
    """The second rule of an id is named, with the place of the first."""
    assert problems(f"rules:\n{rule('a')}{rule('b')}", f"rules:\n{rule('b')}{rule('a')}{rule('a')}") == [
        "1.yaml:3:6: rules[0].id: `b` is the id of the rule at 0.yaml:4; write another",
        "1.yaml:4:6: rules[1].id: `a` is the id of the rule at 0.yaml:3; write another",
        "1.yaml:5:6: rules[2].id: `a` is the id of the rule at 0.yaml:3; write another",
    ]


def test_defaults_that_contradict() -> None:
    """Two files cannot both decide the same default."""
    assert problems("defaults: {write: 3, read: 1}", "defaults: {read: 1, write: 4}") == [
        "1.yaml:2:21: defaults.write: an earlier file says 3; write it in one file only"
    ]


def test_problems_of_all_files_at_once() -> None:
    """A file that cannot be read does not hide what is wrong with and between the others."""
    lines = problems("rules: [", f"rules:\n{rule('a')}{rule('a')}", f"rules:\n{rule('A')}")
    assert [line.split(": ")[0] for line in lines] == ["0.yaml:2:9", "2.yaml:3:6", "1.yaml:4:6"]


def test_a_get_rule_covers_head() -> None:
    """HEAD runs what GET runs; a HEAD rule alone does not cover GET."""
    get = from_rules({"id": "a", "match": {"method": "GET"}, "tier": 4})
    head = from_rules({"id": "a", "match": {"method": "HEAD"}, "tier": 4})
    assert [judged(http(f"{m} a.test/"), get)[0] for m in ("GET", "HEAD", "OPTIONS")] == [4, 4, 1]
    assert [judged(http(f"{m} a.test/"), head)[0] for m in ("GET", "HEAD")] == [1, 4]


@pytest.mark.parametrize(
    ("match", "call", "truth"),
    [
        ({"host": "*.pay.test"}, http("GET a.pay.test/"), Truth.TRUE),
        ({"host": "*.pay.test"}, http("GET b.a.pay.test/"), Truth.TRUE),
        ({"host": "*.pay.test"}, http("GET pay.test/"), Truth.FALSE),
        ({"host": "*.pay.test"}, http("GET xpay.test/"), Truth.FALSE),
        ({"host": "pay.test"}, http("GET PAY.test/"), Truth.TRUE),
        ({"host": "pay.test"}, http("GET pay.test.evil.example/"), Truth.FALSE),
        ({"host": "10.0.0.7"}, http("GET 10.0.0.7/"), Truth.TRUE),
        ({"host": ["a.test", "b.test"]}, http("GET b.test/"), Truth.TRUE),
        ({"path": ["/a", "/b"]}, http("GET x.test/b"), Truth.TRUE),
        ({"path": "/a%b"}, http("GET x.test/a%25b"), Truth.TRUE),
        ({"headers": {"x.y": "1"}}, http("GET x.test/", headers={"X.Y": "1"}), Truth.TRUE),
        ({"host": "*"}, tool("s", "t"), Truth.FALSE),
        ({"tool": "*"}, http("GET x.test/"), Truth.FALSE),
        ({"server": "*"}, tool("s", "t"), Truth.TRUE),
        ({"server": ["s", "u"], "tool": ["t", "v*"]}, tool("u", "vx"), Truth.TRUE),
        ({"server": "s"}, tool("S", "t"), Truth.FALSE),
        ({"arguments": {"a.0": 1}}, tool("s", "t", a=[1]), Truth.TRUE),
    ],
)
def test_what_a_compiled_rule_names(match: dict[str, object], call: object, truth: Truth) -> None:
    """Every key of a match reaches the rule that asks it."""
    ruleset = from_rules({"id": "a", "match": match, "tier": 3})
    assert ruleset.rules[0].matches(call) is truth  # type: ignore[arg-type]


SAME = {
    "comments": "# why\n" + ONE + "# end\n",
    "flow style": json.dumps(
        {
            "rules": [
                {
                    "tier": 4,
                    "match": {"body": {"amount": {"gt": 100.5}}, "method": "POST", "host": "pay.test"},
                    "lower": [{"tier": 2, "when": {"query": {"mode": "test"}}}],
                    "id": "a",
                }
            ]
        },
        indent=1,
    )[1:-1].join(("{", "}")),
    "lists of one": ONE.replace("pay.test", "[pay.test]").replace("POST", "[POST]"),
    "operators written out": ONE.replace("mode: test", "mode: {eq: test}"),
    "quotes": ONE.replace("test}", "'test'}"),
    "spelled numbers": ONE.replace("100.5", "100.50"),
    "defaults written out": ONE + "defaults: {}\n",
    "forbidden false": ONE + "    forbidden: false\n",
}


@pytest.mark.parametrize("name", SAME)
def test_spelling_does_not_change_the_hash(name: str) -> None:
    """Comments, layout, order of keys and short forms make no difference."""
    text = SAME[name]
    text = text.replace("{", '{"version": 1, ', 1) if text.startswith("{") else f"version: 1\n{text}"
    other = compile_rules([("other.yaml", text)])
    assert isinstance(other, Ruleset), other
    assert other.hash == compiled(ONE).hash


OTHER = {
    "another id": ("id: a", "id: b"),
    "another host": ("pay.test", "pay.example"),
    "another bound": ("100.5", "100.6"),
    "text for a number": ("{gt: 100.5}", '"100.5"'),
    "another operator": ("gt", "gte"),
    "another tier": ("tier: 4", "tier: 3"),
    "a reason": ("    tier: 4", "    reason: why\n    tier: 4"),
    "no alternative": ("    lower: [{when: {query: {mode: test}}, tier: 2}]\n", ""),
    "a default": ("rules:", "defaults: {write: 4}\nrules:"),
}


@pytest.mark.parametrize("name", OTHER)
def test_meaning_changes_the_hash(name: str) -> None:
    """Whatever can change a judgement changes the hash."""
    changed = ONE.replace(*OTHER[name], 1)
    assert changed != ONE
    assert compiled(changed).hash != compiled(ONE).hash


COMMENTED = (
    ONE.replace("tier: 2}]", "tier: 2, evidence: small}]")
    + """    evidence: [one, two]
    examples: [{request: {method: GET, url: "https://a.test/"}, tier: 1}]
"""
)


def test_evidence_and_examples_do_not_change_the_hash() -> None:
    """They explain a policy and are no part of it; what a rule says of its calls is."""
    assert compiled(COMMENTED).hash == compiled(ONE).hash
    assert compiled(ONE + "    category: financial\n").hash != compiled(ONE).hash
    assert compiled(ONE + "    reversible: {method: POST, path: /undo}\n").hash != compiled(ONE).hash


def test_the_hash_is_stable() -> None:
    """The hash is recorded in holds and audit records, so it must not move by itself."""
    assert compiled("").hash == "046812147ee46aa096b4a6bd7f4d444d37cb1ce1533e274937b2755ffe3a0052"
    assert compiled(ONE).hash == "1a9611778be7c6f56405a19e82e93518f9616bf435e7c8740afec13bbd6870d1"


def test_the_order_of_rules_is_part_of_the_hash() -> None:
    """Order decides which of equal rules is named, so it counts."""
    one, other = rule("a"), rule("b")
    assert compiled(f"rules:\n{one}{other}").hash != compiled(f"rules:\n{other}{one}").hash


@given(
    st.lists(st.tuples(st.text(), st.text()), max_size=2)
    | st.lists(
        st.sampled_from(
            [
                "version: 1",
                "rules:",
                "  - id: a",
                "    match: {host: a.test}",
                "    tier: 3",
                "    lower:",
                "     - when: {body: {a: 1}}",
                "       tier: 2",
                "    forbidden: true",
                "\t",
            ]
        ),
        max_size=12,
    ).map(lambda lines: [("f", "\n".join(lines))])
)
def test_no_text_makes_it_raise(documents: list[tuple[str, str]]) -> None:
    """Hostile files give a rule set or problems."""
    found = compile_rules(documents)
    assert isinstance(found, Ruleset) or all(isinstance(problem, Problem) for problem in found)


def test_hosts_of_several_files() -> None:
    """They add up, the same word twice included; a contrary one is refused where it stands."""
    one, other = (
        "hosts: {a.test: {paths: normalize}}",
        "hosts: {a.test: {paths: strict}, b.test: {paths: strict}}",
    )
    assert set(compiled(one, one).policies) == {"a.test"}
    assert compiled(one).hash == compiled(one, one).hash != compiled("").hash
    found = compile_rules([("1.yaml", f"version: 1\n{one}\n"), ("2.yaml", f"version: 1\n{other}\n")])
    assert [str(problem) for problem in found] == [  # type: ignore[union-attr]
        "2.yaml:2:18: hosts.a.test.paths: an earlier file says `normalize`; write it in one file only"
    ]
