"""What an agent hears through MCP besides how its hold stands, and what it answers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from proxy.drift.edited import Editing
from proxy.talk.talk import Talk as Saying
from rules.edit import Edited, edit
from rules.hold import Hold, State
from rules.mcp.action import ToolAction
from rules.talk import Kind, Said
from tests.proxy.mcp.talks import Talk, hold_id, talking, text
from tests.proxy.mcp.test_session import _settled
from tests.rules.mcp.rulesets import ruleset


async def changed(talk: Talk, held: dict[str, Any], **arguments: Any) -> Hold:
    """The hold that a reviewer has made of it."""
    hold, world = await talk.hold(held), talk.world
    action = world.sealed.open_action(hold, await world.store.sealed(hold.hold_id, part="sealed"))
    assert isinstance(action, ToolAction)
    edited = edit(hold, action, arguments, ruleset())
    assert isinstance(edited, Edited)
    editing = Editing(
        keeping=talk.desk.keeping, snapshots=talk.desk.replayer.snapshots, ruleset=talk.desk.ruleset
    )
    return await editing.apply(hold, edited, who="ada")


async def test_a_changed_call_runs_as_it_was_changed(redis_url: str, tmp_path: Path) -> None:
    """Once, in the agent's own session; the agent is told so by the id that it knows."""
    async with talking(redis_url, tmp_path) as talk:
        await talk.shake_hands()
        held = await talk.call("pay", amount=7, to="ada")
        made = await changed(talk, held, amount=1, to="ada")
        waiting = await talk.call("sidegate_status", hold_id=hold_id(held))
        assert hold_id(waiting) == made.hold_id
        assert "amount: 7 -> 1" in text(waiting)
        await talk.world.approve(made)
        await _settled(talk, waiting, State.EXECUTED)
        ran = await talk.call("sidegate_await", hold_id=hold_id(held))
        assert ran["structuredContent"] == {"paid": 1}
        assert "changed the arguments" in ran["content"][-1]["text"]
        assert ran["_meta"]["internal.sidegate/edited"] == [{"path": "amount", "before": "7", "after": "1"}]
    assert talk.executed == [["pay", {"amount": 1, "to": "ada"}]]


async def test_a_question_is_answered_by_the_tool_that_waits(redis_url: str, tmp_path: Path) -> None:
    """The agent reads what it is asked, and its answer reaches the reviewer."""
    async with talking(redis_url, tmp_path) as talk:
        await talk.shake_hands()
        held = await talk.call("pay", amount=7, to="ada")
        saying = Saying(talk.world.store, talk.world.sealed)
        question = Said(kind=Kind.QUESTION, who="ada", at=datetime.now(UTC), text="which invoice?")
        await saying.add(await talk.hold(held), question)
        asked = await talk.call("pay", amount=7, to="ada")
        assert "which invoice?" in text(asked)
        assert "`answer`" in text(asked)
        waits = await talk.call("sidegate_await", hold_id=hold_id(held), answer="of May", wait_seconds=0)
        assert text(waits).startswith("HELD")
        said = await saying.about(await talk.hold(held))
        assert [one.text for one in said] == ["which invoice?", "of May"]
        again = await talk.call("sidegate_await", hold_id=hold_id(held), answer="of June", wait_seconds=0)
        assert text(again).startswith("HELD")
        assert len(await saying.about(await talk.hold(held))) == 2
        too_long = await talk.call("sidegate_await", hold_id=hold_id(held), answer="x" * 5000)
        assert "4096" in str(too_long)


async def test_a_rules_window(redis_url: str, tmp_path: Path) -> None:
    """People have as long as the rule says."""
    rules = "version: 1\nrules:\n  - {id: pay, match: {server: bank, tool: pay}, tier: 4, window: 2h}\n"
    async with talking(redis_url, tmp_path, rules=rules) as talk:
        await talk.shake_hands()
        hold = await talk.hold(await talk.call("pay", amount=7))
        assert (hold.rule, hold.decide_by - hold.created_at) == ("pay", timedelta(hours=2))
