"""Files of payloads."""

import json
from pathlib import Path

import pytest

from tests.mcp_evasion.corpus import load


def test_a_case_keeps_its_bytes_and_its_fields(tmp_path: Path) -> None:
    """What it says replaces what is usual, whatever its case, and lists are repeated fields."""
    file = tmp_path / "cases.json"
    headers = {"content-type": "text/plain", "Mcp-Name": ["a", "b"]}
    file.write_text(json.dumps([{"case": "one", "headers": headers, "body_b64": "AP8="}]))
    (payload,) = load(file)
    assert (payload.name, payload.body) == ("one", b"\0\xff")
    assert payload.fields == (
        ("Accept", "application/json, text/event-stream"),
        ("content-type", "text/plain"),
        ("Mcp-Name", "a"),
        ("Mcp-Name", "b"),
    )


@pytest.mark.parametrize(
    "text",
    ["", "{}x", '[{"case": "one"}]', "[1]", '[{"case": "a", "headers": [], "body_b64": ""}]'],
    ids=["empty", "no json", "incomplete", "no case", "headers"],
)
def test_what_is_no_file_of_payloads_is_refused(tmp_path: Path, text: str) -> None:
    """Nothing is tried of it, which would look like success."""
    file = tmp_path / "cases.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        load(file)
