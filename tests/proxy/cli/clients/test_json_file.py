"""Where servers stand in JSON files."""

from proxy.cli.clients.json_file import entries, remote

_TEXT = """{"mcpServers": {"a": {"command": "a"}, "b": {"httpUrl": "https://b.example"}, "c": {}},
"projects": {"/p": {"mcpServers": {"d": {"command": "d", "args": ["1"]}}}, "/q": {}}}"""


def test_servers_of_all_projects_are_found() -> None:
    """And those with a URL apart."""
    assert [one.path for one in entries(_TEXT)] == [
        ("mcpServers", "a"),
        ("projects", "/p", "mcpServers", "d"),
    ]
    assert remote(_TEXT) == ["b"]
