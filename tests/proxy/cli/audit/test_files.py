"""Which files `sidegate audit` is about, and whose signatures count."""

from pathlib import Path

import pytest

from tests.proxy.cli.audit.trails import audit, data_dir
from tests.rules.audit.chains import KEY, STRANGER

type Capture = pytest.CaptureFixture[str]


def test_a_key_is_given_as_text_or_file(tmp_path: Path, capsys: Capture) -> None:
    """An auditor has no data folder."""
    records = data_dir(tmp_path) / "audit"
    (tmp_path / "key").write_text(f"{KEY}\n")
    elsewhere = ("--data-dir", tmp_path / "none")
    assert audit("verify", records, "--key", KEY, *elsewhere) == 0
    assert audit("verify", records, "--key", tmp_path / "key", *elsewhere) == 0
    assert audit("verify", records, "--key", STRANGER.public.hex(), *elsewhere) == 1
    assert "no known key" in capsys.readouterr().out


@pytest.mark.parametrize("key", ["", "ab", "zz" * 32, "/nonexistent"])
def test_what_is_no_key_is_wrong_use(tmp_path: Path, capsys: Capture, key: str) -> None:
    """With the cure."""
    assert audit("verify", "--key", key, "--data-dir", data_dir(tmp_path)) == 2
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_without_any_key_nothing_is_proven(tmp_path: Path, capsys: Capture) -> None:
    """A chain that only agrees with itself was written by anybody."""
    records = data_dir(tmp_path) / "audit"
    assert audit("verify", records, "--data-dir", tmp_path / "none") == 2
    assert "sidegate keys show" in capsys.readouterr().err


def test_no_records_are_no_proof(tmp_path: Path, capsys: Capture) -> None:
    """A missing folder is not a sound one."""
    assert audit("verify", "--data-dir", tmp_path) == 1
    assert audit("verify", tmp_path / "none.jsonl", "--key", KEY) == 1
    assert "there are no audit records" in capsys.readouterr().err


@pytest.mark.parametrize("head", ["", "x", "a:b:c", "serve-1:5:zz", f"serve-1:-5:{'a' * 64}"])
def test_what_is_no_head_is_wrong_use(tmp_path: Path, head: str) -> None:
    """As the parser says it."""
    with pytest.raises(SystemExit, match="2"):
        audit("verify", "--head", head, "--data-dir", data_dir(tmp_path))
