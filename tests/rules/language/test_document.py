"""Documents read into models: all problems at once, each with its place and cure."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator, model_validator

from rules.language.complaint import Faults, quote
from rules.language.document import Document, Problem, Strict, read, read_document
from tests.rules.messages import assert_well_worded


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


class Door(Strict):
    """An inner part."""

    port: Annotated[int, Field(ge=1, le=65535)]
    wait: float = 1.0
    colour: Colour = Colour.RED


class House(Strict):
    """A document of every kind of value."""

    version: Literal[1]
    name: Annotated[str, Field(min_length=2, max_length=9)] = "house"
    open: bool = False
    price: Annotated[Decimal, Field(gt=0, lt=100)] = Decimal(1)
    doors: tuple[Door, ...] = ()
    by_name: dict[str, Door] = Field(default_factory=dict)
    front: Door | None = None

    @field_validator("name")
    @classmethod
    def _no_dots(cls, name: str) -> str:
        if "." in name:
            raise ValueError(f"{quote(name)} has a dot; leave it out")
        return name

    @model_validator(mode="after")
    def _checks(self) -> "House":
        if len(self.doors) > 1:
            raise Faults({("doors", n): "one door is enough; drop it" for n in range(1, len(self.doors))})
        return self


def problems(text: str) -> list[str]:
    """The problems of a text, one line each."""
    found = read(House, text, file="house.yaml")
    return [str(problem) for problem in found] if isinstance(found, tuple) else []


def test_a_right_document() -> None:
    """Values arrive with their types: exact decimals, enums, tuples, nested parts."""
    text = (
        "version: 1\nprice: 12.10\nname: nest\n"
        "doors: [{port: 80, wait: 2}]\nby_name: {a: {port: 1, colour: blue}}\n"
    )
    house = read(House, text, file="house.yaml")
    assert house == House(
        version=1,
        price=Decimal("12.1"),
        name="nest",
        doors=(Door(port=80, wait=2.0),),
        by_name={"a": Door(port=1, colour=Colour.BLUE)},
    )


PROBLEMS: dict[str, tuple[str, list[str]]] = {
    "nothing at all": ("", ["house.yaml:1:1: version: the key is missing; add it"]),
    "a list": ("[1]", ["house.yaml:1:1: document: must be a mapping of keys to values, not a list"]),
    "a word": ("house", ["house.yaml:1:1: document: must be a mapping of keys to values, not `house`"]),
    "an unknown key": (
        "version: 1\nnmae: x\n",
        ["house.yaml:2:1: nmae: there is no such key here; did you mean `name`?"],
    ),
    "a key in capitals": (
        "version: 1\nDoors: []\n",
        ["house.yaml:2:1: Doors: there is no such key here; did you mean `doors`?"],
    ),
    "a key like no other": (
        "version: 1\ndoors:\n  - port: 1\n    qqq: 1\n",
        ["house.yaml:4:5: doors[0].qqq: there is no such key here; write one of `colour`, `port`, `wait`"],
    ),
    "an unknown key under a free name": (
        "version: 1\nby_name: {a: {port: 1, colr: red}}\n",
        ["house.yaml:2:24: by_name.a.colr: there is no such key here; did you mean `colour`?"],
    ),
    "an unknown key in an optional part": (
        "version: 1\nfront: {port: 1, wiat: 1}\n",
        ["house.yaml:2:18: front.wiat: there is no such key here; did you mean `wait`?"],
    ),
    "a missing key": (
        "version: 1\ndoors:\n  - wait: 1\n",
        ["house.yaml:3:5: doors[0].port: the key is missing; add it"],
    ),
    "a wrong choice": (
        "version: 1\ndoors: [{port: 1, colour: green}]\n",
        ["house.yaml:2:19: doors[0].colour: must be one of 'red' or 'blue', not `green`"],
    ),
    "too small": (
        "version: 1\ndoors: [{port: 0}]\n",
        ["house.yaml:2:10: doors[0].port: must be at least 1, not `0`"],
    ),
    "too great": (
        "version: 1\ndoors: [{port: 65536}]\nprice: 100\n",
        [
            "house.yaml:2:10: doors[0].port: must be at most 65535, not `65536`",
            "house.yaml:3:1: price: must be under 100, not `100`",
        ],
    ),
    "not over": ("version: 1\nprice: 0\n", ["house.yaml:2:1: price: must be over 0, not `0`"]),
    "text for a number": (
        "version: 1\ndoors: [{port: '80', wait: soon}]\n",
        [
            "house.yaml:2:10: doors[0].port: must be a whole number, not `80`",
            "house.yaml:2:22: doors[0].wait: must be a number, not `soon`",
        ],
    ),
    "a truth for a number": (
        "version: 1\ndoors: [{port: true}]\n",
        ["house.yaml:2:10: doors[0].port: must be a whole number, not `true`"],
    ),
    "a fraction for a whole number": (
        "version: 1\ndoors: [{port: 1.5}]\n",
        ["house.yaml:2:10: doors[0].port: must be a whole number, not `1.5`"],
    ),
    "a word for a truth": (
        "version: 1\nopen: yes\n",
        ["house.yaml:2:1: open: must be true or false, not `yes`"],
    ),
    "a number for text": ("version: 1\nname: 7\n", ["house.yaml:2:1: name: must be text, not `7`"]),
    "nothing for text": ("version: 1\nname:\n", ["house.yaml:2:1: name: must be text, not empty"]),
    "a mapping for text": (
        "version: 1\nname: {a: 1}\n",
        ["house.yaml:2:1: name: must be text, not a mapping"],
    ),
    "one for a list": ("version: 1\ndoors: 5\n", ["house.yaml:2:1: doors: must be a list, not `5`"]),
    "a list for a mapping": (
        "version: 1\nby_name: []\n",
        ["house.yaml:2:1: by_name: must be a mapping of keys to values, not a list"],
    ),
    "too short": (
        "version: 1\nname: a\n",
        ["house.yaml:2:1: name: must be at least 2 characters long, not `a`"],
    ),
    "too long": (
        "version: 1\nname: abcdefghij\n",
        ["house.yaml:2:1: name: must be at most 9 characters long, not `abcdefghij`"],
    ),
    "a version of the future": (
        "version: 2\n",
        ["house.yaml:1:1: version: must be one of 1, not `2`"],
    ),
    "a validator's own words": (
        "version: 1\nname: a.b\n",
        ["house.yaml:2:1: name: `a.b` has a dot; leave it out"],
    ),
    "several places from one validator": (
        "version: 1\ndoors:\n  - port: 1\n  - port: 2\n  - port: 3\n",
        [
            "house.yaml:4:5: doors[1]: one door is enough; drop it",
            "house.yaml:5:5: doors[2]: one door is enough; drop it",
        ],
    ),
    "yaml and model faults together, in file order": (
        "version: 1\nopen: 1\nname: 010\nname: b\nprice: -1\n",
        [
            "house.yaml:2:1: open: must be true or false, not `1`",
            "house.yaml:3:7: name: programs read this as different numbers, or not as one; "
            "write a plain decimal number, or quote it to mean text",
            "house.yaml:4:1: name: the key stands twice, first in line 3; keep one of them",
            "house.yaml:5:1: price: must be over 0, not `-1`",
        ],
    ),
    "an alias is said once": (
        "version: 1\ndoors: *x\n",
        ["house.yaml:2:8: doors: aliases (`*name`) are not read; write the value out"],
    ),
    "a syntax error stands alone": (
        "version: 2\nname: [\n",
        [
            "house.yaml:3:1: document: this is not yaml: expected the node content, "
            "but found '<stream end>'; often a quote, a bracket, a space after `:` or the indentation "
            "is wrong"
        ],
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems(name: str) -> None:
    """Every wrong document gives these lines and no others."""
    text, lines = PROBLEMS[name]
    assert problems(text) == lines


def test_places_for_further_checks() -> None:
    """A check beyond one part can say where the part stands, or what should hold it."""
    document = read_document(House, "version: 1\ndoors:\n  - port: 1\n", file="h.yaml")
    assert isinstance(document, Document)
    assert str(document.places.problem(("doors", 0, "port"), "no")) == "h.yaml:3:5: doors[0].port: no"
    assert str(document.places.problem(("doors", 0, "wait"), "no")) == "h.yaml:3:5: doors[0].wait: no"
    assert str(document.places.problem(("front", "port"), "no")) == "h.yaml:1:1: front.port: no"


_LINE = re.compile(r"f:[0-9]+:[0-9]+: [^\n]+")


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                "version: 1",
                "doors:",
                "  - port: 1",
                "   ",
                "name: x",
                "name: [",
                "front: {",
                "}",
                "*a",
                "\x00",
            ]
        ),
        max_size=6,
    ).map("\n".join)
)
def test_no_text_makes_it_raise(text: str) -> None:
    """Hostile text gives a model or problems of one line each."""
    found = read(House, text, file="f")
    for problem in found if isinstance(found, tuple) else ():
        assert isinstance(problem, Problem)
        assert _LINE.fullmatch(str(problem)), str(problem)
        assert problem.message[0] == "`" or problem.message[0].islower() or not problem.message[0].isalpha()


def test_the_words_are_house_words() -> None:
    """Every message of the tables is one lower-case line without a full stop."""
    for text, _ in PROBLEMS.values():
        found = read(House, text, file="f")
        assert isinstance(found, tuple)
        for problem in found:
            assert_well_worded(problem.message)
