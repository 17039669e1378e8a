"""Tests of `sidegate audit export`."""

from pathlib import Path

import pytest

from tests.proxy.cli.audit.trails import audit, data_dir
from tests.rules.audit.chains import KEY, chain, text_of


def test_an_export_is_checked_by_whoever_has_the_key(tmp_path: Path) -> None:
    """Byte for byte the lines that were written."""
    file = tmp_path / "export.jsonl"
    assert audit("export", "--output", file, "--data-dir", data_dir(tmp_path / "data")) == 0
    assert file.read_bytes() == text_of(chain())
    assert audit("verify", file, "--key", KEY, "--data-dir", tmp_path / "none") == 0


def test_to_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Nothing else is written there."""
    assert audit("export", "--data-dir", data_dir(tmp_path)) == 0
    assert capfdbinary.readouterr().out == text_of(chain())


def test_from_a_day_on(tmp_path: Path) -> None:
    """1 where there is nothing since."""
    folder = data_dir(tmp_path)
    assert audit("export", "--since", "2026-11-23", "--output", tmp_path / "a", "--data-dir", folder) == 0
    assert audit("export", "--since", "2026-11-24", "--output", tmp_path / "b", "--data-dir", folder) == 1
    with pytest.raises(SystemExit, match="2"):
        audit("export", "--since", "yesterday", "--data-dir", folder)


def test_no_file_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It could be the only copy of another one."""
    folder, file = data_dir(tmp_path), tmp_path / "export.jsonl"
    file.write_text("mine")
    assert audit("export", "--output", file, "--data-dir", folder) == 1
    assert audit("export", "--output", tmp_path / "no" / "x", "--data-dir", folder) == 1
    assert file.read_text() == "mine"
    assert "name a new file" in capsys.readouterr().err
