"""The proposals: valid, and never milder than what was judged."""

from hypothesis import given
from hypothesis import strategies as st

from rules.classify import classify
from rules.compile import compile_rules
from rules.drafting.payload import empty_call
from rules.observed.group import Groups
from rules.observed.writing import suggestions
from rules.ruleset import Ruleset
from tests.rules.calls import http, judged
from tests.rules.observed.lines import line
from tests.rules.observed.test_group import grouped


def ruleset(groups: Groups) -> Ruleset:
    """The proposals, compiled, which must be possible."""
    found = compile_rules([("made.yaml", suggestions(groups))])
    assert isinstance(found, Ruleset), [*map(str, found)]
    return found


def test_proposals() -> None:
    """One for each host, method and template, with what was judged and why."""
    groups = grouped(
        line("GET a.example/pets/7", 1, reason_id="default_read"),
        line("GET a.example/pets/8", 1, reason_id="default_read"),
        line("POST a.example/pets", 3),
        line("DELETE a.example/pets/7", 4, reason_id="default_delete"),
    )
    rules, text = ruleset(groups), suggestions(groups)
    assert [(rule.id, int(rule.tier)) for rule in rules.rules] == [
        ("get-a-example-pets", 1),
        ("post-a-example-pets", 3),
        ("delete-a-example-pets", 4),
    ]
    assert "# GET a.example/pets/{id:int}: 2 calls (default_read 2)" in text
    assert "judged up to tier 4; by its path alone tier 4: DELETE deletes" in text
    assert judged(http("DELETE a.example/pets/9"), rules) == (4, "hold", "rule", "delete-a-example-pets")
    assert judged(http("GET a.example/pets/delete"), rules)[2] == "default_delete"


def test_a_pair_is_a_comment() -> None:
    """Only a person takes it: the rule keeps the tier that was judged."""
    pair = [line("PUT a.example/x/7/flag"), line("DELETE a.example/x/7/flag", 4, reason_id="default_delete")]
    groups = grouped(*pair)
    assert sorted(int(rule.tier) for rule in ruleset(groups).rules) == [3, 4]
    assert suggestions(groups).count("    # tier: 2  #") == 2
    taken = suggestions(groups).replace("    tier: 3\n    # tier: 2", "    tier: 2")
    assert isinstance(compile_rules([("taken.yaml", taken.replace("    # rev", "    rev"))]), Ruleset)


def test_payloads_are_left_to_be_read() -> None:
    """Reads by GraphQL that were seen say nothing of the next call at that path."""
    seen = {"POST a.example/graphql": 1, "POST a.example/sql": 3, "GET a.example/gql": 1}
    groups = grouped(*(line(call, tier) for call, tier in seen.items()))
    assert ruleset(groups).rules == ()
    assert suggestions(groups).count("# no rule: ") == 3


def test_nothing_to_propose() -> None:
    """A file without rules, which says what was left out."""
    groups = grouped(line("GET a.example/x", rule="r"), line("GET a.example/x", rule="r"))
    assert ruleset(groups).rules == ()
    assert "# Left out: 2 calls named by a rule" in suggestions(groups)


_PATHS = st.text(alphabet="ab01{}*:%;.\"'#~ü-_/", max_size=16).map(lambda text: f"/{text}")
_LINES = st.builds(
    lambda method, path, tier, reason: line(f"{method} a.example{path}", tier, reason_id=reason),
    st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    _PATHS.filter(lambda path: "?" not in path and "#" not in path),
    st.integers(1, 4),
    st.text(max_size=8).map(lambda text: f"default_{text}"),
)


@given(st.lists(_LINES, max_size=6))
def test_whatever_comes_out_is_valid_and_no_milder(lines: list[bytes]) -> None:
    """Every group has a rule of at least its tier, or none."""
    groups = grouped(*lines)
    rules = ruleset(groups)
    for group in groups.in_order():
        judgement = classify(empty_call(group.method, group.host, group.example), rules)
        assert judgement.rule is None or judgement.tier >= group.tier
