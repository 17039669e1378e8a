"""Tests of Slack's buttons: signed, once, by a known person, through the one place that decides."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from proxy.channels.settings import Channels
from proxy.channels.slack.message import APPROVE, REJECT
from proxy.console.reading.packages import Packages
from rules.action import Action
from rules.drill.drill import Answer
from rules.hold import Event, Hold, State
from rules.verdict import Tier
from tests.proxy.channels.listener import Listener
from tests.proxy.channels.slack.workspace import ADA, STRANGER, Workspace, press, signed
from tests.proxy.channels.stage import eventually, in_tier_3, reviewing_of
from tests.proxy.console.deciding.test_drilled import a_drill, answered, operational
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World

PATH = "/channels/slack/interactions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slacked:
    """A console with Slack, and what is whispered there."""

    world: World
    client: httpx2.AsyncClient
    workspace: Workspace

    async def value(self, held: Hold, action: Action = READ, changes: Mapping[str, str] | None = None) -> str:
        """What the hold's button says."""
        packages = Packages(self.world.reviewing())
        package = await packages.document(held, await packages.facts(held, action), action)
        told = {"hold": held.hold_id, "digest": held.digest, "preview": package["preview"]}
        return json.dumps({**told, **(changes or {})})

    async def press(self, body: bytes, **how: Any) -> httpx2.Response:
        """Send a pressed button."""
        return await self.client.post(PATH, content=body, headers=signed(body, **how))

    async def whispered(self) -> str:
        """What was said to the one who pressed."""
        await eventually(self._whispered)
        return str(self.workspace.whispered[-1]["text"])

    async def whispered_of(self, words: str) -> bool:
        """Whether somebody was told what begins with these words."""
        return any(str(one["text"]).startswith(words) for one in self.workspace.whispered)

    async def _whispered(self) -> bool:
        return bool(self.workspace.whispered)


@pytest.fixture
async def slacked(world: World, listener: Listener, tmp_path: Path) -> AsyncIterator[Slacked]:
    """A console with Slack."""
    workspace, world = Workspace(listener), in_tier_3(world)
    reviewing = reviewing_of(replace(world, strict=True), Channels(slack=workspace.settings(tmp_path)))
    async with world.client(token=None, reviewing=reviewing) as client:
        yield Slacked(world=world, client=client, workspace=workspace)


async def test_approved(slacked: Slacked) -> None:
    """By the reviewer whose id it is, of exactly what the message showed; a second press changes nothing."""
    hold = await slacked.world.hold(READ, tier=Tier.EXTERNAL)
    body = press(APPROVE, await slacked.value(hold))
    assert (await slacked.press(body)).status_code == 200
    found = await slacked.world.store.find(hold.hold_id)
    assert found
    assert (found.state, found.decided_by) == (State.APPROVED, "ada")
    again = press(APPROVE, await slacked.value(hold)) + b"&"
    assert (await slacked.press(again)).status_code == 200
    assert await slacked.world.store.find(hold.hold_id) == found


async def test_rejected(slacked: Slacked) -> None:
    """The agent is told where."""
    hold = await slacked.world.hold(READ, tier=Tier.EXTERNAL)
    assert (await slacked.press(press(REJECT, await slacked.value(hold)))).status_code == 200
    found = await slacked.world.store.find(hold.hold_id)
    assert found
    assert (found.state, found.decision_reason) == (State.REJECTED, "rejected in Slack")


@pytest.mark.parametrize(("button", "answer"), [(APPROVE, Answer.APPROVED), (REJECT, Answer.REJECTED)])
async def test_a_drill(slacked: Slacked, button: str, answer: Answer) -> None:
    """Either button ends it, who pressed it is told at once what it was, and nothing else counts it."""
    world = slacked.world
    drill = await a_drill(world, tier=Tier.EXTERNAL)
    before, action = operational(world), await world.reviewing().action(drill)
    assert isinstance(action, Action)
    value = await slacked.value(drill, action)
    assert (await slacked.press(press(button, value))).status_code == 200
    assert (await slacked.whispered()).startswith("`this was a drill, which can never run: ")
    assert slacked.workspace.whispered[-1]["user"] == ADA
    found = await world.store.find(drill.hold_id)
    assert found
    assert (found.state, found.drill_answer, found.decided_by) == (State.DRILLED, answer, "ada")
    assert answered(world, answer) == 1
    await slacked.press(press(button, value) + b"&")
    await eventually(lambda: slacked.whispered_of("nothing was done: `this hold was a drill"))
    assert answered(world, answer) == 1
    assert operational(world) == before


async def test_a_replay_is_refused(slacked: Slacked) -> None:
    """The very same request is heard once, whatever became of it."""
    hold = await slacked.world.hold(READ, tier=Tier.EXTERNAL)
    body = press(REJECT, await slacked.value(hold), user=STRANGER)
    headers = signed(body)
    assert (await slacked.client.post(PATH, content=body, headers=headers)).status_code == 200
    assert (await slacked.client.post(PATH, content=body, headers=headers)).status_code == 409
    assert await slacked.world.state(hold) is State.PENDING


