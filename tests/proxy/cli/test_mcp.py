"""How `sidegate mcp` names a server. What it does is tried in tests/proxy/mcp/test_stdio.py."""

import pytest

from proxy.cli.mcp import server_name


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["npx", "-y", "@modelcontextprotocol/server-filesystem@1.2", "/tmp"], "server-filesystem"),
        (["uvx", "mcp-server-git", "--repository", "x"], "mcp-server-git"),
        (["python3", "-m", "mcp_server_time"], "mcp_server_time"),
        (["/usr/bin/node", "build/index.js"], "index"),
        (["docker", "run", "-i", "--rm", "ghcr.io/github/github-mcp-server"], "github-mcp-server"),
        (["mcp-server-fetch"], "mcp-server-fetch"),
        (["python3"], "python3"),
    ],
    ids=["npx", "uvx", "module", "script", "image", "program", "runner alone"],
)
def test_a_server_is_named_by_its_command(command: list[str], name: str) -> None:
    """Rules name servers; a version or a path is no part of a name."""
    assert server_name(command) == name
