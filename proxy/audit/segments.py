"""The files of one chain: appended to by one process, mended after a crash, rotated, and in time deleted.

Each is named by the number of its first record. Only the end of the last one is ever touched.
"""

import fcntl
import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex

from proxy.data_dir.files import private_folder, sync_folder, write_secret
from rules.audit.record import LONGEST, Place, Record, digest, read

logger = logging.getLogger(__name__)

_PRIVATE = 0o600
_NAME_BYTES = 8
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TAIL = 4 * LONGEST


class AuditError(Exception):
    """the audit trail cannot be written"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What a crash had left at the end of a chain, and where it was moved."""

    bytes: int
    sha256: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """A file whose time is over: its last record."""

    path: Path
    through: int
    hash: str


class Segments:
    """The files in `folder`. Raises AuditError if they are somebody else's, or in use."""

    def __init__(self, folder: Path, *, file_bytes: int) -> None:
        self.folder = private_folder(folder)
        self._file_bytes = file_bytes
        self._lock = _locked(folder)
        self.mended: Mended | None = None
        self.last: tuple[Record, str] | None = None
        """The last record and its hash; None for a new chain."""
        self._file = -1
        self._size = 0
        try:
            self._resume()
        except BaseException:
            self.close()
            raise

    @property
    def place(self) -> Place:
        """Where the chain goes on: a new one gets a name that no other chain has."""
        if self.last is None:
            return Place(chain=f"{self.folder.name}-{token_hex(_NAME_BYTES)}")
        record, hash_ = self.last
        return Place(chain=record.chain, epoch=record.epoch + 1, seq=record.seq + 1, prev=hash_)

    @property
    def full(self) -> bool:
        """Whether the next record goes to a file of its own."""
        return self._size >= self._file_bytes

    def begin(self, seq: int) -> None:
        """Go on in a new file, whose first record has this number."""
        self._open(self.folder / f"{seq:012}.jsonl")

    def append(self, data: bytes, *, durable: bool) -> None:
        """Write whole lines, or nothing. Raises OSError; then the file ends where it did."""
        try:
            if os.write(self._file, data) < len(data):
                raise OSError(0, "no space left for a whole line")
            if durable:
                os.fdatasync(self._file)
        except OSError:
            # Should that fail too, the size is still the one to go back to before the next line.
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def sync(self) -> None:
        """Have on disk what was written. Raises OSError."""
        os.fdatasync(self._file)

    def settle(self, seq: int) -> None:
        """Make sure that the file is there and ends with the last whole line; `seq`: of the next record.

        In the place of a file that was deleted comes another one: the numbers that are missing will tell.
        """
        found = os.fstat(self._file)
        if found.st_nlink == 0:
            logger.error("audit.deleted before=%d", seq)
            self.begin(seq)
        elif found.st_size != self._size:
            os.ftruncate(self._file, self._size)

    def old(self, *, now: datetime, keep: timedelta) -> Iterator[Old]:
        """Files whose last record is older than `keep`, the oldest first; never the one in use."""
        for path in _files(self.folder)[:-1]:
            last = _last(path)
            if last is None or now - datetime.fromisoformat(last[0].at) <= keep:
                return
            yield Old(path=path, through=last[0].seq, hash=last[1])

    def close(self) -> None:
        """Write no more."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def _resume(self) -> None:
        """Find the end of the chain, and move aside what a crash has torn."""
        files = _files(self.folder)
        for path in reversed(files):
            self._mend(path)
            self.last = _last(path)
            if self.last is not None:
                self._open(path)
                return
            if path.stat().st_size:
                raise AuditError(
                    f"`{path}` does not end with an audit record: move the folder `{self.folder}` to a "
                    "safe place, check it with `sidegate audit verify`, and start again"
                )
            path.unlink()
        if files:
            raise AuditError(f"no file in `{self.folder}` has a record: restore it from a backup or move it")
        self.begin(1)

    def _mend(self, path: Path) -> None:
        """Cut what stands after the last whole record, and keep it in a file of its own."""
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - _TAIL))
            tail = file.read()
        whole = len(tail)
        while whole and not _ends_whole(tail[:whole]):
            whole = tail.rfind(b"\n", 0, whole - 1) + 1
        torn = tail[whole:]
        if not torn or (not whole and size > len(tail)):
            return
        name = f"torn-{size - len(torn):012}-{path.stem}"
        write_secret(self.folder / name, torn)
        with path.open("r+b") as file:
            file.truncate(size - len(torn))
            os.fsync(file.fileno())
        self.mended = Mended(bytes=len(torn), sha256=hashlib.sha256(torn).hexdigest(), file=name)

    def _open(self, path: Path) -> None:
        try:
            file = os.open(path, _APPEND, _PRIVATE)
        except OSError as error:
            raise AuditError(f"`{path}` cannot be written ({error.strerror}): make room for it") from error
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            os.close(file)
            raise AuditError(f"`{path}` is no file of sidegate's own: move it away")
        os.fchmod(file, _PRIVATE)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = file, found.st_size
        sync_folder(self.folder)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def _last(path: Path) -> tuple[Record, str] | None:
    """The last record of a file, and its hash."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 2 * LONGEST))
        lines = file.read().split(b"\n")
    try:
        return (read(lines[-2]), digest(lines[-2])) if len(lines) > 1 else None
    except ValueError:
        return None


def _ends_whole(text: bytes) -> bool:
    if not text.endswith(b"\n"):
        return False
    try:
        read(text[text.rfind(b"\n", 0, len(text) - 1) + 1 : -1])
    except ValueError:
        return False
    return True


def _locked(folder: Path) -> int:
    """The folder's lock, which ends with the process. Raises AuditError."""
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _PRIVATE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise AuditError(f"another process writes the audit trail in `{folder}`: stop it") from None
    return lock
