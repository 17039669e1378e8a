"""From what a document says to a tier: the gravest evidence stands."""

from typing import Any

import pytest

from rules.openapi.inverse import Inverses
from rules.openapi.operations import Found, read_operations
from rules.openapi.weighing import Weighing, weigh
from tests.rules.openapi.documents import document, one

READ_SCOPE, WRITE_SCOPE = {"security": [{"o": ["pets:read"]}]}, {"security": [{"o": ["pets:write"]}]}
FALSE, TRUE = {"x-openai-isConsequential": False}, {"x-openai-isConsequential": True}
FIND = {"operationId": "findPets"}

CASES: dict[str, tuple[str, dict[str, Any], int]] = {
    "a read": ("get /pets", {"operationId": "listPets"}, 1),
    "a read whose name deletes": ("get /pets", {"operationId": "deletePets"}, 4),
    "a read whose name deletes after a tag": ("get /pets", {"operationId": "pets/delete-all"}, 4),
    "a read whose summary deletes": ("get /pets", {"summary": "Deletes all pets."}, 4),
    "a read whose summary begins with a noun": ("get /pets", {"summary": "Order of pets"}, 1),
    "a read that a vendor calls consequential": ("get /pets", TRUE, 3),
    "a read that needs a scope for writing": ("get /pets", WRITE_SCOPE, 3),
    "a read with either scope": ("get /pets", {"security": [{"o": ["a:write"]}, {"o": ["a:read"]}]}, 1),
    "a read whose path deletes": ("get /pets/{id}/delete", {}, 4),
    "a change": ("post /pets", {"operationId": "addPet"}, 3),
    "a change that is called harmless": ("post /pets", FALSE, 3),
    "a name that reads is not enough": ("post /pets", FIND, 3),
    "a scope that reads is not enough": ("post /pets", READ_SCOPE, 3),
    "a name and a scope that read": ("post /pets", FIND | READ_SCOPE, 1),
    "a name that reads, called harmless": ("post /pets", FIND | FALSE, 1),
    "called consequential after all": ("post /pets", FIND | READ_SCOPE | TRUE, 3),
    "a summary that deletes after all": ("post /pets", FIND | READ_SCOPE | {"summary": "Remove pets"}, 4),
    "a path that sends after all": ("post /pets/{id}/send", FIND | READ_SCOPE | FALSE, 4),
    "a path that updates after all": ("post /pets/update", FIND | READ_SCOPE | FALSE, 3),
    "no word lowers a put": ("put /pets", FIND | READ_SCOPE | FALSE, 3),
    "no word lowers a patch": ("patch /pets", FIND | READ_SCOPE | FALSE, 3),
    "no word lowers a delete": ("delete /pets", FIND | READ_SCOPE | FALSE, 4),
    "money": ("post /orders", {"operationId": "refundOrder"}, 4),
    "deprecated": ("get /pets", {"deprecated": True}, 1),
    "a star that nothing takes off": ("put /pets/{id}/star", {}, 3),
}


def weighed(value: object) -> list[Weighing]:
    """All operations, weighed."""
    found = read_operations(value, host=None)
    assert isinstance(found, Found)
    return [weigh(operation, Inverses(found.operations)) for operation in found.operations]


@pytest.mark.parametrize("case", CASES)
def test_tiers(case: str) -> None:
    """Method, path, name, summary, scopes and a vendor's word."""
    line, operation, tier = CASES[case]
    [found] = weighed(one(line, operation))
    assert found.standing.effect.tier == tier
    assert found.standing.because in found.evidence


def test_a_pair_for_small_things_is_reversible() -> None:
    """Where the word is one of those, and the document lists both."""
    found = weighed(document({"/pets/{id}/star": {"put": {}, "delete": {}}}))
    assert [weighing.standing.effect.tier for weighing in found] == [2, 2]
    assert all(weighing.inverse is not None and weighing.inverse.exact for weighing in found)


@pytest.mark.parametrize(
    ("name", "tier"), [("pets/remove-label", 2), ("removeLabel", 2), ("removeAllLabels", 4), ("banPet", 4)]
)
def test_a_delete_may_be_called_so(name: str, tier: int) -> None:
    """Taking one small thing off is no deletion because its name says what its method says."""
    off = {"operationId": name, "summary": "Remove a label"}
    found = weighed(
        document({"/issues/{id}/labels": {"post": {}}, "/issues/{id}/labels/{name}": {"delete": off}})
    )
    assert found[1].standing.effect.tier == tier


def test_a_label_of_its_own_is_a_thing() -> None:
    """Below what the document does not call an id, a label is deleted and not taken off."""
    labels = "/repos/{owner}/{repo}/labels"
    found = weighed(document({labels: {"post": {}}, f"{labels}/{{name}}": {"delete": {}}}))
    assert [int(weighing.standing.effect.tier) for weighing in found] == [3, 4]


@pytest.mark.parametrize("thing", ["members/{user}", "protection", "vulnerability-alerts", "lock"])
def test_a_pair_alone_lowers_nothing(thing: str) -> None:
    """The same shape of URL grants access and takes protection away."""
    found = weighed(document({f"/pets/{{id}}/{thing}": {"put": {}, "delete": {}}}))
    assert all(weighing.standing.effect.tier >= 3 for weighing in found)


@pytest.mark.parametrize(
    "line", ["post /graphql", "get /graphql", "post /sql", "post /db/query", "post /search"]
)
def test_payloads_that_say_more(line: str) -> None:
    """A rule by the path would keep them from being read."""
    [found] = weighed(one(line))
    assert found.by_payload


@pytest.mark.parametrize(
    ("line", "expected"), [("post /pets", False), ("post /graphql", True), ("post /v2/sql", True)]
)
def test_payloads_of_described_operations(line: str, expected: bool) -> None:
    """What the document calls a read is one, but for the paths at which payloads are operations."""
    [found] = weighed(one(line, FIND | READ_SCOPE))
    assert (int(found.standing.effect.tier), found.by_payload) == (1, expected)


def test_other_payloads_do_not() -> None:
    """Most paths take none that is an operation."""
    for line in ("get /pets", "post /pets", "delete /pets/{id}", "put /pets/{id}"):
        assert not weighed(one(line))[0].by_payload, line
