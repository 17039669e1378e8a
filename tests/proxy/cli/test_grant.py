"""Tests of `sidegate grant`, `grants` and `ungrant`."""

import json
import sys
from dataclasses import replace

import pytest

from rules.hold import Hold, State
from rules.verdict import Tier
from tests.proxy.cli.desk import Desk, Terminal
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import RULES, World

type Capture = pytest.CaptureFixture[str]

NOTE = replace(READ, target="/notes", body=b'{"text": "hello"}')


async def held(world: World, tier: Tier = Tier.EXTERNAL) -> Hold:
    """A note under the rules of the console."""
    return await world.hold(NOTE, tier=tier, policy=RULES.hash)


async def test_a_grant_is_given_and_taken_back(world: World, desk: Desk, capsys: Capture) -> None:
    """What it is for is shown first, and the hold itself goes on waiting."""
    hold = await held(world)
    assert desk.run("grant", hold.hold_id, "--reason", "a campaign", "--minutes", "5", "--count", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  | POST https://bank.example/notes"
    assert lines[-1] == "the hold itself still waits for its decision"
    name = lines[-2].split()[0]
    assert "counts, 3 of 3 left" in lines[-2]
    assert lines[-2].endswith("POST bank.example/notes (rule pay, agent eve agent-7, by ada: a campaign)")
    assert await world.state(hold) is State.PENDING
    assert desk.run("grants") == 0
    assert capsys.readouterr().out == f"{lines[-2]}\n"
    assert desk.run("ungrant", name) == 0
    assert "taken back, 3 of 3 left" in capsys.readouterr().out
    assert desk.run("grants", "--json") == 0
    [listed] = json.loads(capsys.readouterr().out)["grants"]
    assert (listed["grant_id"], listed["standing"]) == (name, "taken back")


async def test_none(desk: Desk, capsys: Capture) -> None:
    """An empty list says so."""
    assert desk.run("grants") == 0
    assert capsys.readouterr().out == "no grants\n"


async def test_tier_4(world: World, desk: Desk, capsys: Capture) -> None:
    """No flag gets past it."""
    hold = await held(world, Tier.HIGH_RISK)
    assert desk.run("grant", hold.hold_id, "--reason", "a campaign", "--yes") == 1
    assert "is of tier 4, which is decided one by one; nothing was changed" in capsys.readouterr().err


async def test_a_person_is_asked(
    world: World, desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal only a plain yes grants."""
    hold = await held(world)
    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    assert desk.run("grant", hold.hold_id, "--reason", "a campaign") == 1
    assert "not granted: nothing was changed" in capsys.readouterr().err


async def test_nobody_is_asked_about_what_cannot_be_granted(
    world: World, desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before any question."""
    hold = await held(world, Tier.HIGH_RISK)
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    assert desk.run("grant", hold.hold_id, "--reason", "a campaign") == 1
    said = capsys.readouterr()
    assert "is of tier 4" in said.err
    assert "[y/N]" not in said.out


@pytest.mark.parametrize("name", ["../kill", "x"])
async def test_names_that_are_none(desk: Desk, capsys: Capture, name: str) -> None:
    """Nothing is asked of the console."""
    assert desk.run("ungrant", name) == 1
    assert "`sidegate grants` lists them" in capsys.readouterr().err
