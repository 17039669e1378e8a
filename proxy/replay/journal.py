"""The journal: which attempts may have left this machine, on its own disk before their first byte.

The store says the same, but a store that fails over can lose what it has acknowledged, and somebody may
write to it. What stands here stays, until this process learns that the attempt came to nothing.
"""

import logging
import os
import re
import stat
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import time

from proxy.data_dir.files import write_secret
from rules.hold import Hold

logger = logging.getLogger(__name__)

_PRIVATE = 0o600
_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LINE = re.compile(rb"([01]) ([0-9A-Z]{26}) ([0-9A-Z]{26}) (\d{1,12}) ([0-9a-f]{8})")
_COMPACT_OVER = 256 * 1024
_MOST_BYTES = 64 * 1024 * 1024


class JournalError(Exception):
    """the journal cannot be used: nothing is sent without it"""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One attempt of one hold, and when it was written, in seconds. `left`: it may have left this machine."""

    hold_id: str
    attempt: str
    at: int
    left: bool = True

    def line(self) -> bytes:
        """The entry as it stands in the file."""
        text = b"%d %b %b %d" % (self.left, self.hold_id.encode(), self.attempt.encode(), self.at)
        return b"%b %08x\n" % (text, zlib.crc32(text))


class Journal:
    """The journal at `path`. Entries older than `keep` are dropped: no approval is as old.

    Raises JournalError where it cannot be written, or was changed by somebody else.
    """

    def __init__(self, path: Path, *, keep: timedelta, clock: Callable[[], float] = time) -> None:
        self._path = path
        self._keep = keep.total_seconds()
        self._clock = clock
        self._lock = threading.Lock()
        self._compact_over = _COMPACT_OVER
        self._file = self._opened()
        self._entries = list(self._read())
        self._sound = True

    def record(self, hold: Hold, attempt: str) -> None:
        """Write down, durably, that `attempt` may leave. Raises JournalError; then it may not."""
        self._write(_Entry(hold.hold_id, attempt, int(self._clock())))

    def settle(self, hold: Hold) -> None:
        """Write down that no attempt of `hold` so far has run. Raises JournalError; they stay in doubt."""
        for attempt in self.in_doubt(hold):
            self._write(_Entry(hold.hold_id, attempt, int(self._clock()), left=False))

    def in_doubt(self, hold: Hold) -> tuple[str, ...]:
        """The attempts of `hold` that may have left and are not known to have come to nothing.

        INVARIANT: nothing that the store says of them counts here.
        """
        with self._lock:
            mine = [entry for entry in self._entries if entry.hold_id == hold.hold_id]
        settled = {entry.attempt for entry in mine if not entry.left}
        return tuple(entry.attempt for entry in mine if entry.left and entry.attempt not in settled)

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)

    def _write(self, entry: _Entry) -> None:
        line = entry.line()
        if not _LINE.fullmatch(line[:-1]):
            raise JournalError(f"no hold has the id `{entry.hold_id[:64]}`: the store was written to")
        with self._lock:
            try:
                if self._outgrown():
                    self._rewrite()
                self._append(line)
            except OSError as error:
                # What came of it on disk is not certain, so the next one writes all of it anew.
                self._sound = False
                why = error.strerror or type(error).__name__
                raise JournalError(
                    f"the journal `{self._path}` cannot be written ({why}): make room for it"
                ) from error
            self._entries.append(entry)

    def _opened(self) -> int:
        try:
            if not self._path.exists():
                write_secret(self._path, b"", exclusive=True)
            file = os.open(self._path, _APPEND)
        except OSError as error:
            raise JournalError(
                f"the journal `{self._path}` cannot be opened ({error.strerror}): make it a file of "
                "sidegate's own that it can write"
            ) from error
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES or found.st_uid != os.geteuid():
            os.close(file)
            raise self._damaged("it is no file of sidegate's own, or larger than any")
        os.fchmod(file, _PRIVATE)
        return file

    def _read(self) -> Iterator[_Entry]:
        content = self._path.read_bytes()
        # A line that was cut short was never acknowledged, so what it is about has not left.
        *lines, torn = content.split(b"\n")
        if torn:
            logger.warning("journal.torn_line_cut bytes=%d", len(torn))
            os.ftruncate(self._file, len(content) - len(torn))
        for number, line in enumerate(lines, start=1):
            found = _LINE.fullmatch(line)
            if found is None or int(found[5], 16) != zlib.crc32(line[: found.end(4)]):
                raise self._damaged(f"line {number} is not what was written")
            yield _Entry(found[2].decode(), found[3].decode(), int(found[4]), left=found[1] == b"1")

    def _damaged(self, why: str) -> JournalError:
        return JournalError(
            f"the journal `{self._path}` is damaged: {why}; find out at the upstream which approved holds "
            "ran, cancel or resolve those, then move the journal away and start again"
        )

    def _outgrown(self) -> bool:
        """Whether to write it anew: it is large, was deleted, or its end is not certain."""
        found = os.fstat(self._file)
        return not self._sound or found.st_nlink == 0 or found.st_size > self._compact_over

    def _rewrite(self) -> None:
        """Write what still counts to a file that takes this one's place."""
        oldest = self._clock() - self._keep
        self._entries = [entry for entry in self._entries if entry.at >= oldest]
        content = b"".join(_lines(self._entries))
        write_secret(self._path, content)
        file = os.open(self._path, _APPEND)
        os.close(self._file)
        self._file = file
        self._compact_over = max(_COMPACT_OVER, 2 * len(content))
        self._sound = True

    def _append(self, line: bytes) -> None:
        if os.write(self._file, line) < len(line):
            raise OSError(0, "no space left for a whole line")
        os.fdatasync(self._file)


def _lines(entries: Iterable[_Entry]) -> Iterator[bytes]:
    return (entry.line() for entry in entries)
