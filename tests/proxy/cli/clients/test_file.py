"""Clients' files: each kind changed, changed again, and restored."""

import json
import tomllib
from pathlib import Path

import pytest

from proxy.cli.clients.entry import Gate, Unfit
from proxy.cli.clients.file import apply, backup_of, plan_install, plan_undo
from proxy.cli.clients.jsonc import parse

_GATE = Gate(program="/opt/sidegate", options=("--data-dir", "/d"))
_JSONC = """{
  // mine
  "mcpServers": {
    "files": {"command": "npx", "args": ["-y", /* here */ "files", "--"], "env": {"K": "v"}},
    "bare": {"command": "bare"},
    "far": {"type": "http", "url": "https://far.example/mcp"},
  },
  "theme": "dark"
}
"""
_CLAUDE = '{"projects": {"/p": {"mcpServers": {"x": {"type": "stdio", "command": "x", "args": []}}}}}'
_VSCODE = '{"servers": {"x": {"type": "stdio", "command": "${workspaceFolder}/x", "args": ["\\u00fc"]}}}'
_TOML = """model = "o"

[mcp_servers.files]
command = 'npx' # mine
args = [
  "-y", # comment with "quotes"
  'files',
]
env = { "K" = "v" }

[mcp_servers."odd name"]
command = "odd"

[mcp_servers.far]
url = "https://far.example/mcp"
"""


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    path.chmod(0o640)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("commented.json", _JSONC),
        ("claude.json", _CLAUDE),
        ("vscode.json", _VSCODE),
        ("windows.json", _JSONC.replace("\n", "\r\n")),
        ("config.toml", _TOML),
    ],
)
def test_a_file_is_changed_once_and_restored_exactly(tmp_path: Path, name: str, text: str) -> None:
    """What was there stays, comments and modes included; a second time changes nothing."""
    path = _write(tmp_path, name, text)
    plan = plan_install(path, _GATE)
    apply(plan, keep=True)
    assert path.read_bytes() == plan.after.encode()
    assert path.stat().st_mode & 0o777 == 0o640
    for comment in ("// mine", "/* here */", "# mine", '# comment with "quotes"'):
        assert (comment in text) is (comment in plan.after)
    again = plan_install(path, _GATE)
    assert (again.servers, again.after) == ((), again.before)
    assert backup_of(path).read_bytes() == text.encode()
    apply(plan_undo(path), keep=False)
    assert path.read_bytes() == text.encode()
    assert not backup_of(path).exists()
    assert sorted(tmp_path.iterdir()) == [path]


def test_what_stands_in_a_changed_file(tmp_path: Path) -> None:
    """The gate first, then the command as it was."""
    path = _write(tmp_path, "a.json", _JSONC)
    plan = plan_install(path, _GATE)
    servers = parse(plan.after).value["mcpServers"]
    gate = ["--data-dir", "/d", "--"]
    assert servers["files"]["command"] == "/opt/sidegate"
    assert servers["files"]["args"] == ["mcp", "--name=files", *gate, "npx", "-y", "files", "--"]
    assert servers["bare"]["args"] == ["mcp", "--name=bare", *gate, "bare"]
    assert (plan.servers, plan.remote) == (("files", "bare"), ("far",))
    toml = tomllib.loads(plan_install(_write(tmp_path, "a.toml", _TOML), _GATE).after)["mcp_servers"]
    assert toml["files"]["args"] == ["mcp", "--name=files", *gate, "npx", "-y", "files"]
    assert toml["odd name"]["args"] == ["mcp", "--name=odd name", *gate, "odd"]


def test_undo_keeps_what_was_changed_meanwhile(tmp_path: Path) -> None:
    """A client has written the file anew, with one more server: only the gate is taken out."""
    path = _write(tmp_path, "a.json", _JSONC)
    apply(plan_install(path, _GATE), keep=True)
    found = parse(path.read_text()).value
    found["mcpServers"]["more"] = {"command": "more", "args": ["1"]}
    path.write_text(json.dumps(found, indent=4))
    apply(plan_undo(path), keep=False)
    servers = json.loads(path.read_text())["mcpServers"]
    assert servers["files"]["args"] == ["-y", "files", "--"]
    assert (servers["bare"]["command"], servers["more"]["command"]) == ("bare", "more")
    assert backup_of(path).exists()


def test_undo_without_a_backup(tmp_path: Path) -> None:
    """The gate is taken out all the same."""
    path = _write(tmp_path, "a.json", _CLAUDE)
    apply(plan_install(path, _GATE), keep=True)
    backup_of(path).unlink()
    apply(plan_undo(path), keep=False)
    assert json.loads(path.read_text()) == json.loads(_CLAUDE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.json", '\ufeff{"mcpServers": {}}'),
        ("a.json", '{"mcpServers": {"x": {"command": ["x"]}}}'),
        ("a.json", '{"mcpServers": {"x": {"command": "x", "args": "y"}}}'),
        ("a.json", '{"mcpServers": {"x": {"command": "x"}, "x": {"command": "y"}}}'),
        ("a.toml", "[mcp_servers.x"),
        ("a.toml", 'mcp_servers = { x = { command = "x" } }'),
        ("a.toml", "[mcp_servers]\nx = 1\n"),
        ("a.toml", '[mcp_servers.x]\n"command" = "x"\n'),
    ],
    ids=[
        *("cut", "no object", "mark", "command", "args", "repeated"),
        *("cut toml", "inline", "no server", "quoted key"),
    ],
)
def test_what_cannot_be_changed_safely_is_left(tmp_path: Path, name: str, text: str) -> None:
    """With a cure in the message."""
    with pytest.raises(Unfit, match=":"):
        plan_install(_write(tmp_path, name, text), _GATE)


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    """Its client runs and writes it."""
    path = _write(tmp_path, "a.json", _CLAUDE)
    plan = plan_install(path, _GATE)
    path.write_text(_VSCODE)
    with pytest.raises(Unfit, match="meanwhile"):
        apply(plan, keep=True)
    assert path.read_text() == _VSCODE


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """People keep such files elsewhere."""
    path, link = _write(tmp_path, "real.json", _CLAUDE), tmp_path / "link.json"
    link.symlink_to(path)
    apply(plan_install(link, _GATE), keep=True)
    assert link.is_symlink()
    assert "/opt/sidegate" in path.read_text()
