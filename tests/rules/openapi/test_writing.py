"""The rules file: valid whatever the document says, and never milder than the general reading."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.classify import classify
from rules.compile import compile_rules
from rules.drafting.payload import empty_call
from rules.general.reading import read
from rules.openapi.operations import Found, read_operations
from rules.openapi.writing import rules_file
from rules.ruleset import Ruleset
from tests.rules.calls import http, judged
from tests.rules.openapi.documents import document, made, one, ruleset, tiers

PETS = document(
    {
        "/pets": {
            "get": {"operationId": "listPets", "summary": "List pets"},
            "post": {"operationId": "addPet", "deprecated": True, "requestBody": {"content": {}}},
        },
        "/pets/{petId}": {"delete": {"operationId": "deletePet"}, "get": {}},
        "/pets/{petId}/star": {"put": {"operationId": "starPet"}, "delete": {"operationId": "unstarPet"}},
        "/pets/{petId}/lock": {"put": {"operationId": "lockPet"}, "delete": {"operationId": "unlockPet"}},
        "/graphql": {"post": {"operationId": "query"}},
    }
)


def test_one_rule_for_each_operation() -> None:
    """With the operation's name, and the calls that they mean."""
    assert tiers(PETS) == {
        "list-pets": 1,
        "add-pet": 3,
        "delete-pet": 4,
        "get-v1-pets-petid": 1,
        "star-pet": 2,
        "unstar-pet": 2,
        "lock-pet": 3,
        "unlock-pet": 4,
    }
    rules = ruleset(PETS)
    assert judged(http("GET api.pets.example/v1/pets/7"), rules) == (1, "pass", "rule", "get-v1-pets-petid")
    assert judged(http("DELETE api.pets.example/v1/pets/7"), rules)[:2] == (4, "hold")


def test_what_people_read() -> None:
    """The operation, what its tier rests on, a suggestion that only a person can take, what has no rule."""
    text = made(PETS)
    assert "# POST /v1/pets\n  # deprecated\n  # tier 3: POST may change something" in text
    assert 'reversible: {method: "DELETE", path: "/v1/pets/{petId}/star"}' in text
    assert text.count("    # tier: 2  #") == 2
    assert "# POST /v1/graphql" in text
    assert "no rule: what it does may stand in its payload" in text


def test_evidence_is_kept() -> None:
    """In the key of that name too."""
    rule = next(rule for rule in ruleset(PETS).rules if rule.id == "star-pet")
    assert rule.account.undo is not None
    assert any("takes it back" in line for line in rule.account.evidence)


def test_ids_stand_once() -> None:
    """Names that differ in case alone, and none at all."""
    paths = {
        "/a": {"get": {"operationId": "getA"}},
        "/b": {"get": {"operationId": "GetA"}},
        "/ü": {"get": {}},
    }
    assert list(tiers(document(paths))) == ["get-a", "get-a-2", "get-v1"]


def test_left_out() -> None:
    """TRACE, which the gate refuses, and what a wide rule would name beside the payload's path."""
    value = document({"/graphql": {"get": {}}, "/{name}": {"get": {}, "trace": {}}, "/a/{b}": {"get": {}}})
    assert tiers(value) == {"get-v1-a-b": 1}
    assert "it would also name /v1/graphql" in made(value)
    assert tiers(one("trace /a")) == {}


def test_paths_that_no_rule_can_name() -> None:
    """They are flaws, or left out where a person says so."""
    value = document({"/{a}...{b}": {"get": {}}, "/c": {"get": {}}})
    flaws = rules_file(value, host=None)
    assert isinstance(flaws, tuple)
    assert [flaw.key for flaw in flaws] == ["paths./{a}...{b}"]
    assert [rule.id for rule in ruleset(value, skip=True).rules] == ["get-v1-c"]
    assert "# no rule for paths./{a}...{b}" in made(value, skip=True)


def test_too_many_operations() -> None:
    """No file that the gate would refuse."""
    value = document({f"/a{n}": {"get": {"summary": "x" * 200}} for n in range(9_000)})
    flaws = rules_file(value, host=None)
    assert isinstance(flaws, tuple)
    assert "split the document" in flaws[0].message


@pytest.mark.parametrize(
    "text", ["a\n  - id: evil", "*/ # {}", '"', "\u2028tier: 1", "\x00", "\ud800", "%", "`x`"]
)
def test_texts_stay_texts(text: str) -> None:
    """Nothing that a vendor writes becomes a rule or ends a comment."""
    value = one("post /a", {"summary": text, "operationId": text, "security": [{"o": [text]}]})
    assert len(tiers(value)) == 1
    assert set(tiers(value).values()) <= {3, 4}


_PART = re.compile(r"\{[^{}]*\}")
_TEXT = st.text(max_size=12)
_OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "operationId": _TEXT,
        "summary": _TEXT,
        "deprecated": st.booleans(),
        "x-openai-isConsequential": st.booleans(),
        "security": st.lists(st.dictionaries(_TEXT, st.lists(_TEXT, max_size=2), max_size=2), max_size=2),
    },
)
_PATHS = st.lists(st.sampled_from(["a", "{id}", "labels", "star", "send", "x{y}"]) | _TEXT, max_size=3).map(
    lambda steps: "/" + "/".join(steps)
)
_METHODS = st.dictionaries(st.sampled_from(["get", "put", "post", "delete"]), _OPERATIONS, min_size=1)


@given(st.dictionaries(_PATHS, _METHODS, min_size=1, max_size=4))
def test_whatever_comes_out_is_valid(paths: dict[str, object]) -> None:
    """Every document gives flaws or a rules file that `sidegate check` accepts."""
    text = rules_file(document(paths), host=None, skip=True)
    if isinstance(text, str):
        found = compile_rules([("made.yaml", text)])
        assert isinstance(found, Ruleset), [*map(str, found), text]


@given(st.dictionaries(_PATHS, _METHODS, min_size=1, max_size=3))
def test_no_milder_than_the_general_reading(paths: dict[str, object]) -> None:
    """Whatever a document says of a call that is no POST, a rule for it has at least that tier."""
    found = read_operations(document(paths), host=None)
    text = rules_file(document(paths), host=None, skip=True)
    if not isinstance(found, Found) or not isinstance(text, str):
        return
    rules = compile_rules([("made.yaml", text)])
    assert isinstance(rules, Ruleset)
    for operation in found.operations:
        call = empty_call(operation.method, operation.base.hosts[0], _PART.sub("70", operation.whole_path))
        assert operation.method == "POST" or classify(call, rules).tier >= read(call).effect.tier
