"""Wakes the loop when holds have changed, or when that could not be known for a moment."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from proxy.cli.remote import Console, Negative

_REST_SECONDS = 1.0


@contextmanager
def feeding(api: Console, wake: int) -> Iterator[Callable[[], bool]]:
    """Wake by the pipe `wake` while the block lasts; gives whether something has changed since last asked."""
    ended, changed = threading.Event(), threading.Event()
    changed.set()

    def told() -> None:
        changed.set()
        with suppress(OSError):
            os.write(wake, b"c")

    def listen() -> None:
        while not ended.is_set():
            with suppress(Negative):
                for _ in api.events():
                    if ended.is_set():
                        return
                    told()
            if not ended.wait(_REST_SECONDS):
                # The stream had ended: whatever was missed is read anew.
                told()

    # The stream may be silent for long; it must not keep anybody who wants to leave.
    threading.Thread(target=listen, daemon=True).start()

    def take() -> bool:
        was = changed.is_set()
        changed.clear()
        return was

    try:
        yield take
    finally:
        ended.set()
