"""Conditions in CEL: true or false only where every server reads the call in one way."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall, ToolCall
from rules.compile import compile_rules
from rules.matching.predicate import MAX_VALUES, read_predicate
from rules.matching.truth import Truth
from tests.rules.calls import from_rules, http, judged, tool

POST = "POST pay.test/v1/x"
SMALL = "body.amount < 100 && body.currency == 'usd'"

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

BODIES: dict[str, tuple[str, Any, Truth]] = {
    "it holds": (SMALL, {"amount": 5, "currency": "usd"}, TRUE),
    "a fraction below": (SMALL, {"amount": 99.99, "currency": "usd"}, TRUE),
    "the bound itself": (SMALL, {"amount": 100, "currency": "usd"}, FALSE),
    "another text": (SMALL, {"amount": 5, "currency": "eur"}, FALSE),
    "a text for a number": (SMALL, {"amount": "5", "currency": "usd"}, UNKNOWN),
    "a truth for a number": (SMALL, {"amount": True, "currency": "usd"}, UNKNOWN),
    "a list for a number": (SMALL, {"amount": [5], "currency": "usd"}, UNKNOWN),
    "null for a number": (SMALL, {"amount": None, "currency": "usd"}, UNKNOWN),
    "another letter case": (SMALL, {"amount": 5, "currency": "USD"}, UNKNOWN),
    "spaces around": (SMALL, {"amount": 5, "currency": " usd"}, UNKNOWN),
    "no amount": (SMALL, {"currency": "usd"}, UNKNOWN),
    "no amount, but another currency": (SMALL, {"currency": "eur"}, FALSE),
    "a name that looks alike": (SMALL, {"Amount": 500, "currency": "usd"}, UNKNOWN),
    "one with a space": (SMALL, {"amount": 5, "currency": "usd", "x": [{"amount ": 500}]}, UNKNOWN),
    "one further down": (SMALL, {"amount": 5, "currency": "usd", "x": [{"AMOUNT": 500}]}, UNKNOWN),
    "a look-alike value elsewhere": (SMALL, {"amount": 5, "currency": "usd", "x": [{"y": "USD"}]}, UNKNOWN),
    "a truth among numbers": ("body.live == true", {"live": True, "x": 1}, UNKNOWN),
    "an equal truth elsewhere": ("body.live == true", {"live": True, "x": [True, 2]}, TRUE),
    "the whole beside a member": ("body.a == 1 && size(body) == 2", {"a": 1, "b": 3}, TRUE),
    "a member by its text": ("body['a'] == 1 && !has(body.b)", {"a": 1, "c": {"d": [3]}}, TRUE),
    "any member": ("body.exists(name, name == 'live')", {"live": "y", "x": 2}, TRUE),
    "too many values": (SMALL, {"amount": 5, "currency": "usd", "x": [0] * MAX_VALUES}, UNKNOWN),
    "too long a text": (SMALL, {"amount": 5, "currency": "usd", "x": "x" * 70_000}, UNKNOWN),
    "a form": (SMALL, "amount=5&currency=usd", UNKNOWN),
    "bytes": (SMALL, b"?", UNKNOWN),
    "no body": (SMALL, None, UNKNOWN),
    "a list": (SMALL, [1], UNKNOWN),
    "true": ("body.live == true", {"live": True}, TRUE),
    "false": ("body.live == true", {"live": False}, FALSE),
    "a word for true": ("body.live == true", {"live": "yes"}, UNKNOWN),
    "any word": ("body.live == true", {"live": "maybe"}, UNKNOWN),
    "one for true": ("body.live == true", {"live": 1}, UNKNOWN),
    "a word beside a text": ("body.live == true && body.a == 'a'", {"live": "on", "a": "a"}, UNKNOWN),
    "below zero": ("body.a == -5 || body.b == 'b'", {"a": "-5", "b": "c"}, UNKNOWN),
    "absent": ("!has(body.force)", {"a": 1}, TRUE),
    "absent without a body": ("!has(body.force)", None, TRUE),
    "present": ("!has(body.force)", {"force": "x"}, FALSE),
    "present as null": ("!has(body.force)", {"force": None}, UNKNOWN),
    "present by another look": ("!has(body.force)", {"FORCE": 1}, UNKNOWN),
    "absent in a form": ("!has(body.force)", "a=1", TRUE),
    "a list in a form": ("!has(body.force)", "force[]=1", UNKNOWN),
    "a nested name in a form": ("!has(body.force)", "a[force]=1", UNKNOWN),
    "a field of a form": ("body.a == 'x'", "a=x&b=y", TRUE),
    "a field twice": ("body.a == 'x'", "a=x&a=x", UNKNOWN),
    "who has and who is compared": ("has(body.note) && body.amount < 100", {"note": "x", "amount": 1}, TRUE),
    "every element": ("body.to.all(a, a.endsWith('@ours.test'))", {"to": ["a@ours.test"]}, TRUE),
    "one element": ("body.to.all(a, a.endsWith('@ours.test'))", {"to": ["a@ours.test", "b@b.test"]}, FALSE),
    "an element by its look": ("body.to.all(a, a.endsWith('@ours.test'))", {"to": ["a@OURS.test"]}, UNKNOWN),
    "no element by its name": ("body.to.all(a, a.endsWith('@ours.test'))", {}, UNKNOWN),
    "much to do": ("body.a.all(x, body.a.all(y, x <= 1 || y <= 1))", {"a": [1] * 1900}, UNKNOWN),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(name: str) -> None:
    """Missing, of another type, over a bound or open to two readings: unknown."""
    source, body, truth = BODIES[name]
    assert read_predicate(source).holds(http(POST, body)) is truth


REQUESTS: dict[str, tuple[str, HttpCall | ToolCall, Truth]] = {
    "a query": ("query.mode == 'test'", http(f"{POST}?mode=test"), TRUE),
    "beside another": ("query.mode == 'test'", http(f"{POST}?a=1&a=2&mode=test"), TRUE),
    "twice": ("query.mode == 'test'", http(f"{POST}?mode=test&mode=test"), UNKNOWN),
    "in the body too": ("query.mode == 'test'", http(f"{POST}?mode=test", {"mode": "live"}), UNKNOWN),
    "below a body that is not understood": ("query.mode == 'test'", http(f"{POST}?mode=test", b"?"), UNKNOWN),
    "by its look": ("query.mode == 'test'", http(f"{POST}?Mode=test"), UNKNOWN),
    "missing": ("query.mode == 'test'", http(POST), UNKNOWN),
    "a member of the query too": (SMALL, http(f"{POST}?amount=7", {"amount": 5, "currency": "usd"}), UNKNOWN),
    "a header": ("headers['x-mode'] == 'test'", http(POST, headers={"X-Mode": "test"}), TRUE),
    "a header that is a list": ("headers['x-mode'] == 'a'", http(POST, headers={"x-mode": "a, b"}), UNKNOWN),
    "a header by its look": ("headers['x-mode'] == 'a'", http(POST, headers={"x_mode": "a"}), UNKNOWN),
    "a header beyond ascii": ("headers['x-mode'] == 'a'", http(POST, headers={"x-mode": "\xe9"}), UNKNOWN),
    "a header that is not there": ("'x-mode' in headers", http(POST), FALSE),
    "a path": ("path.startsWith('/v1/') && method == 'POST'", http(POST), TRUE),
    "a path by its look": ("path.startsWith('/V1/')", http(POST), UNKNOWN),
    "a method by an override": (
        "method == 'POST'",
        http(POST, headers={"X-HTTP-Method-Override": "DELETE"}),
        UNKNOWN,
    ),
    "a host": ("host in ['pay.test', 'b.test']", http(POST), TRUE),
    "arguments": ("arguments.items.all(i, i.kind == 'a')", tool("s", "t", items=[{"kind": "a"}]), TRUE),
    "arguments without one": ("arguments.items.all(i, i.kind == 'a')", tool("s", "t", items=[{}]), UNKNOWN),
    "an argument of many digits": (
        "arguments.a <= 100.1",
        tool("s", "t", a=Decimal("100.10000000000000001")),
        UNKNOWN,
    ),
    "an argument of many bits": ("arguments.a < 5", tool("s", "t", a=-(2**70)), UNKNOWN),
    "an argument without utf-8": ("arguments.a == 'x'", tool("s", "t", a="\ud800"), UNKNOWN),
    "a tool": ("server == 's' && tool.startsWith('t')", tool("s", "t2"), TRUE),
    "a request asked for arguments": ("has(arguments.a)", http(POST), UNKNOWN),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(name: str) -> None:
    """The other variables, each with what servers read differently."""
    source, call, truth = REQUESTS[name]
    assert read_predicate(source).holds(call) is truth


REFUSED = {
    "half": ("body.a <", "it is no expression of cel: at line 1, column 9, mismatched input '<EOF>'"),
    "an unknown variable": ("body.a == b", "at line 1, column 11, undeclared reference to 'b'"),
    "a wrong type": ("method == 5", "at line 1, column 8, found no matching overload"),
    "no truth": ("body.a", "it is not true or false; write a comparison"),
    "no variable": ("1 == 1", "it asks nothing of a call; write one of host"),
    "two kinds": ("tool == 'a' && host == 'b'", "write two rules"),
    "query and body": ("query.a == 'b' && body.a == 'b'", "servers take a parameter from either"),
    "a credential": ("headers['authorization'] == 'x'", "is no header in lower case"),
    "capitals": ("headers['X-Mode'] == 'x'", "is no header in lower case"),
    "deep": ("(" * 60 + "body.a == 1" + ")" * 60, "recursion limit"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    """With the library's place where it found it."""
    source, message = REFUSED[name]
    with pytest.raises(ValueError, match=r"[a-z]") as caught:
        read_predicate(source)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_errors_have_their_place_in_the_file() -> None:
    """File, line and column of the key, and the place within the expression."""
    text = "version: 1\nrules:\n  - id: a\n    match: {host: a.test, cel: body.a < 1 +}\n    tier: 3\n"
    found = compile_rules([("f", text)])
    assert isinstance(found, tuple)
    assert str(found[0]).startswith("f:4:27: rules[0].match.cel: at character 12, `+` cannot be read")