@pytest.mark.parametrize(
    ("how", "status"),
    [({"secret": "other"}, 401), ({"at": 1.0}, 401), ({"at": 4e9}, 401)],
    ids=["secret", "old", "future"],
)
async def test_forged(slacked: Slacked, how: dict[str, Any], status: int) -> None:
    """Nothing is decided."""
    hold = await slacked.world.hold(READ, tier=Tier.EXTERNAL)
    body = press(APPROVE, await slacked.value(hold))
    assert (await slacked.press(body, **how)).status_code == status
    assert (await slacked.client.post(PATH, content=body)).status_code == 401
    assert await slacked.world.state(hold) is State.PENDING


async def test_a_stranger(slacked: Slacked) -> None:
    """Whatever name that person shows."""
    hold = await slacked.world.hold(READ, tier=Tier.EXTERNAL)
    body = press(APPROVE, await slacked.value(hold), user=STRANGER)
    assert (await slacked.press(body)).status_code == 200
    assert "no reviewer" in await slacked.whispered()
    assert slacked.workspace.whispered[-1]["user"] == STRANGER
    assert await slacked.world.state(hold) is State.PENDING


@pytest.mark.parametrize("action", [APPROVE, REJECT])
async def test_tier_4_is_not_decided_here(slacked: Slacked, action: str) -> None:
    """Whatever a signed request says."""
    hold = await slacked.world.hold(READ, tier=Tier.HIGH_RISK)
    await slacked.press(press(action, await slacked.value(hold)))
    assert "on the console alone" in await slacked.whispered()
    assert await slacked.world.state(hold) is State.PENDING


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digest": "0" * 64}, "not the digest"),
        ({"preview": "0" * 64}, "is not what that preview showed"),
        ({"preview": ""}, "no hash"),
        ({"hold": "01JZZZZZZZZZZZZZZZZZZZZZZZ"}, "there is no hold"),
        ({"hold": "<!here>\u202e"}, "there is no hold"),
    ],
    ids=["digest", "preview", "none", "gone", "odd"],
)
async def test_not_what_was_shown(slacked: Slacked, changes: dict[str, str], words: str) -> None:
    """Nothing is done, and the one who pressed is told why."""
    hold = await slacked.world.hold(READ, tier=Tier.EXTERNAL)
    assert (
        await slacked.press(press(APPROVE, await slacked.value(hold, changes=changes)))
    ).status_code == 200
    said = await slacked.whispered()
    assert words in said
    assert "<" not in said
    assert await slacked.world.state(hold) is State.PENDING


async def test_what_has_to_be_opened(slacked: Slacked) -> None:
    """A body that nobody saw whole is not approved from here."""
    action = replace(READ, body=b'{"to": "' + b"x" * 5000 + b'"}')
    hold = await slacked.world.hold(action, tier=Tier.EXTERNAL)
    await slacked.press(press(APPROVE, await slacked.value(hold, action)))
    assert "cannot be shown whole" in await slacked.whispered()
    assert await slacked.world.state(hold) is State.PENDING


async def test_somebody_was_faster(slacked: Slacked) -> None:
    """The first decision stands."""
    hold = await slacked.world.hold(READ, tier=Tier.EXTERNAL)
    value = await slacked.value(hold)
    await slacked.world.store.step(hold, Event.CANCEL)
    await slacked.press(press(APPROVE, value))
    assert "taken back" in await slacked.whispered()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"payload=", b"payload=%7B", b"payload=[]", b"payload=1", b"a=b", b"\xff", b"payload=%ff"),
        b'payload={"type": "block_actions"}',
        b'payload={"type": "block_actions", "actions": []}',
        press(APPROVE, "no json"),
        press(APPROVE, "[]"),
        press(APPROVE, "{}"),
    ],
)
async def test_what_is_no_interaction(slacked: Slacked, body: bytes) -> None:
    """However well it is signed."""
    assert (await slacked.press(body)).status_code == 400


async def test_what_is_of_no_concern(slacked: Slacked) -> None:
    """Other buttons, and other things that Slack tells, are heard and passed over."""
    for body in (press("sidegate_open", ""), b'payload={"type": "view_submission"}'):
        assert (await slacked.press(body)).status_code == 200
    assert slacked.workspace.whispered == []


async def test_it_is_bounded(slacked: Slacked) -> None:
    """A body of megabytes is not read."""
    assert (await slacked.press(b"payload=" + b"x" * 100_000)).status_code == 413


async def test_without_slack(world: World) -> None:
    """There is nothing there."""
    body = press(APPROVE, "{}", user=ADA)
    async with world.client(token=None) as client:
        assert (await client.post(PATH, content=body, headers=signed(body))).status_code == 404
