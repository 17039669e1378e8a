"""Our own requests among an agent's, and what a hold keeps of a tool's answer."""

import asyncio
import json
import sys

import pytest

from proxy.mcp.calls import Calls, as_reply
from proxy.mcp.child import Child
from rules.mcp.message import Failure, Result

_PRINT = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


async def test_requests_are_ours_alone() -> None:
    """Their ids are not to be guessed, an answer is taken once, and other answers are left."""
    child = await Child.start([sys.executable, "-c", _PRINT])
    calls = Calls(child=child, meta={"x": 1})
    asked = asyncio.gather(calls.ask("tools/list", {"a": 2}))
    line = await anext(child.lines())
    assert isinstance(line, bytes)
    request = json.loads(line)
    assert (request["method"], request["params"]) == ("tools/list", {"a": 2, "_meta": {"x": 1}})
    assert not calls.answered(Result(id=1, result={}))
    answer = Result(id=request["id"], result={"tools": []})
    assert calls.answered(answer)
    assert (await asked)[0] == answer
    # A second one is nobody's, and not the agent's either.
    assert calls.answered(answer)
    await child.end()


async def test_what_is_lost_is_told() -> None:
    """Nobody waits for an answer that cannot come."""
    child = await Child.start([sys.executable, "-c", _PRINT])
    calls = Calls(child=child)
    asked = asyncio.gather(calls.ask("tools/list", {}), return_exceptions=True)
    await anext(child.lines())
    calls.end()
    assert isinstance((await asked)[0], ConnectionError)
    with pytest.raises(ConnectionError):
        calls.check()
    await child.end()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Result(id=7, result={}), 200),
        (Result(id=7, result={"isError": False}), 200),
        (Result(id=7, result={"isError": True}), 500),
        (Failure(id=7, code=-1, message="m"), 500),
    ],
    ids=["success", "no error", "error result", "error"],
)
def test_a_tool_that_says_that_it_failed_has_failed(answer: Result | Failure, status: int) -> None:
    """The id of the request that carried it is not kept."""
    reply = as_reply(answer)
    assert (reply.status, json.loads(reply.body)["id"]) == (status, 0)
