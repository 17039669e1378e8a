"""A bar on a terminal's standard error, so that a long run is seen to move."""

import sys

_WIDTH = 40


class Progress:
    """How much of `total` is done. Writes nothing where standard error is no terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown: int | None = None

    def advance(self, amount: int) -> None:
        """`amount` more is done."""
        self._done += amount
        percent = min(100, 100 * self._done // self._total) if self._total else 100
        if percent != self._shown and sys.stderr.isatty():
            self._shown = percent
            bar = "#" * (_WIDTH * percent // 100)
            sys.stderr.write(f"\r[{bar:<{_WIDTH}}] {percent:3} %")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the bar away, so that a line can be written in its place."""
        if self._shown is not None:
            sys.stderr.write(f"\r{'':<{_WIDTH + 8}}\r")
            sys.stderr.flush()
            self._shown = None
