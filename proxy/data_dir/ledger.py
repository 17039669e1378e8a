"""A small JSON file that only its owner can read: changed by one process at a time, read anew when it was."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from proxy.data_dir.files import private_folder, read_secret, write_secret
from rules.language.document import Strict

_MOST_BYTES = 4 * 1024 * 1024


class Ledger[M: Strict]:
    """One file, as `model`; an empty one is `model()`."""

    def __init__(self, path: Path, model: type[M]) -> None:
        self.path = path
        self._model = model
        self._read: tuple[tuple[int, int, int], M] | None = None

    def content(self) -> M:
        """What stands there now. Raises ValueError with the cure, or OSError."""
        try:
            mark = _mark(self.path)
        except FileNotFoundError:
            return self._model()
        if self._read is None or self._read[0] != mark:
            self._read = (mark, self._parsed())
        return self._read[1]

    def change(self, changed: Callable[[M], M]) -> M:
        """Write what `changed` makes of it; nobody else writes meanwhile. Raises as `content`."""
        private_folder(self.path.parent)
        with self._alone():
            before = self.content()
            after = changed(before)
            if after != before:
                write_secret(self.path, after.model_dump_json(indent=1).encode() + b"\n")
        return after

    def _parsed(self) -> M:
        content = read_secret(self.path)
        try:
            if len(content) > _MOST_BYTES:
                raise ValueError
            return self._model.model_validate_json(content)
        except (ValidationError, ValueError, json.JSONDecodeError) as error:
            # What is wrong with it could quote what is in it.
            raise ValueError(
                f"`{self.path}` was changed by hand or broken: restore it, or remove it and set it up anew"
            ) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self.path.with_suffix(".lock"), flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _mark(path: Path) -> tuple[int, int, int]:
    """What changes with every change: each writes a new file."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
