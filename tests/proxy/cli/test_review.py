"""Tests of `sidegate review` on a real terminal, against a real console."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.cli import main
from rules.hold import State
from rules.verdict import Tier
from tests.proxy.cli.desk import Desk
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World

_ROOT = Path(__file__).parents[3]
_SECONDS = 40.0


class Screen:
    """A person at a terminal."""

    def __init__(self, desk: Desk, *, columns: int = 110, rows: int = 50) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        command = [sys.executable, str(_ROOT / "sidegate.py"), "review", "--data-dir", str(desk.folder)]
        self.process = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
        )

    def resize(self, columns: int, rows: int) -> None:
        """Make the window so large."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, words: str) -> str:
        """All that was shown, once these words were."""
        end = time.monotonic() + _SECONDS
        while words not in self.text:
            assert time.monotonic() < end, f"`{words}` was not shown:\n{self.text[-3000:]}"
            self._read()
        return self.text

    def type(self, text: str) -> None:
        """Type, and forget what was shown before."""
        self.text = ""
        os.write(self.master, text.encode())

    def ended(self) -> int:
        """How it ended."""
        end = time.monotonic() + _SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            self._read()
        return self.process.wait(_SECONDS)

    def _read(self) -> None:
        if select.select([self.master], [], [], 0.1)[0]:
            self.text += os.read(self.master, 65536).decode(errors="replace")


@contextmanager
def at(desk: Desk) -> Iterator[Screen]:
    """A terminal on which the command runs."""
    screen = Screen(desk)
    try:
        yield screen
    finally:
        if screen.process.poll() is None:
            screen.process.kill()
            screen.process.wait()
        os.close(screen.master)
        os.close(screen.slave)


async def test_a_hold_appears_and_is_approved(world: World, desk: Desk) -> None:
    """Live; by two keys, of exactly what was shown; and the terminal is left as it was."""
    with at(desk) as screen:
        screen.wait_for("nothing waits")
        hold = await world.hold(READ, tier=Tier.EXTERNAL)
        shown = screen.wait_for("POST https://bank.example/transfers")
        assert "1 waiting" in shown
        screen.wait_for(hold.digest)
        screen.type("a")
        screen.wait_for("approve exactly this?")
        screen.type("y")
        screen.wait_for("was approved by")
        assert await world.state(hold) is State.APPROVED
        screen.type("q")
        assert screen.ended() == 0
        assert screen.text.rstrip().endswith("\x1b[?1049l")
        assert termios.tcgetattr(screen.slave) == screen.before


async def test_what_is_pasted_approves_nothing(world: World, desk: Desk) -> None:
    """Of keys that come at once only the first counts."""
    hold = await world.hold(READ, tier=Tier.EXTERNAL)
    with at(desk) as screen:
        screen.wait_for(hold.digest)
        screen.type("ay")
        screen.wait_for("approve exactly this?")
        screen.type("n")
        screen.wait_for("not approved")
    assert await world.state(hold) is State.PENDING


async def test_rejected_with_a_reason(world: World, desk: Desk) -> None:
    """As it was typed."""
    hold = await world.hold(READ)
    with at(desk) as screen:
        screen.wait_for(hold.digest)
        screen.type("r")
        screen.wait_for("why not")
        screen.type("not him\n")
        screen.wait_for("was rejected by")
    found = await world.store.find(hold.hold_id)
    assert found
    assert (found.state, found.decision_reason) == (State.REJECTED, "not him")


async def test_hostile_calls_and_a_part_to_read(world: World, desk: Desk) -> None:
    """Nothing of a call acts on the terminal, and a long body is read to its end before it is approved."""
    body = '{"to": "\x1b]0;owned\x07\u202e'.encode() + b"x" * 9000 + b'THE END"}'
    hold = await world.hold(replace(READ, body=body), tier=Tier.EXTERNAL)
    with at(desk) as screen:
        screen.wait_for("(more below)")
        assert "\x1b]0" not in screen.text
        assert "\u202e" not in screen.text
        screen.type("a")
        screen.wait_for("read it to its end first")
        end = time.monotonic() + _SECONDS
        while "(more below)" in screen.text:
            assert time.monotonic() < end
            screen.type(" ")
            screen.wait_for("\x1b[J")
        screen.type("a")
        screen.wait_for("approve exactly this?")
        screen.type("y")
        screen.wait_for("was approved by")
    assert await world.state(hold) is State.APPROVED


async def test_a_smaller_window_has_to_be_read_again(world: World, desk: Desk) -> None:
    """Its lines are broken anew, and what was in sight before is not known to be now."""
    hold = await world.hold(READ, tier=Tier.EXTERNAL)
    with at(desk) as screen:
        screen.wait_for(hold.digest)
        screen.text = ""
        screen.resize(60, 12)
        screen.process.send_signal(signal.SIGWINCH)
        screen.wait_for("(more below)")
        screen.type("a")
        screen.wait_for("read it to its end first")


async def test_ctrl_c_leaves(desk: Desk) -> None:
    """With the terminal as it was."""
    with at(desk) as screen:
        screen.wait_for("nothing waits")
        screen.process.send_signal(signal.SIGINT)
        assert screen.ended() == 130
        assert termios.tcgetattr(screen.slave) == screen.before


async def test_no_terminal(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The cure is said."""
    assert main(["review", "--data-dir", str(desk.folder)]) == 2
    assert "needs a terminal" in capsys.readouterr().err
