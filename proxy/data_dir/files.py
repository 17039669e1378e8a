"""Files of the data folder: private from the first byte, whole or not there."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_OTHERS = 0o077


def private_folder(path: Path) -> Path:
    """`path` as an existing folder that only its owner can enter."""
    path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.chmod(_PRIVATE_FOLDER)
    return path


def write_secret(path: Path, content: bytes, *, exclusive: bool = False) -> None:
    """Write `content` with mode 0600, durably and whole. `exclusive`: never over an existing file."""
    # A name that nobody else can have: containers that share a folder may share process ids too.
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if exclusive:
            with suppress(FileExistsError):
                path.hardlink_to(part)
        else:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_secret(path: Path, *, given: bool = False) -> bytes:
    """The content of a file that only its owner can read. Raises PermissionError otherwise.

    `given`: root may have given it to a group of ours, as Kubernetes does with the files of its secrets.
    """
    found = path.stat()
    ours = given and found.st_uid == 0 != os.geteuid() and found.st_gid in (os.getegid(), *os.getgroups())
    if stat.S_IMODE(found.st_mode) & (_OTHERS & ~stat.S_IRGRP if ours else _OTHERS):
        raise PermissionError(f"`{path}` can be read by others: run `chmod 600 {path}`")
    return path.read_bytes()


def sync_folder(folder: Path) -> None:
    """Make a new name in `folder` outlive a power failure; its content alone would not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
