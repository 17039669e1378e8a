"""Which clients there are, and where each keeps the servers that it starts."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def known(home: Path, folder: Path) -> Mapping[str, Sequence[Path]]:
    """The files of each client, for a person's `home` and the project in `folder`."""
    data = _application_data(home)
    return {
        "claude-code": [home / ".claude.json", folder / ".mcp.json"],
        "claude-desktop": [data / "Claude" / "claude_desktop_config.json"],
        "cursor": [home / ".cursor" / "mcp.json", folder / ".cursor" / "mcp.json"],
        "vscode": [folder / ".vscode" / "mcp.json", data / "Code" / "User" / "mcp.json"],
        "windsurf": [home / ".codeium" / "windsurf" / "mcp_config.json"],
        "gemini": [home / ".gemini" / "settings.json", folder / ".gemini" / "settings.json"],
        "codex": [home / ".codex" / "config.toml"],
    }


def _application_data(home: Path) -> Path:
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / ".config"
