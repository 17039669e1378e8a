"""What a server asks back, and what brings its question's state back."""

import pytest

from rules.mcp.continuing import ask_by_call, asks, state_brought, state_given
from rules.mcp.message import Members, Request
from rules.mcp.versions import VERSION_KEY
from rules.request.strict_json import Json


@pytest.mark.parametrize(
    ("result", "state"),
    [
        ({"resultType": "input_required", "requestState": "s"}, "s"),
        ({"resultType": "input_required"}, None),
        ({"resultType": "input_required", "requestState": ""}, None),
        ({"resultType": "input_required", "requestState": {"a": 1}}, None),
        ({"resultType": "complete", "requestState": "s"}, None),
        ({"requestState": "s"}, None),
    ],
    ids=["given", "none", "empty", "no text", "complete", "older"],
)
def test_states_that_a_server_gives(result: Members, state: str | None) -> None:
    """Only with a question."""
    assert state_given(result) == state


@pytest.mark.parametrize(("state", "found"), [("s", "s"), ("", None), (7, None), (None, None)])
def test_states_that_a_call_brings(state: Json, found: str | None) -> None:
    """Of the version that has them."""
    meta: Members = {VERSION_KEY: "2026-07-28"}
    params: Members = {"name": "pay", "requestState": state}
    assert state_brought(Request(id=1, method="tools/call", params=params | {"_meta": meta})) == found
    assert state_brought(Request(id=1, method="tools/call", params=params)) is None


def test_who_waits_apart_is_sent_to_the_call() -> None:
    """Its client would answer the wrong tool."""
    told = ask_by_call("H1")
    assert not asks(told)
    assert told["isError"] is True
    assert "H1" in str(told["content"])
