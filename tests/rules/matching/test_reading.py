"""Where a condition finds its value: every reading that some server could have, and no other."""

from typing import Any

import pytest

from rules.call import ToolCall
from rules.matching.reading import Gap, Source, readings
from tests.rules.calls import http

MISSING, UNREADABLE = Gap.MISSING, Gap.UNREADABLE


def of_body(body: object, path: str) -> list[Any]:
    """What stands at `path` in the body of a POST."""
    return readings(http("POST pay.test/", body), Source.BODY, tuple(path.split(".")))


def of_query(query: str, path: str) -> list[Any]:
    """What stands at `path` in the query of a GET."""
    return readings(http(f"GET pay.test/?{query}"), Source.QUERY, tuple(path.split(".")))


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        ({"a": 1}, "a", [1]),
        ({"a": {"b": None}}, "a.b", [None]),
        ({"a": [1, 2]}, "a.*", [1, 2]),
        ({"a": [1, 2]}, "a.1", [2]),
        ({"a": [1, 2]}, "a.2", [MISSING]),
        ({"a": {"x": 1, "y": 2}}, "a.*", [1, 2]),
        ({"a": []}, "a.*", [MISSING]),
        ({}, "a", [MISSING]),
        ({"A": 1}, "a", [MISSING, 1]),
        ({"a ": 1}, "a", [MISSING, 1]),
        ({"a": 5}, "a.b", [UNREADABLE]),
        (b"\x00\xff", "a", [UNREADABLE]),
        (None, "a", [MISSING]),
    ],
)
def test_body(body: object, path: str, found: list[Any]) -> None:
    """The members of a JSON body; a name in other capitals may be the same to the server."""
    assert of_body(body, path) == found


@pytest.mark.parametrize(
    ("query", "path", "found"),
    [
        ("a=1", "a", ["1"]),
        ("a=1&a=2", "a", ["1", "2"]),
        ("a[b]=1", "a.b", ["1"]),
        ("a.b=1", "a.b", ["1"]),
        ("to[]=x", "to.*", [MISSING, "x"]),
        ("to=x", "to.*", [MISSING, "x"]),
        ("b=1", "a", [MISSING]),
        ("a+=1", "a", [MISSING, "1"]),
        ("", "a", [MISSING]),
    ],
)
def test_query(query: str, path: str, found: list[Any]) -> None:
    """Every value of a name; brackets and dots spell the same path."""
    assert of_query(query, path) == found


def test_a_parameter_may_stand_in_query_or_body() -> None:
    """Many frameworks look in both, so both are readings."""
    call = http("POST pay.test/?amount=5", {"amount": 7})
    assert readings(call, Source.BODY, ("amount",)) == [7, "5"]
    assert readings(call, Source.QUERY, ("amount",)) == ["5", 7]


def test_arguments_of_a_tool_call() -> None:
    """They are read like JSON; an HTTP call has none, and a tool call has no query."""
    call = ToolCall(server="mail", tool="send", arguments={"to": ["a", "b"]})
    assert readings(call, Source.ARGUMENTS, ("to", "*")) == ["a", "b"]
    assert readings(call, Source.QUERY, ("to",)) == [MISSING]
    assert readings(http("GET pay.test/"), Source.ARGUMENTS, ("to",)) == [MISSING]
