"""Where keys come from: files, the environment, a vault; what is wrong is said and nothing is lost."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.keys.source import InEnvironment, InFiles, KeyFault
from tests.proxy.keys.test_command import vault

NEW = os.urandom(32)


@pytest.fixture(params=["clear", "wrapped"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> InFiles:
    """Give a new folder for keys, in clear and behind a vault."""
    return InFiles(folder=tmp_path, vault=vault(tmp_path) if request.param == "wrapped" else None)


def test_made_on_first_use(files: InFiles) -> None:
    """One key of 32 bytes in a private file, the same ever after."""
    [key] = files.read()
    assert len(key) == 32
    assert files.newest.stat().st_mode & 0o777 == 0o600
    assert files.read() == [key]
    assert (files.newest.read_bytes() == key) is (files.vault is None)


def test_prepared_and_promoted(files: InFiles) -> None:
    """The next key is known first and used later; the old one stays."""
    [old] = files.read()
    files.prepare()
    files.prepare()
    known = files.read()
    assert known[0] == old
    assert len(known) == 2
    files.promote()
    assert files.read() == [known[1], old]
    assert not files.next.exists()
    files.promote()
    assert set(files.read()[1:]) == {known[1], old}


@pytest.mark.parametrize("write", range(3))
def test_a_crash_at_any_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int) -> None:
    """Whatever a promotion got done, every key is still there, and the next try ends it."""
    files = InFiles(folder=tmp_path)
    [old] = files.read()
    files.prepare()
    before = set(files.read())
    steps = iter(range(3))
    real: tuple[Callable[..., Any], ...] = (Path.replace, Path.hardlink_to, Path.unlink)

    def crashing(step: Callable[..., object]) -> Callable[..., object]:
        def stepping(path: Path, *given: object, **how: object) -> object:
            if (not path.name.startswith(".") or step is not real[2]) and next(steps) == write:
                raise KeyboardInterrupt
            return step(path, *given, **how)

        return stepping

    with monkeypatch.context() as patched:
        for name, step in zip(("replace", "hardlink_to", "unlink"), real, strict=True):
            patched.setattr(Path, name, crashing(step))
        with pytest.raises(KeyboardInterrupt):
            files.promote()
    assert set(files.read()) == before
    files.promote()
    assert old in files.read()[1:]
    assert before <= set(files.read())


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_a_file_of_another_size(tmp_path: Path, size: int) -> None:
    """A cut or padded key is refused with the cure, and left as it is."""
    files = InFiles(folder=tmp_path)
    files.newest.write_bytes(b"k" * size)
    files.newest.chmod(0o600)
    with pytest.raises(KeyFault, match=rf"`{files.newest}` has {size} bytes instead of 32: restore it"):
        files.read()
    assert files.newest.stat().st_size == size


def test_a_file_that_others_can_read(tmp_path: Path) -> None:
    """A key of a wrong mode is no secret any more."""
    files = InFiles(folder=tmp_path)
    files.read()
    files.newest.chmod(0o604)
    with pytest.raises(PermissionError, match="chmod 600"):
        files.read()


def test_the_newest_is_missing_beside_older_ones(tmp_path: Path) -> None:
    """A new key would open nothing, so none is made."""
    files = InFiles(folder=tmp_path)
    files.read()
    files.promote()
    files.newest.unlink()
    with pytest.raises(KeyFault, match=r"is missing beside `seal\..*restore it from a backup"):
        files.read()


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    """A mount that is not there yet is not answered with a new key beside it."""
    files = InFiles(folder=tmp_path)
    files.newest.symlink_to(tmp_path / "mounted")
    with pytest.raises(FileNotFoundError):
        files.read()


def test_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest first; no file is made."""
    keys = [os.urandom(32) for _ in range(2)]
    monkeypatch.setenv("HOUSE_KEYS", "\n".join(base64.b64encode(key).decode() for key in keys))
    assert InEnvironment("HOUSE_KEYS").read() == keys
    for make in (InEnvironment("HOUSE_KEYS").prepare, InEnvironment("HOUSE_KEYS").promote):
        with pytest.raises(KeyFault, match="put a new one first, keep the old ones after it"):
            make()


@pytest.mark.parametrize(
    "value", ["", " \n", "c2hvcnQ=", "!" * 44, "ö" * 44], ids=["none", "white", "short", "odd", "not ascii"]
)
def test_an_environment_without_a_key(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Which variable and which of its keys; never what stands there."""
    monkeypatch.setenv("HOUSE_KEYS", value)
    with pytest.raises(KeyFault, match="`HOUSE_KEYS` is") as caught:
        InEnvironment("HOUSE_KEYS").read()
    assert value.strip() == "" or value not in str(caught.value)
