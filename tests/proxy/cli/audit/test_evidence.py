"""Tests of `sidegate audit evidence`."""

from pathlib import Path

import pytest

from tests.proxy.cli.audit.trails import audit, data_dir
from tests.rules.audit.chains import chain

type Capture = pytest.CaptureFixture[str]


def test_sound_records_are_counted(tmp_path: Path, capsys: Capture) -> None:
    """By clause, those without any too."""
    assert audit("evidence", "--data-dir", data_dir(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "AARM R1: 15 records, 2026-11-23T12:00:02" in said
    assert "AI Act 14(4)(e): 0 records\n  " in said


def test_records_that_were_changed_show_nothing(tmp_path: Path, capsys: Capture) -> None:
    """Their sum is nobody's evidence."""
    assert audit("evidence", "--data-dir", data_dir(tmp_path, chain()[3:])) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "cannot be trusted" in captured.err
    assert audit("evidence", "--partial", "--data-dir", data_dir(tmp_path / "b", chain()[3:])) == 0
