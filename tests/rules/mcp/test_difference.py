"""What reviewers read of a tool that has changed."""

from rules.mcp.difference import badged, difference
from rules.mcp.message import Members

_TOOL: Members = {
    "name": "read",
    "description": "Reads a file.\nQuickly.",
    "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}}},
}


def test_only_what_changed_and_what_is_around_it() -> None:
    """Words and schemas, line by line."""
    now = _TOOL | {"description": "Reads a file.\nSlowly.\u200b", "outputSchema": {"type": "object"}}
    lines = difference(_TOOL, now)
    assert [line for line in lines if line[0] in "+-"] == [
        "-  Quickly.",
        "+  Slowly.[U+200B]",
        "+outputSchema: {",
        '+    "type": "object"',
        "+  }",
    ]


def test_a_new_tool_is_shown_whole() -> None:
    """There is nothing to compare it with."""
    assert difference(None, {"name": "a", "title": "A", "description": "b"}) == [
        "+title: A",
        "+description: b",
    ]


def test_hidden_characters_inside_of_schemas_are_seen() -> None:
    """They are in no string escape that a reader would pass over."""
    hidden: Members = {"name": "a", "inputSchema": {"description": "x\U000e0041y\u202e"}}
    assert any("x[U+E0041]y[U+202E]" in line for line in difference(None, hidden))


def test_what_is_too_long_is_cut() -> None:
    """A server can't fill the reviewer's screen."""
    long: Members = {"name": "a", "description": "\n".join("x" * 5000 for _ in range(1000))}
    lines = difference(None, long)
    assert len(lines) == 401
    assert max(map(len, lines)) < 2100


def test_what_people_see_stays() -> None:
    """Other alphabets, and emoji that are joined."""
    assert badged("\u00fcber \U0001f469\u200d\U0001f4bb") == "\u00fcber \U0001f469\u200d\U0001f4bb"
