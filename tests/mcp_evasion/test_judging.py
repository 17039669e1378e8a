"""What counts as an execution that the gate saw."""

import hashlib
import json
from typing import Any

import pytest

from rules.mcp.message import Request, write
from tests.mcp_evasion.judging import Witnessed, fault, read_witness, same


def _call(tool: str = "safe", **arguments: Any) -> bytes:
    params = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()


def _left(hold: str | None = None, **arguments: Any) -> Witnessed:
    request = Request(id=1, method="tools/call", params={"name": "safe", "arguments": arguments})
    return Witnessed(body=hashlib.sha256(write(request)).hexdigest(), hold=hold)


_SAFE = {"tool": "safe", "arguments": {"x": 1}}


@pytest.mark.parametrize(
    ("executed", "payload", "left", "why"),
    [
        (_SAFE, _call(x=1), [_left(x=1)], None),
        (_SAFE, _call(x=1), [], "no witness"),
        (_SAFE, _call(x=1), [_left("a hold", x=1)], "no witness"),
        (_SAFE, _call(x=2), [_left(x=2)], "another call"),
        (_SAFE, _call("danger", x=1), [_left(x=1)], "another call"),
        (_SAFE, b"[" + _call(x=1) + b"]", [_left(x=1)], "no call"),
        (
            {"tool": "danger", "arguments": {"x": 1}},
            _call("danger", x=1),
            [_left(x=1)],
            "without an approval",
        ),
        ({"tool": "pay", "arguments": {}}, _call("pay"), [_left()], "without an approval"),
    ],
    ids=["seen", "not witnessed", "held", "arguments", "tool", "batch", "danger", "pay"],
)
def test_an_execution_is_seen_if_exactly_it_was_read_and_left(
    executed: Any, payload: bytes, left: list[Witnessed], why: str | None
) -> None:
    """And was none that needs an approval."""
    found = fault(executed, payload, left=left)
    assert found is None if why is None else why in str(found)


@pytest.mark.parametrize(
    ("ran", "given", "equal"),
    [
        ({"x": 1}, {"x": 1}, True),
        ({"x": 100.0}, {"x": 100}, True),
        ({"x": 0}, {}, True),
        ({"x": 7}, {"x": "7"}, True),
        ({"x": 1}, {"x": 2}, False),
        ({"x": 1}, {"x": "one"}, False),
        ({"x": 1}, {}, False),
        ({"payee": "ada", "amount": 7}, {"payee": "ada", "amount": 8}, False),
        ({"x": 1}, None, False),
    ],
    ids=["same", "float", "default", "text", "other", "word", "missing", "amount", "none"],
)
def test_arguments_are_compared_as_servers_write_them_down(ran: Any, given: Any, equal: bool) -> None:
    """A server may fill in what is missing and read text as a number; nothing else."""
    assert same({"tool": "safe", "arguments": ran}, given) is equal


def test_the_witness_is_read_line_by_line() -> None:
    """Torn ends aside."""
    lines = ['{"body_sha256": "a", "hold": null}', "", '{"body_sha256": "b", "hold": "H"}']
    assert read_witness(lines) == [Witnessed(body="a", hold=None), Witnessed(body="b", hold="H")]
