"""What of CEL the gate takes, and the cure for the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.matching.expression import read_expression

REFUSED = {
    "nothing": (" ", "an expression is 1 to 1000 characters"),
    "too much": ("body.a == 1 || " * 100 + "true", "an expression is 1 to 1000 characters"),
    "a sum": ("body.a + 1 < 5", "at character 8, `+ 1 < 5` cannot be read: nothing is computed"),
    "a difference": ("body.a - 5 < 1", "at character 8, nothing is computed"),
    "a map": ("body == {'a': 1}", "there are no maps here"),
    "a raw text": ("body.a == r'x'", "without back slashes and prefixes"),
    "an escape": (r"body.a == '\x41'", "without back slashes and prefixes"),
    "an open quote": ("body.a == 'x", "without back slashes and prefixes"),
    "another base": ("body.a < 0x10", "a number is written with digits"),
    "an exponent": ("body.a < 1e3", "a number is written with digits"),
    "another type": ("body.a < 5u", "a number is written with digits"),
    "many digits": ("body.a < 0.10000000000000000001", "more digits than are compared exactly"),
    "a large number": ("body.a < 9007199254740993", "more digits than are compared exactly"),
    "an unknown function": ("foo(body.a)", "at character 1, `foo` is no function here; write one of"),
    "a regular expression": ("body.a.matches('(a+)+$')", "`matches` is no function here"),
    "a conversion": ("dyn(body.a) == 1", "`dyn` is no function here"),
    "a name that the call brings": ("body[query.a] == 1", "there must stand one text or position"),
    "a computed name": ("body.all(k, body[k] == 1)", "there must stand one text or position"),
    "a statement": ("true; true", "at character 5, `; true` cannot be read"),
    "a comment": ("true // body", "cannot be read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    """Each with its place and cure."""
    source, message = REFUSED[name]
    with pytest.raises(ValueError, match=r"[a-z]") as caught:
        read_expression(source)
    assert message in str(caught.value)


def test_the_parts_of_an_expression() -> None:
    """Names are words behind a point and all texts; what only `has` asks for is not compared."""
    found = read_expression(
        "has(body.note) && -5 < body.items[0].size && headers['x-a'] in ['b', \"c\"] && !(body.live == true)"
    )
    assert found.variables == {"body", "headers"}
    assert found.names == {"note", "items", "size", "x-a", "b", "c", "live"}
    assert found.compared == found.names - {"note"}
    assert found.headers == {"x-a"}
    assert list(map(str, found.literals)) == ["-5", "0", "x-a", "b", "c", "True"]
    assert not found.within
    assert found.members == {"body": {"items", "live", "note"}, "headers": {"x-a"}}


def test_a_member_named_like_a_variable_is_none() -> None:
    """Only the root of a path is a variable."""
    assert read_expression("body.query.body == 'tool'").variables == {"body"}


@pytest.mark.parametrize(
    "source",
    ["size(body) == body.a", "body.exists(a, a == body.b)", "body == body.a", "body[0] == body.a"],
)
def test_what_is_asked_for_as_a_whole_has_no_members(source: str) -> None:
    """Then any part of it may make a difference."""
    assert not read_expression(source).members


@given(st.text(alphabet="body.a ()[]'\"<>=!&|?:,-_0159eux+{}\\\n\u00e9", max_size=60))
def test_no_text_raises_anything_else(source: str) -> None:
    """A wrong text gives a reason."""
    try:
        read_expression(source)
    except ValueError as error:
        assert str(error)  # noqa: PT017 (either outcome is right)
