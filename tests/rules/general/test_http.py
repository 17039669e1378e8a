"""Whole requests: what is added never lowers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall
from rules.general.effect import Effect
from rules.general.http import read_http
from rules.message import Message
from rules.normalize import normalize
from tests.rules.calls import http, message


@pytest.mark.parametrize(
    ("line", "effect"),
    [
        ("GET a.test/x", Effect.READ),
        ("HEAD a.test/x", Effect.READ),
        ("OPTIONS a.test/x", Effect.READ),
        ("POST a.test/x", Effect.CHANGE),
        ("PUT a.test/x", Effect.CHANGE),
        ("PATCH a.test/x", Effect.CHANGE),
        ("DELETE a.test/x", Effect.DELETION),
        ("PUT a.test/issues/7/labels", Effect.REVERSIBLE),
        ("DELETE a.test/issues/7/labels/x", Effect.REVERSIBLE),
        ("PATCH a.test/issues/7/labels", Effect.CHANGE),
    ],
)
def test_methods(line: str, effect: Effect) -> None:
    """Where the path says nothing, the method does."""
    assert read_http(http(line)).effect is effect


# AWS requests that name an operation: without one, adding it is what gives the call its meaning.
LINES = st.sampled_from(
    [
        "GET a.test/v1/x",
        "POST a.test/v1/x",
        "POST a.test/v1/search",
        "PUT a.test/issues/7/labels",
        "DELETE a.test/v1/x",
        "POST a.test/api/chat.delete",
        "POST ec2.amazonaws.com/?Action=DescribeX",
        "POST iam.amazonaws.com/?Action=DeleteX",
        "GET iam.amazonaws.com/?Action=DeleteX",
        "POST x.amazonaws.com/things",
    ]
)
NAMES = st.sampled_from(
    ["X-Amz-Target", "Action", "operation", "method", "X-HTTP-Method", "query", "dryRun", "requests", "x"]
)
VALUES = st.sampled_from(["S.GetX", "GetX", "DeleteX", "search", "GET", "DELETE", "true", "select 1", ""])


@given(line=LINES, name=NAMES, value=VALUES)
def test_a_header_more_never_lowers(line: str, name: str, value: str) -> None:
    """Whatever it is called and whatever it says."""
    _at_least(message(line), message(line, headers={name: value}))


@given(line=LINES, name=NAMES, value=VALUES)
def test_a_query_pair_more_never_lowers(line: str, name: str, value: str) -> None:
    """The same for the query."""
    mark = "&" if "?" in line else "?"
    _at_least(message(line), message(f"{line}{mark}{name}={value.replace(' ', '+')}"))


@given(line=LINES, name=NAMES, value=VALUES, form=st.booleans())
def test_a_body_member_more_never_lowers(line: str, name: str, value: str, form: bool) -> None:
    """The same for JSON and for forms."""
    if line.startswith("GET"):
        return
    before = message(line, "x=1" if form else {"x0": "1"})
    after = message(line, f"x=1&{name}1={value}" if form else {"x0": "1", name: value})
    _at_least(before, after)


def _at_least(before: Message, after: Message) -> None:
    first, second = normalize(before), normalize(after)
    if isinstance(first, HttpCall) and isinstance(second, HttpCall):
        assert read_http(second).effect.gravity >= read_http(first).effect.gravity
