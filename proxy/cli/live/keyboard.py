"""A terminal that gives keys and takes pictures, and that is left as it was, however it ends."""

import os
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_NAMED = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[5~": "pageup",
    "\x1b[6~": "pagedown",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x1b": "escape",
}
_AT_ONCE = 256


class Keyboard:
    """The terminal, as long as it is borrowed."""

    def __init__(self, wake: int) -> None:
        self._wake = wake

    def wait(self, seconds: float) -> str:
        """What was typed, at once; empty after so long, or when somebody woke us."""
        ready, _, _ = select.select([sys.stdin.fileno(), self._wake], [], [], seconds)
        if self._wake in ready:
            os.read(self._wake, _AT_ONCE)
        if sys.stdin.fileno() not in ready:
            return ""
        typed = os.read(sys.stdin.fileno(), _AT_ONCE)
        if not typed:
            raise EOFError("the terminal is gone")
        return typed.decode("utf-8", "replace")

    def show(self, lines: Sequence[str]) -> None:
        """Put these lines on the screen, in place of those that were there."""
        encoding = sys.stdout.encoding or "utf-8"
        text = "\r\n".join(f"{line}\x1b[K" for line in lines)
        sys.stdout.write("\x1b[H" + text.encode(encoding, "backslashreplace").decode(encoding) + "\x1b[J")
        sys.stdout.flush()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        found = shutil.get_terminal_size(fallback=(100, 24))
        return found.columns, found.lines


@contextmanager
def borrowed(wake_read: int, wake_write: int) -> Iterator[Keyboard]:
    """The terminal, until the block ends; a new size wakes whoever waits."""
    before = termios.tcgetattr(sys.stdin.fileno())

    def resized(_number: int, _frame: FrameType | None) -> None:
        os.write(wake_write, b"w")

    handler = signal.signal(signal.SIGWINCH, resized)
    try:
        # Ctrl-C stays what it is.
        tty.setcbreak(sys.stdin.fileno())
        sys.stdout.write(_ENTER)
        yield Keyboard(wake_read)
    finally:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, before)
        signal.signal(signal.SIGWINCH, handler)


def keys(typed: str) -> list[str]:
    """The keys of what was read at once: a named one, or one for each character."""
    if typed in _NAMED:
        return [_NAMED[typed]]
    if typed.startswith("\x1b"):
        return []
    return [_NAMED.get(char, char) for char in typed]
