"""Conditions on a call's values: where they look, and when they hold, do not hold, or cannot be decided."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall, ToolCall
from rules.matching.condition import Check, Condition, Operand, Operator
from rules.matching.reading import Gap, Plain, Source, readings
from rules.matching.truth import Truth, negate
from rules.request.strict_json import Json
from tests.rules.calls import calls, http

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE

type Checks = dict[str, Any]


def condition(source: Source, path: str, checks: Checks) -> Condition:
    """A condition as the rules file writes it, always with an operator."""
    steps = (path,) if source is Source.HEADERS else tuple(path.split("."))
    return Condition(
        source=source,
        steps=steps,
        checks=tuple(
            Check(operator=Operator(name), operands=tuple(o) if isinstance(o, list) else (o,))
            for name, o in checks.items()
        ),
    )


def on_body(body: object, path: str, checks: Checks) -> Truth:
    """Whether a condition on the body holds for a POST with `body`."""
    return condition(Source.BODY, path, checks).holds(http("POST pay.test/", body))


def on_query(query: str, path: str, checks: Checks) -> Truth:
    """Whether a condition on the query holds for a GET with `query`."""
    return condition(Source.QUERY, path, checks).holds(http(f"GET pay.test/?{query}"))


JSON_CASES: dict[str, tuple[object, str, Checks, Truth]] = {
    "equal numbers": ({"a": 5}, "a", {"eq": 5}, T),
    "equal numbers, spelled apart": ({"a": 5.0}, "a", {"eq": 5}, T),
    "other numbers": ({"a": 6}, "a", {"eq": 5}, F),
    "exact decimals": ({"a": 0.1}, "a", {"eq": Decimal("0.1")}, T),
    "just over": ({"a": 100.00000000000001}, "a", {"gt": 100}, T),
    "greater": ({"a": 101}, "a", {"gt": 100}, T),
    "not greater": ({"a": 100}, "a", {"gt": 100}, F),
    "greater or equal": ({"a": 100}, "a", {"gte": 100}, T),
    "less": ({"a": -1}, "a", {"lt": 0}, T),
    "not less": ({"a": 0}, "a", {"lt": 0}, F),
    "less or equal": ({"a": 0}, "a", {"lte": 0}, T),
    "in a range": ({"a": 50}, "a", {"gt": 0, "lte": 100}, T),
    "above a range": ({"a": 500}, "a", {"gt": 0, "lte": 100}, F),
    "equal text": ({"a": "usd"}, "a", {"eq": "usd"}, T),
    "other text": ({"a": "eur"}, "a", {"eq": "usd"}, F),
    "text in capitals": ({"a": "USD"}, "a", {"eq": "usd"}, U),
    "text with a space": ({"a": "usd "}, "a", {"eq": "usd"}, U),
    "text in wide letters": ({"a": "\uff55sd"}, "a", {"eq": "usd"}, U),
    "a member of a set": ({"a": "b"}, "a", {"in": ["a", "b"]}, T),
    "not a member": ({"a": "c"}, "a", {"in": ["a", "b"]}, F),
    "nearly a member": ({"a": "B"}, "a", {"in": ["a", "b"]}, U),
    "outside a set": ({"a": "c"}, "a", {"not_in": ["a", "b"]}, T),
    "inside a set": ({"a": "a"}, "a", {"not_in": ["a", "b"]}, F),
    "nearly outside": ({"a": "A"}, "a", {"not_in": ["a", "b"]}, U),
    "a set of several types": ({"a": "b"}, "a", {"in": [1, "b"]}, T),
    "not equal": ({"a": "eur"}, "a", {"ne": "usd"}, T),
    "equal after all": ({"a": "usd"}, "a", {"ne": "usd"}, F),
    "equal truths": ({"a": True}, "a", {"eq": True}, T),
    "other truths": ({"a": False}, "a", {"eq": True}, F),
    "a truth is no number": ({"a": True}, "a", {"eq": 1}, U),
    "a truth has no order": ({"a": True}, "a", {"gt": 0}, U),
    "a number is no truth": ({"a": 1}, "a", {"eq": True}, U),
    "text is no number": ({"a": "5"}, "a", {"eq": 5}, U),
    "text has no order": ({"a": "500"}, "a", {"gt": 100}, U),
    "a number is no text": ({"a": 5}, "a", {"eq": "5"}, U),
    "null is no value": ({"a": None}, "a", {"eq": 5}, U),
    "null has no order": ({"a": None}, "a", {"gt": 5}, U),
    "null may count as absent": ({"a": None}, "a", {"exists": True}, U),
    "null may count as present": ({"a": None}, "a", {"exists": False}, U),
    "a list is not its element": ({"a": [5]}, "a", {"eq": 5}, U),
    "an object is no value": ({"a": {"$ne": 5}}, "a", {"eq": 5}, U),
    "an object exists": ({"a": {}}, "a", {"exists": True}, T),
    "there": ({"a": 1}, "a", {"exists": True}, T),
    "there though it should not be": ({"a": 1}, "a", {"exists": False}, F),
    "missing": ({}, "a", {"exists": True}, F),
    "missing as it should be": ({}, "a", {"exists": False}, T),
    "missing and compared": ({}, "a", {"eq": 5}, F),
    "missing and ordered": ({}, "a", {"lte": 5}, F),
    "missing and listed": ({}, "a", {"in": [5]}, F),
    "missing may get any default": ({}, "a", {"ne": 5}, U),
    "missing may get an unlisted default": ({}, "a", {"not_in": [5]}, U),
    "a name in capitals": ({"A": 5}, "a", {"eq": 5}, U),
    "a name in capitals, missing or false": ({"A": 6}, "a", {"eq": 5}, F),
    "a hidden character in the name": ({"a\u200b": 5}, "a", {"exists": True}, U),
    "nested": ({"a": {"b": {"c": 5}}}, "a.b.c", {"eq": 5}, T),
    "nested and missing": ({"a": {"b": {}}}, "a.b.c", {"exists": True}, F),
    "missing further up": ({"a": {}}, "a.b.c", {"exists": True}, F),
    "through a scalar": ({"a": 5}, "a.b", {"exists": True}, U),
    "through null": ({"a": None}, "a.b", {"exists": True}, U),
    "through a list by name": ({"a": [{"b": 5}]}, "a.b", {"eq": 5}, U),
    "a batch at the top": ([{"a": 5}], "a", {"eq": 5}, U),
    "by position": ({"a": [4, 5]}, "a.1", {"eq": 5}, T),
    "by a position that is not there": ({"a": [4]}, "a.1", {"exists": True}, F),
    "by position in an object": ({"a": {"1": 5}}, "a.1", {"eq": 5}, T),
    "every element": ({"a": [5, 5]}, "a.*", {"eq": 5}, T),
    "one element": ({"a": [4, 5]}, "a.*", {"eq": 5}, U),
    "no element": ({"a": [3, 4]}, "a.*", {"eq": 5}, F),
    "of no elements at all": ({"a": []}, "a.*", {"eq": 5}, F),
    "elements of no list": ({"a": 5}, "a.*", {"eq": 5}, U),
    "every member": ({"a": {"x": 5, "y": 5}}, "a.*", {"eq": 5}, T),
    "of no members": ({"a": {}}, "a.*", {"exists": True}, F),
    "members of elements": ({"a": [{"b": 5}, {"b": 5}]}, "a.*.b", {"eq": 5}, T),
    "a member that one element lacks": ({"a": [{"b": 5}, {}]}, "a.*.b", {"eq": 5}, U),
    "no body": (None, "a", {"exists": True}, F),
    "no body, as it should be": (None, "a", {"exists": False}, T),
    "an opaque body": (b"?", "a", {"exists": True}, U),
    "an opaque body compared": (b"?", "a", {"eq": 5}, U),
    "an opaque body that should lack it": (b"?", "a", {"exists": False}, U),
    "a scalar document": (5, "a", {"eq": 5}, U),
}


@pytest.mark.parametrize("name", JSON_CASES)
def test_json_bodies(name: str) -> None:
    """Exact values decide; other types, spellings and shapes are a doubt."""
    body, path, checks, truth = JSON_CASES[name]
    assert on_body(body, path, checks) is truth


PLAIN_CASES: dict[str, tuple[str, str, Checks, Truth]] = {
    "text": ("a=usd", "a", {"eq": "usd"}, T),
    "a plain number": ("a=100", "a", {"lte": 100}, T),
    "a plain decimal": ("a=100.01", "a", {"lte": 100}, F),
    "a negative number": ("a=-1", "a", {"gt": 0}, F),
    "number text as text": ("a=100", "a", {"eq": "100"}, T),
    "an exponent": ("a=1e9", "a", {"gt": 100}, U),
    "a leading zero": ("a=0100", "a", {"lte": 100}, U),
    "a plus": ("a=%2B5", "a", {"lte": 100}, U),
    "a space": ("a=+5", "a", {"lte": 100}, U),
    "a thousands separator": ("a=1,000", "a", {"lte": 100}, U),
    "digits of another script": ("a=%D9%A1", "a", {"lte": 100}, U),
    "very many digits": (f"a={'9' * 65}", "a", {"gt": 100}, U),
    "infinity": ("a=Infinity", "a", {"gt": 100}, U),
    "not a number": ("a=NaN", "a", {"gt": 100}, U),
    "empty": ("a=", "a", {"gt": 100}, U),
    "empty exists": ("a=", "a", {"exists": True}, T),
    "a plain truth": ("a=true", "a", {"eq": True}, T),
    "the other truth": ("a=false", "a", {"eq": True}, F),
    "another word for a truth": ("a=1", "a", {"eq": True}, U),
    "twice the same": ("a=5&a=5", "a", {"eq": 5}, T),
    "twice and different": ("a=5&a=6", "a", {"eq": 5}, U),
    "twice and wrong": ("a=7&a=6", "a", {"eq": 5}, F),
    "a name in capitals": ("A=5", "a", {"eq": 5}, U),
    "a list's name": ("a[]=5", "a", {"eq": 5}, U),
    "brackets": ("a[b]=5", "a.b", {"eq": 5}, T),
    "dots": ("a.b=5", "a.b", {"eq": 5}, T),
    "both": ("a.b=5&a[b]=6", "a.b", {"eq": 5}, U),
    "deep brackets": ("a[0][b]=5", "a.0.b", {"eq": 5}, T),
    "any element": ("a[0]=5&a[1]=5", "a.*", {"eq": 5}, T),
    "elements without brackets": ("a=5", "a.*", {"eq": 5}, U),
    "elements with empty brackets": ("a[]=5", "a.*", {"eq": 5}, U),
    "broken brackets are not the name": ("a]=5", "a", {"eq": 5}, U),
    "brackets and dots mixed": ("a.b[c]=5", "a.b.c", {"eq": 5}, U),
    "missing": ("b=5", "a", {"exists": True}, F),
    "nothing": ("", "a", {"exists": False}, T),
}


@pytest.mark.parametrize("name", PLAIN_CASES)
def test_queries_and_forms(name: str) -> None:
    """Queries and forms are read alike; text that is plainly a number compares as one."""
    text, path, checks, truth = PLAIN_CASES[name]
    assert on_query(text, path, checks) is truth
    assert on_body(text.replace("%D9%A1", "%d9%a1"), path, checks) is truth


HEADER_CASES: dict[str, tuple[dict[str, str], Checks, Truth]] = {
    "the value": ({"X-Mode": "fast"}, {"eq": "fast"}, T),
    "another value": ({"X-Mode": "slow"}, {"eq": "fast"}, F),
    "a number": ({"X-Mode": "5"}, {"lte": 5}, T),
    "missing": ({}, {"exists": True}, F),
    "there": ({"x-mode": ""}, {"exists": True}, T),
    "in a list": ({"x-mode": "slow, fast"}, {"eq": "fast"}, U),
    "not in a list": ({"x-mode": "slow, slower"}, {"eq": "fast"}, F),
    "outside a list": ({"x-mode": "slow, slower"}, {"ne": "fast"}, T),
    "twice": ({"x-mode": "fast", "X-Mode": "slow"}, {"eq": "fast"}, U),
    "an underscore": ({"x_mode": "fast"}, {"eq": "fast"}, U),
    "an underscore beside it": ({"x-mode": "fast", "x_mode": "slow"}, {"eq": "fast"}, U),
    "letters outside ascii": ({"x-mode": "f\xe4st"}, {"eq": "fast"}, U),
    "letters outside ascii exist": ({"x-mode": "f\xe4st"}, {"exists": True}, U),
}


@pytest.mark.parametrize("name", HEADER_CASES)
def test_headers(name: str) -> None:
    """A header counts by name in any case; each member of a list is one of its readings."""
    headers, checks, truth = HEADER_CASES[name]
    call = http("GET pay.test/", headers=headers)
    assert condition(Source.HEADERS, "x-mode", checks).holds(call) is truth


@pytest.mark.parametrize(
    ("line", "body", "on_query", "on_body"),
    [
        ("POST pay.test/?a=5", None, T, U),
        ("POST pay.test/?a=5", {"a": 5}, T, T),
        ("POST pay.test/?a=5", {"a": 6}, U, U),
        ("POST pay.test/?a=5", "a=6", U, U),
        ("POST pay.test/", {"a": 5}, U, T),
        ("POST pay.test/", "a=5", U, T),
        ("POST pay.test/?a=5", b"?", U, U),
        ("POST pay.test/?a=5", {"b": 6}, T, U),
        ("POST pay.test/?a=5", [1], T, U),
    ],
)
def test_query_and_body_may_be_one(line: str, body: object, on_query: Truth, on_body: Truth) -> None:
    """Frameworks look a parameter up in both, so a value elsewhere is a doubt."""
    call = http(line, body)
    assert condition(Source.QUERY, "a", {"eq": 5}).holds(call) is on_query
    assert condition(Source.BODY, "a", {"eq": 5}).holds(call) is on_body


def test_sources_of_the_other_protocol() -> None:
    """An HTTP request has no arguments, a tool call nothing else."""
    call = ToolCall(server="s", tool="t", arguments={"a": {"b": 5}})
    assert condition(Source.ARGUMENTS, "a.b", {"eq": 5}).holds(call) is T
    assert condition(Source.BODY, "a", {"exists": True}).holds(call) is F
    assert condition(Source.ARGUMENTS, "a", {"exists": True}).holds(http("GET pay.test/?a=1")) is F


def test_all_checks_of_one_reading() -> None:
    """Several operators look at the same value: two values do not fill a range together."""
    assert on_query("a=-5&a=500", "a", {"gt": 0, "lte": 100}) is F


def test_readings_are_never_none() -> None:
    """There is always a reading, so that a condition never holds for want of one."""
    call = http("POST pay.test/", {"a": []})
    assert readings(call, Source.BODY, ("a", "*")) == [Gap.MISSING]
    assert readings(call, Source.QUERY, ("x",)) == [Gap.MISSING]
    assert readings(http("GET pay.test/?x=1"), Source.QUERY, ("x",)) == [Plain("1")]


OPERANDS: st.SearchStrategy[Operand] = st.sampled_from([0, 100, Decimal("1.5"), "usd", "", True, False])
NUMBERS: st.SearchStrategy[Operand] = st.sampled_from([0, 100, Decimal("1.5")])
WHERE = st.sampled_from(
    [
        (Source.QUERY, ("kind",)),
        (Source.BODY, ("amount",)),
        (Source.BODY, ("items", "*")),
        (Source.HEADERS, ("x-mode",)),
    ]
)
OPPOSITES = [
    (Operator.EQ, Operator.NE),
    (Operator.IN, Operator.NOT_IN),
    (Operator.GT, Operator.LTE),
    (Operator.GTE, Operator.LT),
]


@given(call=calls(), where=WHERE, opposites=st.sampled_from(OPPOSITES), data=st.data())
def test_opposites_are_never_both_sure(
    call: HttpCall,
    where: tuple[Source, tuple[str, ...]],
    opposites: tuple[Operator, Operator],
    data: st.DataObject,
) -> None:
    """If one test holds, its opposite does not; if one cannot be decided, the other does not hold."""
    operand = data.draw(OPERANDS if opposites[0] in (Operator.EQ, Operator.IN) else NUMBERS)
    one, other = (
        Condition(source=where[0], steps=where[1], checks=(Check(operator=o, operands=(operand,)),)).holds(
            call
        )
        for o in opposites
    )
    assert one is negate(other) or {one, other} <= {F, U}


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        ({"a": {"b": 5}}, Truth.TRUE),
        ({"a": {"b": 6}}, Truth.FALSE),
        ({"a": {"B": 5}}, Truth.UNKNOWN),
        ({"a": 5}, Truth.UNKNOWN),
        ({}, Truth.FALSE),
        (None, Truth.UNKNOWN),
    ],
)
def test_a_value_that_stands_by_itself(value: Json, truth: Truth) -> None:
    """An answer is read as a body is."""
    check = Check(operator=Operator.EQ, operands=(5,))
    condition = Condition(source=Source.BODY, steps=("a", "b"), checks=(check,))
    assert condition.holds_in(value) is truth
