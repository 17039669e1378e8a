"""Values of the right kind, and references."""

import pytest

from rules.openapi.flaw import Flaw
from rules.openapi.parts import Node, follow, mapping, of_kind, part

DOCUMENT: Node = {
    "a": {"$ref": "#/b~1c/x~0y"},
    "b/c": {"x~y": {"get": {}}},
    "loop": {"$ref": "#/loop"},
    "round": {"$ref": "#/about"},
    "about": {"$ref": "#/round"},
    "nowhere": {"$ref": "#/none"},
    "away": {"$ref": "other.yaml#/a"},
    "list": {"$ref": "#/items"},
    "items": [1],
    "number": {"$ref": 7},
}
WRONG = {
    "loop": "refers to itself",
    "round": "refers to itself",
    "nowhere": "leads nowhere",
    "away": "bundle the document",
    "list": "must be a mapping",
    "number": "must be text, not `7`",
}


def test_follows_references() -> None:
    """With the escapes of JSON pointers, and to the place of what was found."""
    assert follow(DOCUMENT, mapping(DOCUMENT, "a", at=()), at=("a",)) == ({"get": {}}, ("b/c", "x~y"))


@pytest.mark.parametrize("case", WRONG)
def test_hostile_references(case: str) -> None:
    """None leads round for ever, out of the file, or to what is no mapping."""
    with pytest.raises(Flaw) as caught:
        follow(DOCUMENT, mapping(DOCUMENT, case, at=()), at=(case,))
    assert WRONG[case] in caught.value.message


def test_kinds() -> None:
    """What is missing or empty is None; what is of another kind is a flaw at its place."""
    assert part({"a": None}, "a", str, at=()) is None
    assert mapping({}, "a", at=()) == {}
    for value, said in ((True, "`true`"), ([], "a list"), ({}, "a mapping"), (None, "empty")):
        with pytest.raises(Flaw, match=said):
            of_kind(value, str, at=())
