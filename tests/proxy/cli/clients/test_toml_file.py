"""Where servers stand in TOML files."""

from proxy.cli.clients.toml_file import entries, remote

_TEXT = """[ mcp_servers . "a b" ] # one
args = ['-x',
  "]", "y"]
command = "a"
[mcp_servers.b]
url = "https://b.example"
"""


def test_tables_and_their_values_are_found() -> None:
    """In any order, with brackets in texts."""
    [entry] = entries(_TEXT)
    assert (entry.path, entry.args) == (("mcp_servers", "a b"), ("-x", "]", "y"))
    assert [_TEXT[at] for at in entry.items_at] == ["'", '"', '"']
    assert remote(_TEXT) == ["b"]
