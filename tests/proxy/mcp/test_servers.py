"""MCP servers in the configuration."""

import pytest

from proxy.config import Config
from proxy.mcp.servers import McpServer
from rules.mcp.carried import Server


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://Bank.example:443/mcp", "https://bank.example/mcp"),
        ("http://localhost:8000/mcp/", "http://localhost:8000/mcp/"),
        ("https://[::1]:8/x", "https://[::1]:8/x"),
        ("https://bank.example", "https://bank.example/"),
    ],
)
def test_urls_are_kept_as_requests_write_them(given: str, url: str) -> None:
    """One spelling, so that one comparison is enough."""
    entry = McpServer.model_validate({"name": "bank", "url": given})
    assert entry.server() == Server(name="bank", url=url)


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "bank", "url": "ftp://bank.example/mcp"},
        {"name": "bank", "url": "https://bank.example/mcp?a=1"},
        {"name": "bank", "url": "https://bank.example:x/mcp"},
        {"name": "*", "url": "https://bank.example/mcp"},
        {"name": "a\nb", "url": "https://bank.example/mcp"},
        {"name": "bank", "url": "https://bank.example/mcp", "authorization": ["bank"]},
    ],
    ids=["scheme", "query", "port", "every", "line", "authorization"],
)
def test_odd_entries_are_refused(entry: dict[str, object]) -> None:
    """Before anything starts."""
    with pytest.raises(ValueError, match="validation error"):
        McpServer.model_validate(entry)


def test_names_and_urls_stand_once() -> None:
    """Two servers of one name would share their rules without anybody knowing."""
    one = {"name": "a", "url": "https://a.example/mcp"}
    for other in (
        {"name": "a", "url": "https://b.example/mcp"},
        {"name": "b", "url": "https://a.example/mcp"},
    ):
        with pytest.raises(ValueError, match="each its own"):
            Config.model_validate({"version": 1, "mcp_servers": (one, other)})
