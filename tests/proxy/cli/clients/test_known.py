"""The clients and their files."""

from pathlib import Path

import pytest

from proxy.cli.clients.known import known


@pytest.mark.parametrize(
    ("platform", "desktop"),
    [
        ("linux", "/home/ada/.config/Claude/claude_desktop_config.json"),
        ("darwin", "/home/ada/Library/Application Support/Claude/claude_desktop_config.json"),
    ],
)
def test_files_by_platform(monkeypatch: pytest.MonkeyPatch, platform: str, desktop: str) -> None:
    """In the home folder and in the project's."""
    monkeypatch.setattr("sys.platform", platform)
    files = known(Path("/home/ada"), Path("/home/ada/shop"))
    assert [str(path) for path in files["claude-desktop"]] == [desktop]
    assert Path("/home/ada/shop/.mcp.json") in files["claude-code"]
    assert files["codex"] == [Path("/home/ada/.codex/config.toml")]