def test_in_rules() -> None:
    """Unknown takes the higher tier: it adds a rule's, and keeps an alternative from lowering."""
    ruleset = from_rules(
        {"id": "a", "match": {"host": "pay.test"}, "tier": 3, "lower": [{"when": {"cel": SMALL}, "tier": 2}]},
        {"id": "b", "match": {"cel": "body.live == true"}, "tier": 4},
        {"id": "c", "match": {"cel": "arguments.depth > 5"}, "tier": 4},
    )
    small = {"amount": 5, "currency": "usd", "live": False}
    assert judged(http(POST, small), ruleset) == (2, "pass", "rule_lowered", "a")
    assert judged(http(POST, small | {"amount": 500}), ruleset) == (3, "hold", "rule", "a")
    assert judged(http(POST, small | {"amount": "5"}), ruleset) == (3, "hold", "rule_unknown", "a")
    assert judged(http(POST, small | {"live": True}), ruleset) == (4, "hold", "rule", "b")
    assert judged(http(POST, small | {"live": "true"}), ruleset) == (4, "hold", "rule_unknown", "b")
    assert judged(tool("s", "get", depth=6), ruleset) == (4, "hold", "rule", "c")


@pytest.mark.parametrize("match", ["{cel: \"tool == 'a'\", host: a.test}", "{tool: a, cel: has(body.b)}"])
def test_one_kind_of_call(match: str) -> None:
    """An expression on one kind cannot stand beside keys of the other."""
    found = compile_rules([("f", f"version: 1\nrules: [{{id: a, match: {match}, tier: 3}}]\n")])
    assert isinstance(found, tuple)
    assert "write two rules" in found[0].message


