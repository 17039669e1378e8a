"""The system's tools: their complaints are said with the cure."""

from pathlib import Path

import pytest

from proxy.capture import programs
from proxy.capture.programs import CaptureError, found, run


def test_what_it_prints() -> None:
    """Input goes in, output comes out."""
    assert run("cat", stdin="hello") == "hello"


def tool(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program called `nft` that does as `script` says."""
    (folder / "nft").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Error: syntax error' >&2; exit 1", "`nft` failed (Error: syntax error)"),
        ("exit 3", "`nft` failed (it does not say why)"),
        ("echo 'Operation not permitted (you must be root)' >&2; exit 1", "no CAP_NET_ADMIN"),
        ("exec sleep 30", "did not end within"),
    ],
)
def test_complaints(script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure, a missing privilege and a tool that hangs, each with what to do."""
    tool(tmp_path, script, monkeypatch)
    monkeypatch.setattr(programs, "_SECONDS", 0.5)
    with pytest.raises(CaptureError) as raised:
        run("nft")
    assert words in str(raised.value)


def test_a_broken_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the system cannot run."""
    (tmp_path / "nft").write_bytes(b"\x00\x01")
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CaptureError, match="cannot be run"):
        run("nft")


def test_a_missing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_PLACES", str(tmp_path))
    with pytest.raises(CaptureError, match="install the package `nftables`"):
        found("nft")
