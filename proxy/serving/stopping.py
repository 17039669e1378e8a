"""How a process is told to end, or to read its rules again."""

import asyncio
import os
import signal
from collections.abc import Callable

_STDIN = 0


def on_signal(reload: Callable[[], None]) -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets; the second one ends the process.

    SIGHUP calls `reload`. It stops a process too, if its terminal is gone.
    """
    stop = asyncio.Event()
    on_terminal = os.isatty(_STDIN)

    def hung_up() -> None:
        # A terminal that was closed is none any more.
        if on_terminal and not os.isatty(_STDIN):
            stop.set()
        else:
            reload()

    def received() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, received)
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    return stop
