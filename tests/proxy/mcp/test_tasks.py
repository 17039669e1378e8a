"""Held calls as tasks in a session, and taking them back."""

from pathlib import Path
from typing import Any

from rules.hold import Event, State
from rules.mcp.tasks import EXTENSION
from rules.mcp.versions import CAPABILITIES_KEY, VERSION_KEY
from rules.reviewer import Reviewer
from tests.proxy.mcp.talks import Talk, hold_id, talking, text

_REJECT = Event.REJECT
_OFFER = {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {"extensions": {EXTENSION: {}}}}


async def _pay(talk: Talk) -> dict[str, Any]:
    answer = await talk.ask("tools/call", name="pay", arguments={"amount": 7}, _meta=_OFFER)
    result: dict[str, Any] = answer["result"]
    return result


async def _get(talk: Talk, task: str, method: str = "tasks/get") -> dict[str, Any]:
    result: dict[str, Any] = (await talk.ask(method, taskId=task, _meta=_OFFER))["result"]
    return result


async def test_a_task_of_the_extension(redis_url: str, tmp_path: Path) -> None:
    """Working until it is decided, then completed with the tool's own result, however often it is asked."""
    async with talking(redis_url, tmp_path) as talk:
        made = await _pay(talk)
        assert (made["resultType"], made["status"]) == ("task", "working")
        task = made["taskId"]
        assert (await _get(talk, task))["status"] == "working"
        found = await talk.world.store.find(task.removeprefix("sg_"))
        assert found is not None
        await talk.world.approve(found)
        for _ in range(2):
            done = await _get(talk, task)
            while done["status"] == "working":
                done = await _get(talk, task)
            assert done["result"]["structuredContent"] == {"paid": 7}
            assert done["resultType"] == done["result"]["resultType"] == "complete"
    assert len(talk.executed) == 1


async def test_a_rejected_task_is_completed_with_the_refusal(redis_url: str, tmp_path: Path) -> None:
    """In the words for the model."""
    async with talking(redis_url, tmp_path) as talk:
        task = (await _pay(talk))["taskId"]
        found = await talk.world.store.find(task.removeprefix("sg_"))
        assert found is not None
        fields = talk.world.reviewing().decision(found, _REJECT, who=Reviewer(name="ada"), reason="no")
        await talk.world.store.step(found, _REJECT, fields=fields)
        done = await _get(talk, task)
        assert done["status"] == "completed"
        assert text(done["result"]).startswith("REJECTED")
    assert talk.executed == []


async def test_a_task_is_cancelled(redis_url: str, tmp_path: Path) -> None:
    """An empty answer, as the extension has it; then it stands as cancelled and the call is free again."""
    async with talking(redis_url, tmp_path) as talk:
        task = (await _pay(talk))["taskId"]
        assert await _get(talk, task, "tasks/update") == {"resultType": "complete"}
        assert await _get(talk, task, "tasks/cancel") == {"resultType": "complete"}
        assert (await _get(talk, task))["status"] == "cancelled"
        assert (await _pay(talk))["taskId"] != task


async def test_the_older_tasks(redis_url: str, tmp_path: Path) -> None:
    """Only for a call that asks for one; its result is waited for, and says whose it is."""
    async with talking(redis_url, tmp_path) as talk:
        await talk.shake_hands()
        answer = await talk.ask("tools/call", name="pay", arguments={"amount": 7}, task={"ttl": 60000})
        task = answer["result"]["task"]["taskId"]
        assert (await talk.ask("tasks/get", taskId=task))["result"]["status"] == "working"
        talk.send({"jsonrpc": "2.0", "id": "r", "method": "tasks/result", "params": {"taskId": task}})
        found = await talk.world.store.find(task.removeprefix("sg_"))
        assert found is not None
        await talk.world.approve(found)
        done = (await talk.answer("r"))["result"]
        assert done["structuredContent"] == {"paid": 7}
        assert done["_meta"]["io.modelcontextprotocol/related-task"] == {"taskId": task}
        assert (await talk.ask("tasks/cancel", taskId=task))["result"]["status"] == "completed"
        plain = await talk.call("pay", amount=7)
        assert hold_id(plain) != task.removeprefix("sg_")


async def test_tasks_of_nobody_and_of_the_server(redis_url: str, tmp_path: Path) -> None:
    """Another agent's do not exist; ids that are not ours pass."""
    async with talking(redis_url, tmp_path) as talk:
        await talk.shake_hands()
        foreign = await talk.world.hold()
        for id_ in (f"sg_{foreign.hold_id}", "sg_", "sg_" + "x" * 2000):
            assert (await talk.ask("tasks/get", taskId=id_))["error"]["code"] == -32602
        assert (await talk.ask("tasks/get", taskId="theirs"))["result"] == {}


async def test_a_held_call_is_taken_back(redis_url: str, tmp_path: Path) -> None:
    """By the tool; nothing runs, and one that has run stays."""
    async with talking(redis_url, tmp_path) as talk:
        await talk.shake_hands()
        held = await talk.call("pay", amount=7)
        assert text(await talk.call("sidegate_cancel", hold_id=hold_id(held))).startswith("CANCELLED")
        assert (await talk.hold(held)).state is State.CANCELLED
        foreign = await talk.world.hold()
        assert "no such hold" in text(await talk.call("sidegate_cancel", hold_id=foreign.hold_id))
        assert await talk.world.state(foreign) is State.PENDING
        again = await talk.call("pay", amount=7)
        assert hold_id(again) != hold_id(held)
        await talk.world.approve(await talk.hold(again))
        await talk.call("sidegate_await", hold_id=hold_id(again), wait_seconds=20)
        late = await talk.call("sidegate_cancel", hold_id=hold_id(again))
        assert late["structuredContent"] == {"paid": 7}
    assert len(talk.executed) == 1