_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=False)
_VALUES = st.recursive(
    _SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=4), v, max_size=4)
)


@given(st.dictionaries(st.sampled_from(["a", "A", "b", "items"]) | st.text(max_size=3), _VALUES, max_size=5))
def test_no_arguments_make_it_raise(arguments: dict[str, Any]) -> None:
    """Hostile values give one of the three answers."""
    for source in ("arguments.a < 5.5 || arguments.b == 'x'", "arguments.items.exists(i, i.a in ['b'])"):
        assert read_predicate(source).holds(tool("s", "t", **arguments)) in Truth


@given(st.decimals(min_value=-1000, max_value=1000, allow_nan=False), st.integers(-(10**6), 10**6))
def test_order_is_that_of_decimals(value: Decimal, cents: int) -> None:
    """Where it answers, it answers exactly."""
    bound = Decimal(cents) / 100
    sign = "-" if bound < 0 else ""
    found = read_predicate(f"arguments.a < {sign}{abs(bound)}").holds(tool("s", "t", a=value))
    assert found in (UNKNOWN, TRUE if value < bound else FALSE)


@pytest.mark.parametrize(
    "beside",
    [Decimal("0.12345678901234567890"), 2**60, "\ud800", {"\ud800": 1}, [[{"A": 1}]]],
    ids=["digits", "integer", "text", "name", "look"],
)
def test_what_is_not_asked_for_is_checked(beside: Any) -> None:
    """Only what the expression names is given to the library, and all else has to be plain as well."""
    predicate = read_predicate("arguments.a == 1")
    assert predicate.holds(tool("s", "t", a=1, b="x")) is TRUE
    assert predicate.holds(tool("s", "t", a=1, b=beside)) is UNKNOWN
