"""Tests of `sidegate audit verify`."""

from pathlib import Path

import pytest

from rules.audit.record import digest
from tests.proxy.cli.audit.trails import audit, data_dir
from tests.rules.audit.chains import TAMPERED, chain

type Capture = pytest.CaptureFixture[str]


def test_a_sound_chain(tmp_path: Path, capsys: Capture) -> None:
    """With the head that is to be kept elsewhere."""
    assert audit("verify", "--data-dir", data_dir(tmp_path)) == 0
    said = capsys.readouterr().out
    assert f"head serve-1:20:{digest(chain()[-1])}" in said
    assert "20 records: every record is as it was written" in said


@pytest.mark.parametrize("what", TAMPERED)
def test_a_changed_chain(tmp_path: Path, capsys: Capture, what: str) -> None:
    """The record is named."""
    tamper, flaw, seq = TAMPERED[what]
    assert audit("verify", "--data-dir", data_dir(tmp_path, tamper(chain()))) == 1
    said = capsys.readouterr().out
    assert f"record {seq} of `serve-1`: {flaw}" in said if seq else flaw in said
    assert "cannot be trusted" in said


def test_a_chain_that_was_cut(tmp_path: Path, capsys: Capture) -> None:
    """Found by a head that was kept elsewhere."""
    head = f"serve-1:20:{digest(chain()[-1])}"
    folder = data_dir(tmp_path, chain()[:15])
    assert audit("verify", "--data-dir", folder) == 0
    assert audit("verify", "--data-dir", folder, "--head", head) == 1
    assert "record 20 of `serve-1`: cut" in capsys.readouterr().out


def test_records_that_are_not_signed_yet_are_said(tmp_path: Path, capsys: Capture) -> None:
    """A living chain has some."""
    assert audit("verify", "--data-dir", data_dir(tmp_path, chain()[:18])) == 0
    assert "the last 3 of them are covered by no checkpoint yet" in capsys.readouterr().out


def test_a_wholly_changed_file_does_not_fill_the_screen(tmp_path: Path, capsys: Capture) -> None:
    """The rest is counted."""
    assert audit("verify", "--data-dir", data_dir(tmp_path, [b"x"] * 500)) == 1
    said = capsys.readouterr().out
    assert len(said.splitlines()) < 110
    assert "and 400 more" in said
