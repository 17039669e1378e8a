"""Tests of `sidegate approve`, `reject`, `kill` and `unkill`."""

import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from proxy.cli import decide, one_hold
from rules.hold import Event, State
from tests.proxy.cli.desk import DOMAIN, KEY, Desk, Terminal
from tests.proxy.console.world import ACTION, World

type Capture = pytest.CaptureFixture[str]


async def test_approve(world: World, desk: Desk, capsys: Capture) -> None:
    """What will run is shown, approved by its digest, and the new state told."""
    hold = await world.hold()
    assert desk.run("approve", hold.hold_id) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  | POST https://bank.example/transfers?dry=no"
    assert f"digest {ACTION.digest}" in lines
    assert lines[-1].startswith(f"hold {hold.hold_id} was approved by `ada` and waits to run until ")
    assert await world.state(hold) is State.APPROVED


async def test_reject(world: World, desk: Desk, capsys: Capture) -> None:
    """The reason is recorded and told."""
    hold = await world.hold()
    assert desk.run("reject", hold.hold_id, "--reason", "wrong account") == 0
    assert capsys.readouterr().out == f"hold {hold.hold_id} was rejected by `ada`: wrong account\n"
    assert await world.state(hold) is State.REJECTED


@pytest.mark.parametrize(
    ("typed", "code", "state"),
    [
        ("y\n", 0, State.APPROVED),
        ("YES\n", 0, State.APPROVED),
        ("\n", 1, State.PENDING),
        ("", 1, State.PENDING),
        ("n\n", 1, State.PENDING),
        ("approve\n", 1, State.PENDING),
        ("\x1b[Ay\n", 1, State.PENDING),
    ],
)
async def test_a_person_is_asked(
    world: World,
    desk: Desk,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
    state: State,
) -> None:
    """On a terminal only a plain yes approves."""
    hold = await world.hold()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert desk.run("approve", hold.hold_id) == code
    said = capsys.readouterr()
    assert "approve this? [y/N] " in said.out
    assert said.err == ("" if code == 0 else "sidegate: not approved: nothing was changed\n")
    assert await world.state(hold) is state


