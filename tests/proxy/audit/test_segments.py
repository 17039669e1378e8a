"""The files of a chain: what a crash, a full disk and a second process do to them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.audit.segments import AuditError, Segments
from tests.rules.audit.chains import BEGAN, chain, text_of

LINES = chain(10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a chain of ten records in one file."""
    folder = tmp_path / "audit"
    folder.mkdir()
    (folder / "000000000001.jsonl").write_bytes(text_of(LINES))
    return folder


def test_a_new_chain_has_no_last_record(tmp_path: Path) -> None:
    """And its files are nobody else's."""
    segments = Segments(tmp_path / "audit", file_bytes=100)
    segments.append(b"x\n", durable=True)
    segments.close()
    [file] = (tmp_path / "audit").glob("*.jsonl")
    assert (file.name, file.read_bytes(), file.stat().st_mode & 0o777) == (
        "000000000001.jsonl",
        b"x\n",
        0o600,
    )


@pytest.mark.parametrize(
    "torn",
    [
        b"{",
        LINES[3][:-1],
        b"\0" * 4096,
        b"{}\n",
        b'{"half":\n{"more"',
        b"\n",
        LINES[3][:40] + b"\n" + b"\0" * 100,
    ],
    ids=range(7),
)
def test_a_torn_end_is_moved_aside(folder: Path, torn: bytes) -> None:
    """Nothing of it is lost, and the chain goes on after the last whole record."""
    file = folder / "000000000001.jsonl"
    file.write_bytes(text_of(LINES) + torn)
    segments = Segments(folder, file_bytes=10**6)
    assert segments.mended is not None
    assert segments.last is not None
    assert segments.last[0].seq == 10
    assert (folder / segments.mended.file).read_bytes() == torn
    assert file.read_bytes() == text_of(LINES)
    segments.close()


def test_a_file_that_a_crash_left_empty_is_passed_over(folder: Path) -> None:
    """It was made for the next record, which never came."""
    (folder / "000000000011.jsonl").touch()
    segments = Segments(folder, file_bytes=10**6)
    assert segments.last is not None
    assert segments.last[0].seq == 10
    segments.close()


def test_a_file_without_any_record_is_nothing_to_go_on_with(folder: Path) -> None:
    """To begin a new chain would hide that there was one."""
    (folder / "000000000001.jsonl").write_bytes(b"x" * 10_000_000)
    with pytest.raises(AuditError, match="sidegate audit verify"):
        Segments(folder, file_bytes=10**6)


def test_only_one_process_writes_a_chain(folder: Path) -> None:
    """Two would fork it."""
    first = Segments(folder, file_bytes=10**6)
    with pytest.raises(AuditError, match="another process"):
        Segments(folder, file_bytes=10**6)
    first.close()
    Segments(folder, file_bytes=10**6).close()


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Somebody could have anything overwritten."""
    (folder / "000000000001.jsonl").rename(tmp_path / "elsewhere.jsonl")
    (folder / "000000000001.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    with pytest.raises(AuditError, match="cannot be written"):
        Segments(folder, file_bytes=10**6)


def test_a_deleted_file_is_followed_by_another_one(folder: Path) -> None:
    """Under the number of its first record, so that those that are gone are missed."""
    segments = Segments(folder, file_bytes=10**6)
    (folder / "000000000001.jsonl").unlink()
    segments.settle(11)
    segments.append(b"x\n", durable=False)
    segments.close()
    assert (folder / "000000000011.jsonl").read_bytes() == b"x\n"


def test_old_files_are_those_whose_last_record_is_old(folder: Path) -> None:
    """The one in use never is."""
    segments = Segments(folder, file_bytes=10)
    assert segments.full
    segments.begin(11)
    keep, later = timedelta(days=183), BEGAN + timedelta(days=183, seconds=11)
    assert [old.through for old in segments.old(now=later, keep=keep)] == [10]
    assert list(segments.old(now=later - timedelta(seconds=5), keep=keep)) == []
    segments.close()


def test_a_clock_that_jumps_back_deletes_nothing(folder: Path) -> None:
    """A record of the future is not old."""
    segments = Segments(folder, file_bytes=10)
    segments.begin(11)
    assert list(segments.old(now=datetime(1970, 1, 1, tzinfo=UTC), keep=timedelta(days=183))) == []
    segments.close()
