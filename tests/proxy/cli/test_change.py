"""Tests of `sidegate edit`, `ask` and `comment`."""

import json
import sys
from pathlib import Path

import pytest

from proxy.talk.talk import Talk
from rules.hold import Hold, State
from tests.proxy.cli.desk import Desk, Terminal
from tests.proxy.console.pages.browser import READ, posting
from tests.proxy.console.world import World

type Capture = pytest.CaptureFixture[str]


async def body_of(world: World, hold: Hold) -> object:
    """The body of the hold that goes on in its place."""
    newest = await world.store.latest(hold.hold_id)
    assert newest is not None
    assert newest.state is State.PENDING
    return json.loads((await world.reviewing().action(newest)).body)


async def test_a_member_is_set(world: World, desk: Desk, capsys: Capture) -> None:
    """What differs is shown, and what to do next."""
    hold = await world.hold(READ)
    assert desk.run("edit", hold.hold_id, "--set", "amount=7.5", "--set", "to=ann") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  | amount: 12.5 -> 7.5"
    assert "tier 4, as before" in lines[2]
    assert "sidegate approve" in lines[-1]
    assert await body_of(world, hold) == {"amount": 7.5, "to": "ann"}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("lines.0.amount=5", [{"amount": 5}, 2]),
        ("lines.1=null", [{"amount": 1}, None]),
        ("lines.0.to=a=b", [{"amount": 1, "to": "a=b"}, 2]),
        ("lines.0.ok=true", [{"amount": 1, "ok": True}, 2]),
    ],
)
async def test_paths(world: World, desk: Desk, setting: str, expected: object) -> None:
    """Members and places in lists; what is no JSON is a text."""
    hold = await world.hold(posting(b'{"lines": [{"amount": 1}, 2]}'))
    assert desk.run("edit", hold.hold_id, "--set", setting) == 0
    assert await body_of(world, hold) == {"lines": expected}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "amount"), "sets nothing"),
        (("--set", "=1"), "sets nothing"),
        (("--set", "a.b=1"), "there is nothing at `a.b`"),
        (("--set", "to.x=1"), "there is nothing at `to.x`"),
        (("--set", "amount=12.5"), "nothing in it is different"),
        ((), "without a terminal"),
    ],
    ids=str,
)
async def test_what_is_no_change(
    world: World, desk: Desk, capsys: Capture, arguments: tuple[str, ...], words: str
) -> None:
    """It says why, and nothing has changed."""
    hold = await world.hold(READ)
    assert desk.run("edit", hold.hold_id, *arguments) == 1
    assert words in capsys.readouterr().err
    assert await world.state(hold) is State.PENDING


async def test_by_hand(world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An editor has all of it, and a person is asked before it counts."""
    hold = await world.hold(READ)
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import sys, pathlib\nfile = pathlib.Path(sys.argv[1])\n"
        "file.write_text(file.read_text().replace('12.50', '7'))\n"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert desk.run("edit", hold.hold_id) == 1
    assert await world.state(hold) is State.PENDING
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert desk.run("edit", hold.hold_id) == 0
    assert await body_of(world, hold) == {"amount": 7, "to": "Zo\u00eb"}


@pytest.mark.parametrize("editor", ["/no/such/editor", "false"])
async def test_an_editor_that_fails(
    world: World, desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch, editor: str
) -> None:
    """Nothing is changed."""
    hold = await world.hold(READ)
    monkeypatch.setenv("VISUAL", editor)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert desk.run("edit", hold.hold_id) == 1
    assert "not changed" in capsys.readouterr().err


async def test_what_is_decided_is_not_changed(world: World, desk: Desk, capsys: Capture) -> None:
    """How it stands is told."""
    hold = await world.approve(await world.hold(READ))
    assert desk.run("edit", hold.hold_id, "--set", "amount=1") == 1
    assert "was approved by `ada`" in capsys.readouterr().err


async def test_asking_and_commenting(world: World, desk: Desk, capsys: Capture) -> None:
    """Kept, and shown by `holds` without anything that acts on a terminal."""
    hold = await world.hold(READ)
    assert desk.run("ask", hold.hold_id, "--question", "which invoice?") == 0
    assert desk.run("comment", hold.hold_id, "--text", "odd") == 0
    found = await world.store.find(hold.hold_id)
    assert found is not None
    talk = await Talk(world.store, world.sealed).about(found)
    assert [one.text for one in talk] == ["which invoice?", "odd"]
    capsys.readouterr()
    assert desk.run("holds", hold.hold_id) == 0
    said = capsys.readouterr().out
    assert "ada asks the agent: which invoice?" in said
    assert "ada: odd" in said
