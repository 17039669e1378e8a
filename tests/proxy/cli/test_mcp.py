"""How `sidegate mcp` names a server. What it does is tried in tests/proxy/mcp/test_stdio.py."""

import argparse
from pathlib import Path

import pytest

from proxy.cli.mcp import add_parser, server_name


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


def _parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return parser.parse_args(["mcp", *arguments, "--", "server"])


def test_which_server_it_is_may_be_left_out() -> None:
    """No pack speaks then."""
    assert _parsed().pack is None
    assert _parsed("--pack", "memory").pack == "memory"


def test_a_pack_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With those that are."""
    with pytest.raises(SystemExit):
        _parsed("--pack", "nothing")
    assert "`nothing` is no pack for an MCP server: use one of atlassian, " in capsys.readouterr().err


def test_a_data_folder_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which it is, why, and what to do about it: no number of an error."""
    (tmp_path / "file").touch()
    args = _parsed("--data-dir", str(tmp_path / "file" / "data"))
    assert args.run(args) == 1
    said = "cannot be used (Not a directory): correct it, or give another path\n"
    assert capsys.readouterr().err == f"sidegate: `{tmp_path / 'file' / 'data'}` {said}"
