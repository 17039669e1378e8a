"""The binding of a tool call: what changes it, what does not, and what opens as one."""

import json
from dataclasses import replace
from typing import Any

import pytest

from rules.action import Principal
from rules.call import ToolCall
from rules.mcp.action import ToolAction, bind_tool, tool_fingerprint, unbind_tool
from rules.mcp.wire import read_message

_KEY = b"k" * 32
_CALL = ToolCall(server="bank", tool="pay", arguments={"to": "ada", "amount": 7})
_ACTION = bind_tool(_CALL, Principal(agent="a"), place="https://bank.example/mcp")


def _arguments(text: str) -> Any:
    message: Any = read_message(
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":%b}}' % text.encode()
    )
    return message.params["arguments"]


@pytest.mark.parametrize(
    "changes",
    [
        {"server": "other"},
        {"place": "https://other.example/mcp"},
        {"tool": "refund"},
        {"body": b'{"to":"eve","amount":7}'},
        {"principal": Principal(agent="b")},
    ],
    ids=["server", "place", "tool", "arguments", "principal"],
)
def test_every_part_is_bound(changes: dict[str, Any]) -> None:
    """Another one in any of them is another action."""
    other = replace(_ACTION, **changes)
    assert other.digest != _ACTION.digest
    assert tool_fingerprint(other, _KEY) != tool_fingerprint(_ACTION, _KEY)


def test_a_retry_in_another_spelling_has_the_same_fingerprint() -> None:
    """Order, white space and the digits of equal numbers make no other call; values and types do."""

    def fingerprint(text: str) -> str:
        call = ToolCall(server="bank", tool="pay", arguments=_arguments(text))
        return tool_fingerprint(bind_tool(call, Principal(), place="p"), _KEY)

    assert fingerprint('{"a":1.50,"b":[1]}') == fingerprint('{ "b":[1], "a":1.5}')
    assert fingerprint('{"a":1}') != fingerprint('{"a":"1"}')
    assert fingerprint('{"a":[1,2]}') != fingerprint('{"a":[2,1]}')


def test_a_binding_opens_as_the_action_that_it_was() -> None:
    """What was stored is what runs."""
    binding = json.loads(json.dumps(_ACTION.binding()))
    assert unbind_tool(binding, _ACTION.body) == _ACTION
    assert _ACTION.call == _CALL


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"tool": 7}, _ACTION.body),
        ({"protocol": "http"}, _ACTION.body),
        ({"version": True}, _ACTION.body),
        ({"extra": 1}, _ACTION.body),
        ({"principal": {"agent": "a", "root": "yes"}}, _ACTION.body),
        ({}, b'{"to":"eve","amount":7}'),
        ({}, b"[]"),
        ({}, b"\xff"),
    ],
    ids=["number", "protocol", "version", "more", "principal", "other arguments", "list", "bytes"],
)
def test_what_is_no_binding_does_not_open(changes: dict[str, Any], body: bytes) -> None:
    """Altered in any part, it is no action."""
    with pytest.raises(ValueError, match="stored action"):
        unbind_tool(_ACTION.binding() | changes, body)


def test_numbers_run_with_the_digits_that_were_approved() -> None:
    """Nothing rounds between the call and the bytes."""
    call = ToolCall(server="s", tool="t", arguments=_arguments('{"a":0.1000000000000000055,"b":1e3}'))
    action: ToolAction = bind_tool(call, Principal(), place="p")
    assert action.body == b'{"a":0.1000000000000000055,"b":1E+3}'
