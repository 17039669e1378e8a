"""The fields of a form: of the kind that a schema or a value says, and never more than either takes."""

from decimal import Decimal
from typing import Any

import pytest

from rules.form import MOST_FIELDS, Control, Field, fault, fields_of
from rules.request.strict_json import Json, parse

SCHEMA: Json = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "maxLength": 10, "description": "an address"},
        "kind": {"enum": ["note", "letter"]},
        "copies": {"type": "integer", "minimum": 1, "maximum": 5},
        "weight": {"type": "number", "minimum": Decimal("0.5")},
        "urgent": {"type": "boolean"},
        "more": {"type": "object"},
        "either": {"type": ["string", "null"]},
    },
    "required": ["to"],
    "additionalProperties": False,
}


def of(text: str, schema: Json = SCHEMA) -> dict[str, Field]:
    """The fields of an object, by their members."""
    return {field.member: field for field in fields_of(parse(text.encode()), schema)}


def test_what_a_schema_says() -> None:
    """Kinds, choices and bounds; what the call has stands first, and what it could have is empty."""
    found = of('{"copies": 2, "to": "ann"}')
    assert list(found) == ["copies", "to", "kind", "weight", "urgent"]
    copies, to, kind = found["copies"], found["to"], found["kind"]
    assert (copies.control, copies.least, copies.most) == (Control.WHOLE, "1", "5")
    assert (to.required, to.longest, to.about, to.shown) == (True, 10, "an address", "ann")
    assert (kind.control, kind.choices, kind.there, kind.shown) == (
        Control.CHOICE,
        ("note", "letter"),
        False,
        "",
    )
    assert (found["weight"].control, found["weight"].least) == (Control.NUMBER, "0.5")
    assert [copies.bounds, found["weight"].bounds, to.bounds] == ["whole, from 1 to 5", "from 0.5", ""]


def test_without_a_schema() -> None:
    """Kinds are those of the values; lists, objects and what is long have no field."""
    found = of('{"a": "x", "n": 12.50, "f": true, "l": [1], "o": {}, "none": null}', None)
    assert {name: field.control for name, field in found.items()} == {
        "a": Control.TEXT,
        "n": Control.NUMBER,
        "f": Control.FLAG,
    }
    assert found["n"].shown == "12.50"


def test_a_value_that_its_schema_does_not_take() -> None:
    """It is shown as it is: the reviewer changes what was asked for, not what should have been."""
    found = of('{"copies": "two", "kind": "telegram"}')
    assert (found["copies"].control, found["copies"].shown) == (Control.TEXT, "two")
    assert (found["kind"].control, found["kind"].shown) == (Control.TEXT, "telegram")


READ: dict[str, tuple[str, str, Json]] = {
    "text": ("to", "bob", "bob"),
    "digits stay": ("weight", "7.30", Decimal("7.30")),
    "whole": ("copies", " 3 ", 3),
    "flag": ("urgent", "true", True),
    "choice": ("kind", "letter", "letter"),
}
WRONG: dict[str, tuple[str, str, str]] = {
    "too long": ("to", "x" * 11, "at most 10 characters"),
    "no number": ("weight", "much", "has to be a number"),
    "a text of a number": ("weight", '"1"', "has to be a number"),
    "not whole": ("copies", "1.5", "has to be a whole number"),
    "too few": ("copies", "0", "at least 1"),
    "too many": ("copies", "6", "at most 5"),
    "a flag for a number": ("copies", "true", "has to be a whole number"),
    "no flag": ("urgent", "1", "has to be true or false"),
    "no choice": ("kind", "telegram", "has to be one of its choices"),
}


@pytest.mark.parametrize(("name", "text", "expected"), READ.values(), ids=READ)
def test_reading(name: str, text: str, expected: Json) -> None:
    """Exactly what was written."""
    value = of("{}")[name].read(text)
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(("name", "text", "words"), WRONG.values(), ids=WRONG)
def test_what_a_field_does_not_take(name: str, text: str, words: str) -> None:
    """In words for people, with the member's name."""
    with pytest.raises(ValueError, match=words):
        of("{}")[name].read(text)


FAULTS: dict[str, tuple[dict[str, Json], str | None]] = {
    "nothing changed": ({"to": "ann", "copies": 9}, None),
    "another value": ({"to": "bob", "copies": 9}, None),
    "beyond a bound": ({"to": "ann", "copies": 8}, "at most 5"),
    "a member that it does not take": ({"to": "ann", "copies": 9, "x": 1}, "takes no `x`"),
    "a member that it needs": ({"copies": 9}, "needs `to`"),
    "what its schema says nothing single of": ({"to": "ann", "copies": 9, "either": None}, None),
}


@pytest.mark.parametrize(("after", "words"), FAULTS.values(), ids=FAULTS)
def test_changes(after: dict[str, Json], words: str | None) -> None:
    """What the agent itself asked for against the schema is no fault of the change."""
    found = fault({"to": "ann", "copies": 9}, after, SCHEMA)
    assert (found is None) if words is None else (words in (found or ""))


@pytest.mark.parametrize(
    "schema",
    [
        *(None, [], "x", {"properties": []}, {"properties": {"to": 1}}),
        *({"properties": {"to": {"enum": [1, {}]}}},),
        {"properties": {"to": {"type": "string", "maxLength": True}}, "required": "to"},
    ],
    ids=["none", "a list", "a text", "no properties", "no property", "odd choices", "odd bounds"],
)
def test_schemas_that_are_none(schema: Any) -> None:
    """A vendor may have written anything: the fields are those of the values."""
    found = of('{"to": "ann"}', schema)
    assert (found["to"].control, found["to"].shown) == (Control.TEXT, "ann")
    assert fault({"to": "ann"}, {"to": "bob"}, schema) is None


def test_there_is_an_end_to_them() -> None:
    """The rest is in the JSON."""
    assert len(fields_of({f"m{n}": n for n in range(MOST_FIELDS + 5)})) == MOST_FIELDS
    assert fields_of([1]) == []
