"""Processes, ports and waiting, as the parts of these tests need them."""

import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

_PAUSE_SECONDS = 0.02
_DEATH_SECONDS = 5.0


def until[T](
    probe: Callable[[], T | None], *, deadline: float, what: str, also: Callable[[], str] = str
) -> T:
    """Ask again and again until the probe gives something true.

    After `deadline` seconds that fails with `what` was waited for, and with what `also` tells.
    """
    end = time.monotonic() + deadline
    while True:
        if found := probe():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline:g} s for {what}\n{also()}")
        time.sleep(_PAUSE_SECONDS)


def living_in(folder: Path) -> set[int]:
    """The processes whose working directory lies in the folder: nobody else's are there."""
    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _lives_in(entry, folder)}


def _lives_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def listener_of(path: Path) -> int | None:
    """The process that listens on a unix socket, told by the kernel; None if nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return None
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int(struct.unpack("iII", credentials)[0])


def kill(pid: int) -> None:
    """End a process at once and wait until all of it is gone, whoever collects its exit code."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        # /proc shows a zombie while other threads of it still hold sockets; a pidfd waits for them.
        assert select.select([handle], [], [], _DEATH_SECONDS)[0], f"process {pid} does not end"
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)