async def test_a_person_who_has_said_yes(
    world: World, desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--yes asks nothing."""
    hold = await world.hold()
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert desk.run("approve", hold.hold_id, "--yes") == 0
    assert "[y/N]" not in capsys.readouterr().out


async def test_what_is_long_is_shown_whole(world: World, desk: Desk, capsys: Capture) -> None:
    """Nobody approves a part that the page has no room for without all of it before the eyes."""
    hold = await world.hold(replace(ACTION, body=b"x" * 200_000 + b"\x00the end"))
    assert desk.run("approve", hold.hold_id) == 0
    said = capsys.readouterr().out
    whole = said.partition("the whole body, because only its beginning is shown here, of 200008 characters:")[
        2
    ]
    assert whole.count("x") >= 200_000
    assert "\\x00the end" in whole
    assert await world.state(hold) is State.APPROVED


@pytest.mark.parametrize("verb", [("approve",), ("reject", "--reason", "no")])
async def test_a_second_decision(world: World, desk: Desk, capsys: Capture, verb: tuple[str, ...]) -> None:
    """What was decided stays so, and is told in words."""
    hold = await world.hold()
    fields = {"decided_by": b"bob", "decision_reason": b"not today"}
    await world.store.step(hold, Event.REJECT, fields=fields)
    command, *flags = verb
    assert desk.run(command, hold.hold_id, *flags) == 1
    said = capsys.readouterr().err
    assert said == "sidegate: this hold was rejected by `bob`: not today; nothing was changed\n"


async def test_decided_while_it_was_read(
    world: World, desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision that comes between reading and answering wins."""
    hold = await world.hold()

    def confirm(_hold: object) -> bool:
        return desk.run("reject", hold.hold_id, "--reason", "faster") == 0

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(one_hold, "confirmed", confirm)
    assert desk.run("approve", hold.hold_id) == 1
    assert "this hold was rejected by `ada`: faster; nothing was changed" in capsys.readouterr().err
    assert await world.state(hold) is State.REJECTED


async def test_too_late(redis_url: str, desk: Desk, capsys: Capture) -> None:
    """After the window the message says that time ran out."""
    world = World.build(redis_url, domain=DOMAIN, key=KEY, window=timedelta(0))
    hold = await world.hold()
    await world.redis.aclose()
    assert desk.run("approve", hold.hold_id) == 1
    assert "the time to decide ran out at " in capsys.readouterr().err


async def test_a_spoilt_hold(world: World, desk: Desk, capsys: Capture) -> None:
    """What does not open is not approved, and the console is not even asked to."""
    hold = await world.hold()
    await world.spoil(hold, "sealed", b"x" * 100)
    assert desk.run("approve", hold.hold_id) == 1
    said = capsys.readouterr().err
    assert said == "sidegate: not approved: what is stored is not what was held; reject it\n"
    assert await world.state(hold) is State.PENDING


@pytest.mark.parametrize("verb", [("approve",), ("reject", "--reason", "no")])
async def test_unknown_ids(desk: Desk, capsys: Capture, verb: tuple[str, ...]) -> None:
    """A hold that is not there is a negative result."""
    command, *flags = verb
    assert desk.run(command, "01JZZZZZZZZZZZZZZZZZZZZZZZ", *flags) == 1
    assert "there is no hold `01JZZZZZZZZZZZZZZZZZZZZZZZ`" in capsys.readouterr().err


async def test_kill_and_unkill(world: World, desk: Desk, capsys: Capture) -> None:
    """The switch goes on with who and why, and off."""
    assert desk.run("kill", "--reason", "runs wild") == 0
    assert capsys.readouterr().out == (
        "the kill switch is on, only reads pass and nothing that is held is sent: ada: runs wild\n"
    )
    assert await world.store.killed() == "ada: runs wild"
    assert desk.run("unkill") == 0
    assert capsys.readouterr().out == "the kill switch is off\n"
    assert await world.store.killed() is None


async def test_an_approval_under_the_kill_switch(world: World, desk: Desk, capsys: Capture) -> None:
    """It counts, and nobody is left to wonder why nothing runs."""
    hold = await world.hold()
    await world.store.kill("ada: runs wild")
    assert desk.run("approve", hold.hold_id) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "the kill switch is on: nothing is sent until `sidegate unkill`"


def test_the_time_in_which_an_approval_is_taken_back(capsys: Capture) -> None:
    """Until when, and how."""
    decide._waits({"hold_id": "H", "grace_until": "2026-11-24T00:00:05+00:00"}, killed=False)
    said = capsys.readouterr().out
    assert said == "nothing is sent before 2026-11-24T00:00:05+00:00: `sidegate undo H` until then\n"


async def test_only_what_drifted_is_asked_again(world: World, desk: Desk, capsys: Capture) -> None:
    """The console's words say how the hold stands, and no other one is made."""
    hold = await world.hold()
    assert desk.run("ask-again", hold.hold_id) == 1
    assert "this hold waits for a decision" in capsys.readouterr().err
    assert len(await world.store.list()) == 1


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "\x1b[2J", "x" * 2001, "x" * 70_000])
@pytest.mark.parametrize("command", ["reject", "kill"])
async def test_bad_reasons(world: World, desk: Desk, capsys: Capture, command: str, reason: str) -> None:
    """The console's words about a bad reason reach the operator, and nothing is changed."""
    hold = await world.hold()
    target = [hold.hold_id] if command == "reject" else []
    assert desk.run(command, *target, "--reason", reason) == 1
    said = capsys.readouterr().err
    assert "`reason`" in said or "the body is over 65536 bytes" in said
    assert await world.state(hold) is State.PENDING
    assert await world.store.killed() is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("approve",),
        ("approve", "A", "B"),
        ("reject",),
        ("reject", "A"),
        ("reject", "A", "--reason"),
        ("kill",),
        ("ask-again",),
        ("unkill", "x"),
        ("approve", "A", "--digest", "0"),
    ],
)
async def test_wrong_use(desk: Desk, capsys: Capture, arguments: tuple[str, ...]) -> None:
    """Wrong use is told apart from a negative result, and decides nothing."""
    command, *rest = arguments
    assert desk.run(command, *rest) == 2
    assert "usage: " in capsys.readouterr().err


async def test_respond(world: World, desk: Desk, capsys: Capture) -> None:
    """The words are the agent's answer; said twice they are said once."""
    hold = await world.hold()
    for _ in range(2):
        assert desk.run("respond", hold.hold_id, "--answer", "use the invoice of May") == 0
    assert (
        capsys.readouterr().out.splitlines()
        == [f"hold {hold.hold_id} was answered by `ada` instead: use the invoice of May"] * 2
    )
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert (found.state, found.responded) == (State.REJECTED, True)


async def test_undo_of_nothing(world: World, desk: Desk, capsys: Capture) -> None:
    """What is not there is taken back already; what can run by now is not."""
    hold = await world.hold()
    assert desk.run("undo", hold.hold_id) == 0
    assert "waits for a decision" in capsys.readouterr().out
    await world.approve(hold)
    assert desk.run("undo", hold.hold_id) == 1
    assert "the time to take the approval back is over" in capsys.readouterr().err
