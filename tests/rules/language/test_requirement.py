"""What a value must be: every wrong operand has its cure."""

import pytest

from rules.language import requirement
from rules.language.requirement import Requirement
from tests.rules.language.test_rule_file import matching, refused

WRONG: dict[str, tuple[str, list[str]]] = {
    "no requirement": (
        "body: {a: {}}",
        ["match.body.a: it tests nothing; write a value or an operator such as `{exists: true}`"],
    ),
    "no value": (
        "body: {a: }",
        ["match.body.a: it tests nothing; write a value or an operator such as `{exists: true}`"],
    ),
    "a list for a value": (
        "body: {a: [b]}",
        ["match.body.a: a list is not one value; write `{in: [...]}` to allow several"],
    ),
    "a mapping in a list": (
        "body: {a: {in: [{b: 1}]}}",
        ["match.body.a.in[0]: a text, a number, true or false must stand here"],
    ),
    "an empty set": (
        "body: {a: {in: []}}",
        ["match.body.a.in: there is nothing in it; fill it or leave the key out"],
    ),
    "one for a set": ("body: {a: {in: b}}", ["match.body.a.in: must be a list, not `b`"]),
    "an order of texts": (
        "body: {a: {gt: '5'}}",
        ["match.body.a.gt: only numbers have an order; write a number"],
    ),
    "an order of truths": (
        "body: {a: {lte: true}}",
        ["match.body.a.lte: only numbers have an order; write a number"],
    ),
    "an empty range": (
        "body: {a: {gt: 5, lt: 3}}",
        ["match.body.a: no number is in these bounds; swap or widen them"],
    ),
    "a value of nothing": (
        "body: {a: {exists: false, eq: 1}}",
        ["match.body.a: what does not exist has no value; write `exists: false` alone"],
    ),
    "a word for a truth": (
        "body: {a: {exists: yes}}",
        ["match.body.a.exists: must be true or false, not `yes`"],
    ),
    "an unknown operator": (
        "body: {a: {greater: 1}}",
        ["match.body.a.greater: there is no such key here; did you mean `gte`?"],
    ),
    "a header's list": (
        "headers: {x-mode: {in: [a, 'b,c']}}",
        ["match.headers.x-mode: a header's value with a comma is a list; name one member of it"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requirements(name: str) -> None:
    """Every wrong requirement gives these lines and no others."""
    match, lines = WRONG[name]
    assert refused(matching(match)) == lines


def test_a_bare_value_means_equality() -> None:
    """Written short or long, it is the same."""
    assert Requirement.model_validate_json("5") == Requirement.model_validate_json('{"eq": 5}')


def test_every_operator_is_documented() -> None:
    """Each has its sentence in the source."""
    import inspect

    lines = [line.strip() for line in inspect.getsource(requirement).splitlines()]
    for name in Requirement.__annotations__:
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{name}:"))
        assert lines[at + 1].startswith('"""'), name
