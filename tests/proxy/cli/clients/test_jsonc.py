"""JSON with comments, and the place of each value in it."""

import pytest

from proxy.cli.clients.jsonc import parse

_TEXT = """// of a person
{
  "a": [1, /* two */ "b,c", {"d": null,},],  // and so on
  "e\\u0066": -1.5e3
}
"""


def test_values_and_their_places() -> None:
    """Comments and trailing commas are no part of them."""
    value = parse(_TEXT)
    assert value.value == {"a": [1, "b,c", {"d": None}], "ef": -1500.0}
    items = value.members["a"].items
    assert [_TEXT[item.start : item.end] for item in items] == ["1", '"b,c"', '{"d": null,}']


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1 2]",
        '{"a" 1}',
        '{"a": 1, "a": 2}',
        "{a: 1}",
        "[1]]",
        '"\n"',
        "[,]",
        "[" * 99,
        "[nul]",
        "#",
    ],
)
def test_what_is_no_json_says_so(text: str) -> None:
    """A repeated member too: clients take one or the other."""
    with pytest.raises(ValueError, match=r"it |a `,`|a member|something"):
        parse(text)
