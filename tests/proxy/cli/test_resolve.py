"""Tests of `sidegate resolve` and `cancel`."""

import sys

import pytest

from rules.hold import Event, State
from tests.proxy.cli.desk import Desk, Terminal
from tests.proxy.console.deciding.test_resolving import WHY, unknown
from tests.proxy.console.world import World

type Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("executed", State.EXECUTED),
        ("not-executed", State.NOT_EXECUTED),
        ("try-again", State.APPROVED),
    ],
)
async def test_resolve(world: World, desk: Desk, capsys: Capture, outcome: str, state: State) -> None:
    """What was found is recorded, and the new standing told."""
    hold = await unknown(world)
    assert desk.run("resolve", hold.hold_id, outcome, "--reason", WHY) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith(f"hold {hold.hold_id} ")
    assert ("POST https://bank.example/transfers?dry=no" in said[0]) is (outcome == "try-again")
    assert await world.state(hold) is state


async def test_a_person_is_asked_before_it_is_sent_again(
    world: World, desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a yes sends."""
    hold = await unknown(world)
    monkeypatch.setattr(sys, "stdin", Terminal("\n"))
    assert desk.run("resolve", hold.hold_id, "try-again", "--reason", WHY) == 1
    assert await world.state(hold) is State.OUTCOME_UNKNOWN
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert desk.run("resolve", hold.hold_id, "try-again", "--reason", WHY) == 0
    assert "send this again? [y/N] " in capsys.readouterr().out


async def test_what_is_known_is_not_sent_again(world: World, desk: Desk, capsys: Capture) -> None:
    """A hold that waits has nothing to resolve."""
    hold = await world.hold()
    assert desk.run("resolve", hold.hold_id, "try-again", "--reason", WHY) == 1
    assert "waits for a decision" in capsys.readouterr().err
    assert desk.run("resolve", hold.hold_id, "executed", "--reason", WHY) == 1
    assert await world.state(hold) is State.PENDING


async def test_wrong_use(world: World, desk: Desk) -> None:
    """Another outcome, or no reason, is wrong use."""
    hold = await unknown(world)
    assert desk.run("resolve", hold.hold_id, "maybe", "--reason", WHY) == 2
    assert desk.run("resolve", hold.hold_id, "executed") == 2
    assert desk.run("cancel", hold.hold_id) == 2


async def test_cancel(world: World, desk: Desk, capsys: Capture) -> None:
    """What has not been sent is taken back; what may have been is not."""
    hold, sent = await world.hold(), await unknown(world)
    await world.store.step(hold, Event.APPROVE)
    assert desk.run("cancel", hold.hold_id, "--reason", WHY) == 0
    assert "was taken back before it was sent and did not run" in capsys.readouterr().out
    assert desk.run("cancel", sent.hold_id, "--reason", WHY) == 1
    assert await world.state(sent) is State.OUTCOME_UNKNOWN
