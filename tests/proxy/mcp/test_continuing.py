"""Calls that their server asks something about: one approval for all rounds, and for nothing else."""

import asyncio
from pathlib import Path
from typing import Any

from rules.hold import State
from rules.mcp.versions import VERSION_KEY
from tests.proxy.mcp.talks import Talk, hold_id, talking, text

_META = {VERSION_KEY: "2026-07-28"}
_ANSWERS = {"a": {"action": "accept"}}


async def _call(talk: Talk, amount: int = 7, **more: Any) -> dict[str, Any]:
    arguments = {"amount": amount}
    answer = await talk.ask("tools/call", name="pay_asking", arguments=arguments, _meta=_META, **more)
    result: dict[str, Any] = answer["result"]
    return result


async def _begun(talk: Talk) -> dict[str, Any]:
    """The held call, approved and asked back about."""
    held = await _call(talk)
    await talk.world.approve(await talk.hold(held))
    async with asyncio.timeout(30):
        while (await talk.hold(held)).state is not State.EXECUTED:
            await talk.desk.keeping.signals.anything()
    return held


async def test_a_continuation_needs_no_new_approval(redis_url: str, tmp_path: Path) -> None:
    """Round after round, with the state that the server gave last."""
    async with talking(redis_url, tmp_path) as talk:
        await _begun(talk)
        asked = await _call(talk)
        assert asked["requestState"] == "state-1"
        again = await _call(talk, inputResponses=_ANSWERS, requestState="state-1")
        assert again["requestState"] == "state-2"
        done = await _call(talk, inputResponses=_ANSWERS, requestState="state-2")
        assert text(done) == "pay_asking done"
        assert "HELD" in text(await _call(talk, inputResponses=_ANSWERS, requestState="state-2"))
    assert talk.executed == [["pay_asking", {"amount": 7}]]


async def test_other_arguments_or_another_state_are_held(redis_url: str, tmp_path: Path) -> None:
    """A state is for its own call, and used up by whoever brings it."""
    async with talking(redis_url, tmp_path) as talk:
        await _begun(talk)
        await _call(talk)
        for amount, state in ((7, "state-9"), (7000, "state-1"), (7, "state-1")):
            told = await _call(talk, amount, inputResponses=_ANSWERS, requestState=state)
            assert "HELD" in text(told)
    assert talk.executed == []


async def test_whoever_waits_apart_hears_to_call_again(redis_url: str, tmp_path: Path) -> None:
    """The question is not lost: the call itself gets it."""
    async with talking(redis_url, tmp_path) as talk:
        held = await _begun(talk)
        told = await talk.call("sidegate_await", hold_id=hold_id(held), wait_seconds=0)
        assert text(told).startswith("APPROVED and begun")
        assert (await _call(talk))["requestState"] == "state-1"
