"""Tests of `sidegate mcp install`."""

import json
from pathlib import Path

import pytest

from proxy.cli import main

type Capture = pytest.CaptureFixture[str]

_TEXT = (
    '{"mcpServers": {"files": {"command": "npx", "args": ["files"]}, "far": {"url": "https://far.example"}}}'
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home with two clients, and be in a project of it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    for path in (".claude.json", "project/.mcp.json"):
        (tmp_path / path).write_text(_TEXT)
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text('[mcp_servers.a]\ncommand = "a"\n')
    return tmp_path


def _install(*arguments: str) -> int:
    return main(["mcp", "install", "--program", "/opt/sidegate", *arguments])


def test_all_clients_and_back(home: Path, capsys: Capture) -> None:
    """By absolute paths; servers with a URL are named."""
    assert _install("--rules", "r.yaml", "--config", "c.yaml") == 0
    server = json.loads((home / ".claude.json").read_text())["mcpServers"]["files"]
    project = home / "project"
    assert server["args"] == [
        *("mcp", "--name=files", "--data-dir", str(project / ".sidegate")),
        *("--config", str(project / "c.yaml"), "--rules", str(project / "r.yaml"), "--", "npx", "files"),
    ]
    out = capsys.readouterr().out
    assert "`far` has a url" in out
    assert "behind the gate: files" in out
    assert "/opt/sidegate" in (home / ".codex" / "config.toml").read_text()
    assert _install("--undo") == 0
    assert (home / ".claude.json").read_text() == (project / ".mcp.json").read_text() == _TEXT
    assert _install("--undo") == 0


def test_one_client_and_nothing_but_a_look(home: Path, capsys: Capture) -> None:
    """A dry run shows the lines."""
    assert _install("--client", "codex", "--dry-run") == 0
    assert '+command = "/opt/sidegate"' in capsys.readouterr().out
    assert "sidegate" not in (home / ".codex" / "config.toml").read_text()
    assert _install("--client", "codex") == 0
    assert (home / ".claude.json").read_text() == _TEXT


def test_a_file_that_cannot_be_read_stops_no_other(home: Path, capsys: Capture) -> None:
    """It is left as it is and told of."""
    (home / ".claude.json").write_text("{")
    assert _install() == 1
    assert "left as it is: it cannot be read as json" in capsys.readouterr().err
    assert "/opt/sidegate" in (home / "project" / ".mcp.json").read_text()
    assert _install(str(home / "nothing.json")) == 1


def test_without_any_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """It says what to do."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert _install() == 1
    assert "no client's file was found" in capsys.readouterr().err
