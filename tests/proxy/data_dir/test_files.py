"""Files with secrets: private from the first byte, whole or not there, made once."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest

from proxy.data_dir.files import private_folder, read_secret, write_secret
from tests.proxy.crowd import processes, threads


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    """Leave privacy to the code: the process would let everybody read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """The permission bits of `path`."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\r\n", b"x" * 1_000_000], ids=["empty", "bytes", "large"])
def test_written_and_read(tmp_path: Path, content: bytes, exclusive: bool) -> None:
    """What was written comes back, only its owner can read it, and nothing else is left behind."""
    path = tmp_path / "secret"
    write_secret(path, content, exclusive=exclusive)
    assert read_secret(path) == content
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_written_over(tmp_path: Path) -> None:
    """A new content takes the place of the old one, and its mode is private again."""
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_secret(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)


def test_exclusive_leaves_what_is_there(tmp_path: Path) -> None:
    """Whoever comes second changes nothing and does not fail."""
    path = tmp_path / "secret"
    write_secret(path, b"first", exclusive=True)
    write_secret(path, b"second", exclusive=True)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_crash_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the new content cannot be written whole, the old one stays and no part of it lies about."""
    path = tmp_path / "secret"
    write_secret(path, b"old")

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        write_secret(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_name_is_durable_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is on the disk before its name is, and the name before the call returns."""
    steps: list[str] = []
    real = os.fsync

    def record(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        steps.append(f"{kind} {(tmp_path / 'key').exists()}")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    write_secret(tmp_path / "key", b"k", exclusive=True)
    assert steps == ["file False", "folder True"]


def _write(path: Path, number: int) -> bytes:
    write_secret(path, b"%03d" % number * 10_000, exclusive=True)
    return read_secret(path)


@pytest.mark.parametrize("workers", [threads, processes])
def test_made_once_by_many(tmp_path: Path, workers: Callable[[], Executor]) -> None:
    """However many make the file at once, all read the same whole content."""
    with workers() as pool:
        for attempt in range(5):
            path = tmp_path / str(attempt)
            jobs = [pool.submit(_write, path, number) for number in range(12)]
            contents = {job.result() for job in jobs}
            assert contents == {path.read_bytes()}
            assert len(path.read_bytes()) == 30_000
    assert len(list(tmp_path.iterdir())) == 5


def test_two_containers_with_one_process_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers whose process ids are equal do not write into one another's file."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    test_made_once_by_many(tmp_path, threads)


@pytest.mark.parametrize("bits", [0o604, 0o640, 0o602, 0o660, 0o601, 0o777])
def test_a_file_that_others_can_reach(tmp_path: Path, bits: int) -> None:
    """A secret that others can read or write is refused, with the cure and without the secret."""
    path = tmp_path / "secret"
    path.write_bytes(b"hunter2")
    path.chmod(bits)
    with pytest.raises(PermissionError) as caught:
        read_secret(path)
    assert str(caught.value) == f"`{path}` can be read by others: run `chmod 600 {path}`"


@pytest.mark.parametrize("bits", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone(tmp_path: Path, bits: int) -> None:
    """Any mode without bits for others is private enough."""
    path = tmp_path / "secret"
    path.write_bytes(b"hunter2")
    path.chmod(bits)
    assert read_secret(path) == b"hunter2"


def test_nothing_there(tmp_path: Path) -> None:
    """A missing file, a folder in its place and a missing folder are the system's own errors."""
    with pytest.raises(FileNotFoundError):
        read_secret(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        read_secret(private_folder(tmp_path / "folder"))
    with pytest.raises(FileNotFoundError):
        write_secret(tmp_path / "none" / "secret", b"")


def test_a_private_folder(tmp_path: Path) -> None:
    """A new folder is private from its making, with those above it where they are missing."""
    path = private_folder(tmp_path / "a" / "b")
    assert (path, mode(path)) == (tmp_path / "a" / "b", 0o700)


def test_a_folder_that_was_open(tmp_path: Path) -> None:
    """A folder that is there is made private and keeps what is in it."""
    (tmp_path / "data").mkdir(mode=0o777)
    (tmp_path / "data" / "kept").write_text("x")
    private_folder(tmp_path / "data")
    assert mode(tmp_path / "data") == 0o700
    assert (tmp_path / "data" / "kept").read_text() == "x"


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    """A file is not taken for a folder."""
    (tmp_path / "data").write_text("x")
    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize(
    ("mode", "owner", "group", "given", "taken"),
    [
        (0o440, 0, 1500, True, True),
        (0o440, 0, 1500, False, False),
        (0o444, 0, 1500, True, False),
        (0o460, 0, 1500, True, False),
        (0o440, 1500, 1500, True, False),
        (0o400, 1500, 1500, True, True),
        (0o640, 1500, 1500, True, False),
    ],
)
def test_what_a_platform_gives(mode: int, owner: int, group: int, given: bool, taken: bool) -> None:
    """Kubernetes mounts secrets as root's, readable for the pod's group; nobody else's group is enough."""
    path = Path(tempfile.mkdtemp(dir="/tmp")) / "token"
    path.parent.chmod(0o755)
    path.write_bytes(b"token")
    os.chown(path, owner, group)
    path.chmod(mode)
    program = (
        "import os; from pathlib import Path; from proxy.data_dir.files import read_secret\n"
        "os.setgroups([]); os.setgid(1500); os.setuid(1500)\n"
        f"try: print(read_secret(Path({str(path)!r}), given={given}) == b'token')\n"
        "except PermissionError: print(False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    shutil.rmtree(path.parent)
    assert done.stdout.strip() == str(taken), done.stderr
