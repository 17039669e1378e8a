"""One sidecar per data folder: two would write one another's files."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Whoever asks `held` shares the lock for an instant, which must keep no sidecar from starting.
_TRIES = 5
_PAUSE = 0.05


class AlreadyServing(Exception):
    """another sidecar serves from this data folder"""


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock; it is gone with the process. Raises AlreadyServing."""
    descriptor = os.open(data_dir / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not any(_taken(descriptor, wait=wait) for wait in (0.0, *[_PAUSE] * _TRIES)):
            raise AlreadyServing(
                f"another sidecar serves from `{data_dir}`: stop it, or give another --data-dir"
            )
        yield
    finally:
        os.close(descriptor)


def held(data_dir: Path) -> bool:
    """Whether a sidecar lives that holds the folder's lock; a process id would not tell."""
    try:
        descriptor = os.open(data_dir / "serve.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _taken(descriptor: int, *, wait: float) -> bool:
    time.sleep(wait)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
