"""What of a server's answers reaches the agent."""

from typing import Any

from rules.mcp.message import Failure, Request, Result
from rules.mcp.passing import answer_for

_OWN = ["sidegate_await", "sidegate_status", "sidegate_cancel"]


def test_lists_get_our_tools_and_other_answers_stay() -> None:
    """Only the answer to `tools/list` is a list of tools."""
    result = Result(id=1, result={"tools": []})
    listed: Any = answer_for(Request(id=1, method="tools/list"), result, widened=False)
    assert [tool["name"] for tool in listed.result["tools"]] == [
        "sidegate_await",
        "sidegate_status",
        "sidegate_cancel",
    ]
    assert answer_for(Request(id=1, method="tools/call"), result, widened=False) is result


def test_a_session_of_an_unknown_version_does_not_begin() -> None:
    """Nobody here could read what follows."""
    known = Result(id=1, result={"protocolVersion": "2025-06-18"})
    unknown = Result(id=1, result={"protocolVersion": "3000-01-01"})
    begin = Request(id=1, method="initialize")
    assert answer_for(begin, known, widened=False) is known
    assert isinstance(answer_for(begin, unknown, widened=False), Failure)


def test_errors_pass() -> None:
    """They are the server's word."""
    failure = Failure(id=1, code=-1, message="m")
    assert answer_for(Request(id=1, method="tools/list"), failure, widened=False) is failure
