"""MCP servers in the configuration."""

import pytest

from proxy.config import Config
from proxy.mcp.servers import McpServer, known_pack
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
        {"name": "a/b", "url": "https://bank.example/mcp", "serve": True},
        {"name": "..", "url": "https://bank.example/mcp", "serve": True},
        {"name": "bank", "url": "https://bank.example/mcp", "pack": "bank"},
    ],
    ids=["scheme", "query", "port", "every", "line", "authorization", "path", "dots", "pack"],
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


def test_what_is_served_by_path() -> None:
    """The path under which clients ask, and where it leads; nothing where it was not asked for."""
    entries = (
        {"name": "bank", "url": "https://bank.example/mcp", "serve": True},
        {"name": "near", "url": "http://localhost:3000/x", "serve": True},
        {"name": "other", "url": "https://other.example/mcp"},
    )
    config = Config.model_validate({"version": 1, "mcp_servers": entries})
    assert config.served == {
        b"/mcp/bank": ("https", "bank.example", 443, b"/mcp"),
        b"/mcp/near": ("http", "localhost", 3000, b"/x"),
    }


def test_the_operator_says_which_server_it_is() -> None:
    """Where there is a pack of that name."""
    entry = McpServer.model_validate({"name": "brain", "url": "https://a.example/", "pack": "memory"})
    assert entry.server().pack == "memory"
    with pytest.raises(ValueError, match="use one of atlassian, "):
        known_pack("nothing")
