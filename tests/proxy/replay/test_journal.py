"""The journal: on disk before it says so, whole after any crash, and never believed when it was changed."""

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ulid import ULID

from proxy.replay.journal import Journal, JournalError
from rules.hold import State
from tests.proxy.journals import KEEP
from tests.rules.holds import a_hold

HOLD = a_hold(state=State.SENDING, fence=1)


def attempt() -> str:
    """The id of a new attempt."""
    return str(ULID())


class Clock:
    """A clock that is moved by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is to be."""
    return tmp_path / "journal"


@contextmanager
def opened(path: Path, clock: Clock | None = None) -> Iterator[Journal]:
    """The journal there."""
    journal = Journal(path, keep=KEEP, clock=clock or Clock())
    try:
        yield journal
    finally:
        journal.close()


def test_what_came_to_nothing_is_settled(path: Path) -> None:
    """For every process with the file, and for the attempts so far alone."""
    first, second = attempt(), attempt()
    with opened(path) as journal:
        journal.record(HOLD, first)
        journal.settle(HOLD)
        journal.record(HOLD, second)
        assert journal.in_doubt(HOLD) == (second,)
    with opened(path) as again:
        assert again.in_doubt(HOLD) == (second,)


def test_what_was_recorded_is_there_after_a_crash(path: Path) -> None:
    """Another process with the file knows it, whatever the store says of it."""
    first, second = attempt(), attempt()
    with opened(path) as journal:
        assert journal.in_doubt(HOLD) == ()
        journal.record(HOLD, first)
        journal.record(HOLD, second)
    with opened(path) as again:
        assert again.in_doubt(HOLD) == (first, second)
        assert again.in_doubt(replace(HOLD, sends=(first, second))) == (first, second)
        assert again.in_doubt(replace(HOLD, hold_id=attempt())) == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_says_nothing_about_the_call(path: Path) -> None:
    """Two ids and a time: no host, no path, no content."""
    with opened(path) as journal:
        journal.record(HOLD, attempt())
    [line] = path.read_bytes().splitlines()
    assert [len(part) for part in line.split(b" ")] == [1, 26, 26, 10, 8]


def test_every_cut_of_the_last_line(path: Path) -> None:
    """A crash in the middle of a write loses what was not acknowledged and nothing else."""
    first = attempt()
    with opened(path) as journal:
        journal.record(HOLD, first)
        whole = path.read_bytes()
        journal.record(HOLD, attempt())
    content = path.read_bytes()
    for size in range(len(whole), len(content)):
        path.write_bytes(content[:size])
        with opened(path) as again:
            assert again.in_doubt(HOLD) == (first,)
            third = attempt()
            again.record(HOLD, third)
        with opened(path) as after:
            assert after.in_doubt(HOLD) == (first, third)


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "one bit": lambda line: bytes([line[30] ^ 1 if n == 30 else byte for n, byte in enumerate(line)]),
    "another hold": lambda line: line.replace(HOLD.hold_id[-2:].encode(), b"BB", 1),
    "no checksum": lambda line: line[:-10] + b"\n",
    "binary": lambda _: b"\x00\xff" * 100 + b"\n",
    "text": lambda _: b"nothing was sent\n",
    "an empty line": lambda line: b"\n" + line,
    "another version": lambda line: b"2" + line[1:],
    "a long line": lambda line: b"1" * 100_000 + line,
    "two in one": lambda line: line[:-1] + line,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_changed_journal_is_not_believed(path: Path, case: str) -> None:
    """Sidegate does not start on it, and says what to do first."""
    with opened(path) as journal:
        journal.record(HOLD, attempt())
    path.write_bytes(HOSTILE[case](path.read_bytes()))
    with pytest.raises(JournalError, match=r"is damaged: line 1 .* move the journal away and start again"):
        Journal(path, keep=KEEP)


def test_what_is_no_file_of_ours(path: Path, tmp_path: Path) -> None:
    """A link, a pipe or a folder is not written to."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    path.symlink_to(elsewhere)
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(path, keep=KEEP)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(JournalError, match="no file of sidegate's own"):
        Journal(path, keep=KEEP)
    path.unlink()
    path.mkdir()
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(path, keep=KEEP)
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "nowhere" / "journal", keep=KEEP)


def test_it_does_not_grow_without_end(path: Path) -> None:
    """What is older than any approval is dropped when the file is written anew; the rest stays."""
    clock = Clock()
    with opened(path, clock) as journal:
        for _ in range(4000):
            journal.record(HOLD, attempt())
            clock.now += 60
        most = path.stat().st_size
        last = attempt()
        journal.record(HOLD, last)
        known = journal.in_doubt(HOLD)
    assert most < 600_000
    assert known[-1] == last
    assert len(known) >= KEEP / timedelta(seconds=60)
    with opened(path, clock) as again:
        assert again.in_doubt(HOLD) == known


def test_a_full_disk(path: Path) -> None:
    """What cannot be written may not leave; when there is room again, everything that counts is there."""
    first, refused, second = attempt(), attempt(), attempt()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(path) as journal:
        journal.record(HOLD, first)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, hard))
        try:
            for _ in range(3):
                with pytest.raises(JournalError, match=r"cannot be written \(.*\): make room for it"):
                    journal.record(HOLD, refused)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        journal.record(HOLD, second)
        assert journal.in_doubt(HOLD) == (first, second)
    with opened(path) as again:
        assert again.in_doubt(HOLD) == (first, second)


def test_a_deleted_journal_is_written_anew(path: Path) -> None:
    """Nothing is written to a file that nobody can find again."""
    first, second = attempt(), attempt()
    with opened(path) as journal:
        journal.record(HOLD, first)
        path.unlink()
        journal.record(HOLD, second)
    with opened(path) as again:
        assert again.in_doubt(HOLD) == (first, second)


@pytest.mark.parametrize("hold_id", ["", "short", "01JDB2X1V5Q0000000000000A\n", "a" * 26])
def test_an_id_that_no_hold_has(path: Path, hold_id: str) -> None:
    """What could not be read again is not written."""
    with opened(path) as journal, pytest.raises(JournalError, match="no hold has the id"):
        journal.record(replace(HOLD, hold_id=hold_id), attempt())
    assert path.read_bytes() == b""
