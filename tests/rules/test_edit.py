"""What a reviewer may change of a held call, and that no change makes it milder."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.action import Action, Principal
from rules.call import ToolCall
from rules.edit import Edited, Uneditable, edit, editable, written
from rules.hold import Hold
from rules.mcp.action import ToolAction, bind_tool
from rules.request.strict_json import Json, canonical
from rules.verdict import Tier
from tests.rules.calls import compiled
from tests.rules.test_decision import HOLD

RULES = compiled("""
rules:
  - id: small
    match: {host: bank.test, path: /pay}
    tier: 3
  - {id: large, match: {host: bank.test, body: {amount: {gt: 100}}}, tier: 4}
  - {id: never, match: {host: bank.test, body: {to: mallory}}, forbidden: true}
  - {id: tool, match: {server: bank}, tier: 3}
  - {id: much, match: {server: bank, arguments: {amount: {gt: 100}}}, tier: 4}
""")
ACTION = Action(
    method="POST",
    scheme="https",
    host="bank.test",
    port=443,
    target="/pay",
    fields=((b"Host", b"bank.test"), (b"Content-Type", b"application/json")),
    body=b'{"amount": 90.10, "to": "ann"}',
    principal=Principal(human="eve"),
)
TOOL = bind_tool(
    ToolCall(server="bank", tool="pay", arguments={"amount": 90, "to": "ann"}),
    Principal(agent="a"),
    place="https://bank.test/mcp",
    fields=((b"Mcp-Param-To", b"ann"), (b"X-Own", b"1")),
)


def hold(tier: Tier = Tier.EXTERNAL) -> Hold:
    """A hold of that tier."""
    return replace(HOLD, tier=tier)


def edited(action: Action | ToolAction, value: Json, tier: Tier = Tier.EXTERNAL) -> Edited:
    """A change that can be made."""
    found = edit(hold(tier), action, value, RULES)
    assert isinstance(found, Edited), found
    return found


def test_a_body_is_written_anew_and_nothing_else_is_touched() -> None:
    """With the digits that it has, and the members that differ."""
    found = edited(ACTION, {"amount": Decimal("9.10"), "to": "ann"})
    assert found.action == replace(ACTION, body=b'{"amount":9.10,"to":"ann"}')
    assert [(one.path, one.before, one.after) for one in found.changes] == [("amount", "90.1", "9.1")]
    assert found.action.digest != ACTION.digest


def test_arguments_and_the_headers_that_repeat_them() -> None:
    """One that does not say what the arguments say any more is left to whoever sends it."""
    found = edited(TOOL, {"amount": 9, "to": "bob"})
    assert isinstance(found.action, ToolAction)
    assert found.action.arguments == {"amount": 9, "to": "bob"}
    assert found.action.fields == ((b"X-Own", b"1"),)
    assert edited(TOOL, {"amount": 9, "to": "ann"}).action.fields == TOOL.fields


@pytest.mark.parametrize("action", [ACTION, TOOL], ids=["http", "mcp"])
def test_the_tier_only_rises(action: Action | ToolAction) -> None:
    """By the rules of now, and never below what the agent asked for."""
    assert edited(action, {"amount": 9}).tier is Tier.EXTERNAL
    assert edited(action, {"amount": 900}).tier is Tier.HIGH_RISK
    assert edited(action, {"amount": 9}, Tier.HIGH_RISK).tier is Tier.HIGH_RISK


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from([Tier.EXTERNAL, Tier.HIGH_RISK]),
    st.sampled_from([ACTION, TOOL]),
)
def test_nothing_makes_it_milder(value: Json, tier: Tier, action: Action | ToolAction) -> None:
    """Whatever somebody writes there; and nothing makes it raise."""
    found = edit(hold(tier), action, value, RULES)
    assert isinstance(found, Uneditable) or found.tier >= tier


NOT: dict[str, tuple[Action | ToolAction, Json, str]] = {
    "no body": (replace(ACTION, body=b""), {}, "only a JSON body"),
    "a form": (
        replace(ACTION, fields=((b"Content-Type", b"application/x-www-form-urlencoded"),), body=b"a=1"),
        {},
        "only a JSON body",
    ),
    "broken json": (replace(ACTION, body=b"{"), {}, "only a JSON body"),
    "text": (replace(ACTION, fields=((b"Host", b"bank.test"),)), {}, "only a JSON body"),
    "the same": (ACTION, {"to": "ann", "amount": Decimal("90.1")}, "nothing in it is different"),
    "another kind of body": (ACTION, [1], "has to stay one"),
    "no object of arguments": (TOOL, [1], "an object"),
    "look-alike members": (ACTION, {"to": 1, "TO": 2}, "look alike"),
    "too large a number": (ACTION, {"amount": 2**53}, "beyond 2**53"),
    "a lone surrogate": (ACTION, {"to": "\ud800"}, "surrogate"),
    "what a rule forbids": (ACTION, {"to": "mallory"}, "rule"),
}


@pytest.mark.parametrize("name", NOT)
def test_what_cannot_be_changed_or_not_like_that(name: str) -> None:
    """It says why."""
    action, value, words = NOT[name]
    found = edit(hold(), action, value, RULES)
    assert isinstance(found, Uneditable)
    assert words in found.reason


SIGNING = (
    b"X-Hub-Signature-256",
    b"Signature-Input",
    b"Content-Digest",
    b"Digest",
    b"Content-MD5",
    b"x-amz-content-sha256",
    b"X-Goog-Hash",
    b"X-Checksum-SHA1",
)


@pytest.mark.parametrize("name", SIGNING)
def test_a_header_that_was_made_of_the_body(name: bytes) -> None:
    """With another body it would be a lie, and nobody here can make it anew."""
    found = editable(replace(ACTION, fields=(*ACTION.fields, (name, b"abc"))))
    assert isinstance(found, Uneditable)
    assert name.decode() in found.reason


def test_a_length_is_that_of_the_new_body() -> None:
    """In its place among the others."""
    told = replace(ACTION, fields=((b"content-length", b"%d" % len(ACTION.body)), *ACTION.fields))
    found = edited(told, {"amount": 1})
    assert found.action.fields == ((b"content-length", b"12"), *ACTION.fields)


def test_an_encoded_body_is_sent_plain() -> None:
    """The encoding was of the old bytes."""
    import gzip

    packed = gzip.compress(ACTION.body)
    encoded = replace(ACTION, body=packed, fields=(*ACTION.fields, (b"Content-Encoding", b"gzip")))
    found = edited(encoded, {"amount": 1})
    assert (found.action.fields, json.loads(found.action.body)) == (ACTION.fields, {"amount": 1})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.decimals(-9999, 9999, places=2),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc\u202e\n", max_size=3), inner)
        ),
        max_leaves=8,
    )
)
def test_what_is_written_for_people_is_read_back(value: Json) -> None:
    """To the last digit, in ASCII."""
    text = written(value)
    assert text.isascii()
    assert canonical(json.loads(text, parse_float=Decimal)) == canonical(value)
