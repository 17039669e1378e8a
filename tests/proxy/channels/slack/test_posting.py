"""Tests of the message in Slack: posted once, shown as it is, and rendered anew after every change."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.channels.settings import Channels
from proxy.channels.slack.message import APPROVE, REJECT
from proxy.channels.slack.posting import SlackChannel
from proxy.console.reading.lines import Lines
from proxy.console.reviewing import Reviewing
from rules.hold import Event, Hold
from rules.verdict import Tier
from tests.proxy.channels.listener import Listener
from tests.proxy.channels.slack.workspace import Workspace, buttons, said
from tests.proxy.channels.stage import (
    LINK,
    asking,
    counted,
    eventually,
    in_tier_3,
    masked,
    reviewing_of,
    telling,
    twin_of,
)
from tests.proxy.console.deciding.test_drilled import a_drill
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World


def of(world: World, workspace: Workspace, folder: Path, **changes: object) -> tuple[Reviewing, SlackChannel]:
    """The console's side and the channel."""
    slack = workspace.settings(folder, **changes)
    reviewing = reviewing_of(world, Channels(slack=slack))
    assert reviewing.channels
    return reviewing, SlackChannel(slack, reviewing.channels, reviewing, Lines(reviewing))


async def test_a_message_follows_its_hold(world: World, listener: Listener, tmp_path: Path) -> None:
    """One message: with buttons while it waits, and with who decided, anywhere, once somebody has."""
    workspace = Workspace(listener)
    reviewing, channel = of(world, workspace, tmp_path)
    async with telling(reviewing, [channel]):
        hold = await world.hold(READ, tier=Tier.EXTERNAL)
        await eventually(lambda: _posted(workspace, 1))
        [message] = workspace.messages.values()
        assert set(buttons(message)) == {"sidegate_open", APPROVE, REJECT}
        assert f"{LINK}/holds/{hold.hold_id}" in str(message["blocks"][-1])
        assert "Zo\u00eb" in said(message)
        await world.store.step(hold, Event.REJECT, fields={"decided_by": b"bob", "decision_reason": b"no"})
        await eventually(lambda: _updated(workspace, 1))
        await eventually(lambda: _delivered(reviewing, 2))
    [message] = workspace.messages.values()
    assert set(buttons(message)) == {"sidegate_open"}
    assert "rejected by" in said(message)
    assert "bob" in said(message)


async def test_a_hold_that_nobody_decides(world: World, listener: Listener, tmp_path: Path) -> None:
    """A message that is changed wakes nobody, so it has an answer of its own."""
    workspace = Workspace(listener)
    reviewing, channel = of(world, workspace, tmp_path)
    async with telling(reviewing, [channel]):
        hold = await world.hold(READ, tier=Tier.EXTERNAL)
        await eventually(lambda: _posted(workspace, 1))
        await asking(world, hold, "finance")
        await eventually(lambda: _posted(workspace, 2))
    first, answer = workspace.messages.values()
    assert answer["thread_ts"]
    assert answer["text"].startswith("`still undecided, finance is asked`: tier 3: the agent asks to ")
    assert [block["type"] for block in answer["blocks"]] == ["section"]
    assert APPROVE in buttons(first)


