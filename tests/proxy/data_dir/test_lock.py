"""One sidecar per data folder, and no lock that outlives its holder."""

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from proxy.data_dir.lock import AlreadyServing, exclusive, held

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys
from pathlib import Path
from proxy.data_dir.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    """The message names the folder and both cures; afterwards the folder is free."""
    with exclusive(tmp_path):
        with pytest.raises(AlreadyServing) as raised, exclusive(tmp_path):
            pytest.fail("two hold it")
        assert str(raised.value) == (
            f"another sidecar serves from `{tmp_path}`: stop it, or give another --data-dir"
        )
    with exclusive(tmp_path):
        assert (tmp_path / "serve.lock").stat().st_mode & 0o777 == 0o600


def test_two_folders_do_not_exclude_each_other(tmp_path: Path) -> None:
    """Each sidecar has its own."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with exclusive(tmp_path / "one"), exclusive(tmp_path / "two"):
        pass


def test_an_error_frees_the_folder(tmp_path: Path) -> None:
    """However the holder ends."""
    with pytest.raises(RuntimeError), exclusive(tmp_path):
        raise RuntimeError
    with exclusive(tmp_path):
        pass


def test_a_killed_holder_frees_the_folder(tmp_path: Path) -> None:
    """No stale lock has to be removed by hand after a crash."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyServing), exclusive(tmp_path):
            pytest.fail("two hold it")
        holder.kill()
        holder.wait(10)
    with exclusive(tmp_path):
        pass


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """The store's server outlives the sidecar; the folder must not stay locked with it."""
    with exclusive(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        with exclusive(tmp_path):
            pass
    finally:
        child.communicate(b"\n", timeout=10)


def test_whether_it_is_held(tmp_path: Path) -> None:
    """Only while the holder lives; asking makes no file and takes nothing away."""
    assert not held(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with exclusive(tmp_path):
        assert held(tmp_path)
        assert held(tmp_path)
    assert not held(tmp_path)


def test_who_asks_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """Whoever looks at the lock in the very moment of a start is waited for."""
    with exclusive(tmp_path):
        pass
    with (tmp_path / "serve.lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        done = threading.Timer(0.1, fcntl.flock, (asking, fcntl.LOCK_UN))
        done.start()
        with exclusive(tmp_path):
            assert held(tmp_path)
        done.join()
