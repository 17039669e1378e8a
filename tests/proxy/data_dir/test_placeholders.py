"""Placeholders in the data folder: those of the last configuration, private, or a fault that is said."""

import stat
from pathlib import Path

import pytest

from proxy.data_dir.placeholders import read_placeholders, write_placeholders


def test_what_was_written(tmp_path: Path) -> None:
    """It comes back, and only its owner can read it; none before, none after."""
    assert read_placeholders(tmp_path) == {}
    write_placeholders(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
    write_placeholders(tmp_path, {"TOKEN": "ghp_x"})
    [path] = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_placeholders(tmp_path) == {"TOKEN": "ghp_x"}
    write_placeholders(tmp_path, {})
    assert read_placeholders(tmp_path) == {}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"A": 1}', b"\xff", b"null"], ids=repr)
def test_what_is_none(tmp_path: Path, content: bytes) -> None:
    """A file that something else wrote gives nobody a variable."""
    write_placeholders(tmp_path, {"TOKEN": "x"})
    (tmp_path / "placeholders.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_placeholders(tmp_path)


def test_a_file_that_others_can_read(tmp_path: Path) -> None:
    """Others could have written what the agent is given."""
    write_placeholders(tmp_path, {"TOKEN": "x"})
    (tmp_path / "placeholders.json").chmod(0o644)
    with pytest.raises(PermissionError):
        read_placeholders(tmp_path)
