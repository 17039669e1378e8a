"""Tests of `sidegate webhooks`."""

import json
from datetime import timedelta

import pytest

from proxy.channels.queue import Queue
from proxy.store.events import START, Events
from tests.proxy.cli.desk import Desk
from tests.proxy.console.world import World

type Capture = pytest.CaptureFixture[str]


async def buried(world: World, why: str) -> str:
    """The id of something that was given up."""
    queue = Queue(world.store, who="one")
    await queue.lead(timedelta(hours=1))
    await queue.begin(START, since=await queue.cursor())
    hold = await world.hold()
    for change in (await Events(world.store).after(START)).found:
        await queue.spread(change, ["webhook-ops"], since=await queue.cursor())
    head = await queue.head("webhook-ops", hold.hold_id)
    assert head
    await queue.bury(head, why=why)
    return head.delivery_id


async def test_nothing(desk: Desk, capsys: Capture) -> None:
    """Nothing was given up."""
    assert desk.run("webhooks") == 0
    assert capsys.readouterr().out == "nothing was given up\n"


async def test_listed_and_told_again(world: World, desk: Desk, capsys: Capture) -> None:
    """With its reason, which can do nothing to the terminal; then it is gone from the list."""
    one = await buried(world, "it answered \x1b[31m500\u202e")
    assert desk.run("webhooks") == 0
    shown = capsys.readouterr().out
    assert one in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert desk.run("webhooks", "--json") == 0
    assert json.loads(capsys.readouterr().out)["dead"][0]["delivery_id"] == one
    assert desk.run("webhooks", "--again", "all") == 0
    assert f"{one} is told again" in capsys.readouterr().out
    assert desk.run("webhooks", "--again", one) == 1
    assert "no such delivery" in capsys.readouterr().err