async def test_tier_4_leads_to_the_console(world: World, listener: Listener, tmp_path: Path) -> None:
    """There is no button that decides."""
    workspace = Workspace(listener)
    reviewing, channel = of(world, workspace, tmp_path)
    async with telling(reviewing, [channel]):
        await world.hold(READ, tier=Tier.HIGH_RISK)
        await eventually(lambda: _posted(workspace, 1))
    [message] = workspace.messages.values()
    assert set(buttons(message)) == {"sidegate_open"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"to": "' + b"<!channel> *bold* `code` &lt; <https://evil.example|console> " * 5 + b'"}',
        '{"to": "\u202egnp.exe\u200b\U000e0041"}'.encode(),
        b'{"to": "\\u0000 \\u001b[31m"}',
        b'{"to": "' + b"<&>`" * 75_000 + b'"}',
        b"\xff\xfe\x00",
    ],
    ids=["markdown", "bidi", "controls", "300 KB", "binary"],
)
async def test_hostile_calls(world: World, listener: Listener, tmp_path: Path, body: bytes) -> None:
    """Slack takes the message, nothing in it acts or hides, and what is not all there has no approval."""
    workspace = Workspace(listener)
    reviewing, channel = of(world, workspace, tmp_path)
    async with telling(reviewing, [channel]):
        await world.hold(replace(READ, body=body), tier=Tier.EXTERNAL)
        await eventually(lambda: _posted(workspace, 1))
    [message] = workspace.messages.values()
    text = said(message)
    assert not set("\u202e\u200b\U000e0041\x00\x1b") & set(text)
    assert "<" not in text
    assert ">" not in text
    assert all(line.count("`") % 2 == 0 for line in text.splitlines())
    assert (APPROVE in buttons(message)) == (body.isascii() and len(body) < 1000)


async def test_other_hosts(world: World, listener: Listener, tmp_path: Path) -> None:
    """Are not told of."""
    workspace = Workspace(listener)
    reviewing, channel = of(world, workspace, tmp_path, hosts=("other.example",))
    async with telling(reviewing, [channel]):
        await world.hold(READ)
        await eventually(lambda: _skipped(reviewing))
    assert listener.heard == []


async def test_a_refusal_of_slack(world: World, listener: Listener, tmp_path: Path) -> None:
    """It is said with Slack's word; the token is not."""
    workspace = Workspace(listener)
    listener.answers = lambda _heard: (200, b'{"ok": false, "error": "channel_not_found"}')
    reviewing, channel = of(world, workspace, tmp_path)
    async with telling(reviewing, [channel]):
        await world.hold(READ)
        await eventually(lambda: _dead(reviewing))
    async with world.client() as client:
        [dead] = (await client.get("/api/deliveries")).json()["dead"]
    assert "channel_not_found" in dead["why"]
    assert "xoxb" not in dead["why"]


async def test_a_drill_is_told_as_a_hold(world: World, listener: Listener, tmp_path: Path) -> None:
    """With the same message while it waits; answered, it says that it was one, and of what it was made."""
    workspace, world = Workspace(listener), in_tier_3(world)
    reviewing, channel = of(world, workspace, tmp_path)
    async with telling(reviewing, [channel]):
        drill = await a_drill(world, tier=Tier.EXTERNAL)
        twin = await twin_of(world, drill)
        await eventually(lambda: _says(workspace, twin, "waits for a decision"))
        waits, other = message_of(workspace, drill), message_of(workspace, twin)
        async with world.client() as client:
            await client.post(f"/api/holds/{drill.hold_id}/reject", json={"reason": "odd"})
        await eventually(lambda: _says(workspace, drill, "was a drill"))
    assert set(buttons(waits)) == {"sidegate_open", APPROVE, REJECT}
    assert masked(json.dumps(waits)) == masked(json.dumps(other))
    ended = message_of(workspace, drill)
    assert set(buttons(ended)) == {"sidegate_open"}
    assert "made a drill by: `" in said(ended)
    assert "\\x60ada\\x60 rejected it" in said(ended)


def message_of(workspace: Workspace, hold: Hold) -> dict[str, Any]:
    """The message of a hold as it stands now; empty where there is none."""
    found = (each for each in workspace.messages.values() if hold.hold_id in json.dumps(each))
    return next(found, {})


async def _says(workspace: Workspace, hold: Hold, words: str) -> bool:
    return words in json.dumps(message_of(workspace, hold))


async def _posted(workspace: Workspace, count: int) -> bool:
    return len(workspace.messages) >= count


async def _delivered(reviewing: Reviewing, count: int) -> bool:
    return counted(reviewing, "slack", "delivered") == count


async def _updated(workspace: Workspace, count: int) -> bool:
    return workspace.updates >= count


async def _skipped(reviewing: Reviewing) -> bool:
    return counted(reviewing, "slack", "skipped") == 1


async def _dead(reviewing: Reviewing) -> bool:
    return counted(reviewing, "slack", "dead") == 1
