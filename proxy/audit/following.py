"""Audit records read on as they are written, from where a reader stopped, in pieces of a bounded size."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rules.audit.record import LONGEST, Record, read

logger = logging.getLogger(__name__)

MOST = 500
"""Records in one piece."""
_MOST_BYTES = 4 * LONGEST
_MOST_SAID = 100

type Seen = dict[str, int]
"""The number of the last record that was taken, by chain."""


@dataclass(frozen=True, slots=True)
class Line:
    """A record, as it was read and as it is written; and where the next one begins."""

    record: Record
    text: bytes
    file: Path
    end: int


def _always(_record: Record) -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class Follower:
    """Reads the chains in the folders of `folder`. `ready`: whether a record is sure to stay as it is.

    Nothing is passed over in silence: what is no longer there is counted in `missed`.
    """

    folder: Path
    seen: Seen = field(default_factory=dict)
    ready: Callable[[Record], bool] = _always
    missed: int = 0
    _at: dict[Path, tuple[Path, int]] = field(default_factory=dict)
    _turn: int = 0
    _said: set[tuple[Path, int]] = field(default_factory=set)

    def more(self) -> Sequence[Line]:
        """The next records of one chain; none if there are no new ones. Raises OSError."""
        chains = sorted(path for path in self.folder.iterdir() if path.is_dir())
        for step in range(len(chains)):
            at = (self._turn + step) % len(chains)
            if found := list(self._piece(chains[at])):
                # The others' turn comes next, however much this one has.
                self._turn = at + 1
                return found
        return ()

    def take(self, lines: Sequence[Line]) -> None:
        """Go on after these, which were read last."""
        for line in lines:
            chain, seq = line.record.chain, line.record.seq
            if (last := self.seen.get(chain)) is not None and seq > last + 1:
                logger.error("audit.missed chain=%s after=%d before=%d", chain, last, seq)
                self.missed += seq - last - 1
            self.seen[chain] = seq
            self._at[line.file.parent] = (line.file, line.end)

    def _piece(self, chain: Path) -> Iterator[Line]:
        count = size = 0
        for line in self._lines(chain):
            if line.record.seq <= self.seen.get(line.record.chain, 0):
                continue
            if not self.ready(line.record):
                return
            yield line
            count, size = count + 1, size + len(line.text)
            if count >= MOST or size >= _MOST_BYTES:
                return

    def _lines(self, chain: Path) -> Iterator[Line]:
        """From where the last one that was taken ends."""
        files: Sequence[Path] = sorted(chain.glob("*.jsonl"))
        file, offset = self._at.get(chain, (None, 0))
        if file in files:
            files = files[files.index(file) :]
        else:
            files, offset = _unseen(files, self.seen), 0
        for path in files:
            # Pruned, or not there yet.
            with suppress(FileNotFoundError):
                yield from self._read(path, offset)
            offset = 0

    def _read(self, path: Path, offset: int) -> Iterator[Line]:
        for end, text in _whole(path, offset):
            try:
                yield Line(read(text), text, path, end)
            except ValueError:
                self._complain(path, end)

    def _complain(self, path: Path, end: int) -> None:
        if (path, end) not in self._said and len(self._said) < _MOST_SAID:
            self._said.add((path, end))
            logger.error("audit.unreadable file=%s end=%d: it is no record: run `audit verify`", path, end)


def _whole(path: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines and where they end; where the file ends within one, that is still being written."""
    with path.open("rb") as file:
        file.seek(offset)
        while text := file.readline(LONGEST + 2):
            offset += len(text)
            if text.endswith(b"\n"):
                yield offset, text[:-1]
            elif len(text) <= LONGEST:
                return


def _unseen(files: Sequence[Path], seen: Mapping[str, int]) -> Sequence[Path]:
    """Without those that were taken whole: the file after one is named by its own first record's number."""
    for at, following in enumerate(files[1:]):
        if not following.stem.isdecimal() or int(following.stem) > seen.get(_chain(files[at]), 0) + 1:
            return files[at:]
    return files[-1:]


def _chain(path: Path) -> str:
    """Whose records a file has."""
    try:
        return next((read(text).chain for _, text in _whole(path, 0)), "")
    except (FileNotFoundError, ValueError):
        return ""
