"""One sidecar per data folder: two would write one another's files."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyServing(Exception):
    """another sidecar serves from this data folder"""


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock; it is gone with the process. Raises AlreadyServing."""
    descriptor = os.open(data_dir / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyServing(
                f"another sidecar serves from `{data_dir}`: stop it, or give another --data-dir"
            ) from error
        yield
    finally:
        os.close(descriptor)
