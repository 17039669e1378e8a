"""Observing: what would be held passes, and what binds is never weakened by it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall
from rules.classify import classify, over_budget
from rules.compile import compile_rules
from rules.language.document import read
from rules.language.rule_file import RulesFile
from rules.ruleset import Ruleset
from rules.verdict import ReasonId
from tests.rules.calls import calls, compiled, from_rules, http, rule_lists, severity

PAY = "id: pay, match: {host: pay.test, method: POST}, tier: 4"
READ = "id: find, match: {host: pay.test, method: POST, path: /find}, tier: 1"

CASES = {
    "a rule that observes leaves the default": (f"[{{{PAY}, mode: observe}}]", "POST pay.test/a", 3, "hold"),
    "where the default passes, it is seen": (
        "[{id: a, match: {host: pay.test}, tier: 4, mode: observe}]",
        "GET pay.test/a",
        4,
        "observed",
    ),
    "another rule binds": (
        f"[{{{PAY}, mode: observe}}, {{id: b, match: {{host: pay.test}}, tier: 3}}]",
        "POST pay.test/a",
        3,
        "hold",
    ),
    "another rule passes it": (
        f"[{{{PAY}, mode: observe}}, {{{READ}}}]",
        "POST pay.test/find",
        4,
        "observed",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_single_rules_that_observe(name: str) -> None:
    """The strictest that binds stands; only where that passes, what is observed is seen."""
    rules, line, tier, outcome = CASES[name]
    judgement = classify(http(line), compiled(f"rules: {rules}"))
    shown = "observed" if judgement.observed else str(judgement.verdict)
    assert (int(judgement.tier), shown) == (tier, outcome)


def test_a_lowering_rule_that_only_observes() -> None:
    """It takes no default away."""
    ruleset = compiled("defaults: {write: 3}\nrules: [{" + READ + ", mode: observe}]")
    assert severity(classify(http("POST pay.test/find"), ruleset)) == (False, 3)


OBSERVED = (
    f"mode: observe\nrules: [{{{PAY}}}, {{{READ}}}, {{id: no, match: {{host: no.test}}, forbidden: true}}, "
    + ("{id: yes, match: {host: yes.test}, tier: 3, mode: enforce}]")
)


@pytest.mark.parametrize(
    ("line", "tier", "outcome"),
    [
        ("POST pay.test/a", 4, "observed"),
        ("DELETE other.test/a", 4, "observed"),
        ("GET other.test/a", 1, "pass"),
        ("GET no.test/", 4, "block"),
        ("POST yes.test/", 3, "hold"),
        ("GET pay.test/AKIAABCDEFGHIJKLMNOP", 4, "observed"),
    ],
)
def test_everything_observes(line: str, tier: int, outcome: str) -> None:
    """What is forbidden and what says `enforce` binds all the same."""
    judgement = classify(http(line), compiled(OBSERVED))
    shown = "observed" if judgement.observed else str(judgement.verdict)
    assert (int(judgement.tier), shown) == (tier, outcome)
    assert judgement.reason.endswith("; it passes, because this is only observed") is judgement.observed


def test_a_batch_is_observed_as_its_gravest_part() -> None:
    """And held where a part of it binds."""
    body = {"requests": [{"id": "1", "method": "DELETE", "url": "/a"}]}
    assert classify(http("POST b.test/$batch", body), compiled("mode: observe")).observed
    assert not classify(http("POST b.test/$batch", body), compiled("")).observed


def test_budgets_that_observe() -> None:
    """They are charged after those that bind, and let the call go that exceeds them."""
    text = "budget: {limit: 2, window: 1h}"
    ruleset = compiled(
        f"rules: [{{id: a, match: {{host: a.test}}, tier: 2, mode: observe, {text}}}, "
        f"{{id: b, match: {{host: a.test}}, tier: 2, {text}}}]"
    )
    spends = classify(http("POST a.test/"), ruleset).spends
    assert [(spend.rule, spend.observed) for spend in spends] == [("b", False), ("a", True)]
    over = [over_budget(spend) for spend in spends]
    assert [(j.verdict, j.observed, j.reason_id) for j in over] == [
        ("hold", False, ReasonId.BUDGET),
        ("pass", True, ReasonId.BUDGET),
    ]


AGENTS = """
agents: {watched: {mode: observe}, bound: {mode: enforce}}
rules:
  - {id: pay, match: {host: pay.test, method: POST}, tier: 4}
  - {id: no, match: {host: no.test}, forbidden: true}
  - {id: yes, match: {host: yes.test}, tier: 3, mode: enforce}
  - {id: maybe, match: {host: maybe.test}, tier: 3, mode: observe}
