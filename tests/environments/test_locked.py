"""Environments are made once for each lock file, and say why they cannot be."""

from pathlib import Path

import pytest

from tests.environments import locked


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for lock files and environments; nothing has to be downloaded."""
    (tmp_path / "python").mkdir()
    monkeypatch.setattr(locked, "_HERE", tmp_path)
    monkeypatch.setattr(locked, "_CACHE", tmp_path / "made")
    return tmp_path


def test_an_environment_is_made_once_and_again_when_its_lock_file_changes(bare: Path) -> None:
    """What was put into it stays until then."""
    lock = bare / "python" / "empty.txt"
    lock.write_text("# nothing\n")
    program = locked.python("empty")
    mark = program.parent / "mark"
    mark.touch()
    assert (locked.python("empty"), mark.exists()) == (program, True)
    lock.write_text("# nothing else\n")
    assert (locked.python("empty"), mark.exists()) == (program, False)


def test_what_cannot_be_installed_is_said_and_not_kept(bare: Path) -> None:
    """A requirement without a hash is refused each time it is asked for."""
    (bare / "python" / "loose.txt").write_text("certifi\n")
    for _ in range(2):
        with pytest.raises(locked.NotInstallable, match="hash"):
            locked.python("loose")


def test_no_lock_file_names_a_registry() -> None:
    """They are as good with another registry as with this one."""
    locks = [*locked._HERE.glob("python/*.txt"), *locked._HERE.glob("node/*/package-lock.json")]
    assert locks
    assert not [
        lock for lock in locks if any(word in lock.read_text() for word in ("://registry", "index-url"))
    ]