"""

BY_AGENT = {
    "an agent's word before the file's": ("enforce", "watched", "POST pay.test/", "observed"),
    "calls without a rule too": ("enforce", "watched", "DELETE other.test/a", "observed"),
    "what it gives away too": ("enforce", "watched", "GET a.test/AKIAABCDEFGHIJKLMNOP", "observed"),
    "other agents have the file's": ("enforce", "other", "POST pay.test/", "hold"),
    "nobody named has the file's": ("enforce", None, "POST pay.test/", "hold"),
    "a name has one spelling": ("enforce", "Watched", "POST pay.test/", "hold"),
    "an agent that is bound": ("observe", "bound", "POST pay.test/", "hold"),
    "while others are observed": ("observe", "other", "POST pay.test/", "observed"),
    "a rule's word before the agent's": ("enforce", "watched", "GET yes.test/", "hold"),
    "also where it observes": ("enforce", "bound", "GET maybe.test/", "observed"),
    "what is forbidden binds": ("observe", "watched", "GET no.test/", "block"),
}


@pytest.mark.parametrize("name", BY_AGENT)
def test_modes_of_agents(name: str) -> None:
    """A rule's word comes first, then the agent's, then the file's."""
    mode, agent, line, outcome = BY_AGENT[name]
    ruleset = compile_rules([("f", f"version: 1\nmode: {mode}{AGENTS}")], agent=agent)
    assert isinstance(ruleset, Ruleset)
    judgement = classify(http(line), ruleset)
    assert ("observed" if judgement.observed else str(judgement.verdict)) == outcome


def test_no_request_chooses_its_agent() -> None:
    """Whatever it says of itself, it is judged as the operator's sidecar."""
    ruleset = compile_rules([("f", f"version: 1{AGENTS}")], agent="other")
    assert isinstance(ruleset, Ruleset)
    for header in ("agent", "x-agent", "sidegate-agent", "user-agent", "from"):
        assert severity(classify(http("POST pay.test/", headers={header: "watched"}), ruleset)) == (False, 4)


def test_one_policy_has_one_hash_for_all_agents() -> None:
    """So that sidecars with the same files agree, and a change for one agent shows."""
    documents = [("f", f"version: 1{AGENTS}")]
    one, other = (compile_rules(documents, agent=agent) for agent in ("watched", "other"))
    changed = compile_rules([("f", f"version: 1{AGENTS.replace('observe}, b', 'enforce}, b')}")])
    assert isinstance(one, Ruleset)
    assert isinstance(other, Ruleset)
    assert isinstance(changed, Ruleset)
    assert one.hash == other.hash != changed.hash


def problems(*texts: str) -> list[str]:
    """What is wrong with rules files."""
    found = compile_rules([(f"{n}.yaml", f"version: 1\n{text}") for n, text in enumerate(texts)])
    assert isinstance(found, tuple)
    return [str(problem) for problem in found]


def test_wrong_modes() -> None:
    """With the cure."""
    assert problems("mode: watch") == ["0.yaml:2:1: mode: must be one of 'enforce' or 'observe', not `watch`"]
    assert problems("mode: observe", "mode: enforce") == [
        "1.yaml:2:1: mode: an earlier file says `observe`; write it in one file only"
    ]
    assert problems("agents: {a: {mode: observe}}", "agents: {a: {mode: enforce}, b: {}}") == [
        "1.yaml:2:30: agents.b.mode: the key is missing; add it"
    ]
    assert problems("agents: {a: {mode: observe}}", "agents: {a: {mode: enforce}}") == [
        "1.yaml:2:14: agents.a.mode: an earlier file says `observe`; write it in one file only"
    ]
    assert problems("agents: {'': {mode: observe}}") == [
        "0.yaml:2:10: agents.: `` is no agent's name; write its `identity.agent`, 1 to 200 printable "
        "characters"
    ]
    assert problems("rules: [{id: a, match: {host: a.test}, forbidden: true, mode: observe}]") == [
        "0.yaml:2:57: rules[0].mode: a forbidden call is never let go; leave `mode` or `forbidden` out"
    ]


def test_the_mode_is_part_of_the_hash() -> None:
    """Unless it says what holds anyway."""
    assert compiled("mode: observe").hash != compiled("").hash == compiled("mode: enforce").hash
    assert isinstance(read(RulesFile, "version: 1\nmode: enforce\n", file="f"), RulesFile)


@given(rule_lists(), st.data(), calls())
def test_observing_rules_only_ever_add(
    rules: list[dict[str, Any]], data: st.DataObject, call: HttpCall
) -> None:
    """A call that is held or blocked without the observing rules is so with them, at the same tier."""
    watching = [r for r in rules if not r.get("forbidden") and data.draw(st.booleans())]
    binding = [rule for rule in rules if rule not in watching]
    hosts = {"unknown_host": data.draw(st.sampled_from([1, 3]))}
    alone = classify(call, from_rules(*binding, **hosts))
    both = classify(call, from_rules(*binding, *({**r, "mode": "observe"} for r in watching), **hosts))
    if str(alone.verdict) != "pass":
        assert severity(both) == severity(alone)
        assert both.verdict == alone.verdict
    else:
        assert both.verdict == "pass"
        assert both.tier >= alone.tier
