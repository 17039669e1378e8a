"""Header fields that contradict a body, and the fields that we write in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import decode_header_value, encode_header_value, mcp_param_headers, x_mcp_header_map
from mcp_types.jsonrpc import HEADER_MISMATCH, UNSUPPORTED_PROTOCOL_VERSION

from rules.headers import Fields
from rules.mcp.headers import complete, decode, disagreement, encode, ours, param_names
from rules.mcp.message import Request
from rules.mcp.versions import VERSION_KEY
from rules.request.strict_json import Json

_MODERN = Request(
    id=1,
    method="tools/call",
    params={"name": "pay", "arguments": {"region": "eu", "n": 3}, "_meta": {VERSION_KEY: "2026-07-28"}},
)
_LEGACY = Request(id=1, method="tools/call", params={"name": "pay", "arguments": {}})
_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "inner": {"type": "object", "properties": {"on": {"type": "boolean", "x-mcp-header": "On"}}},
    },
}


@pytest.mark.parametrize(
    ("message", "fields", "code"),
    [
        (_MODERN, (), None),
        (_MODERN, ((b"MCP-Protocol-Version", b"2026-07-28"), (b"Mcp-Method", b"tools/call")), None),
        (_MODERN, ((b"Mcp-Name", b"pay"),), None),
        (_MODERN, ((b"Mcp-Name", b"=?base64?cGF5?="),), None),
        (_MODERN, ((b"Mcp-Name", b"safe"),), HEADER_MISMATCH),
        (_MODERN, ((b"Mcp-Name", b"=?base64?cGF5==?="),), HEADER_MISMATCH),
        (_MODERN, ((b"mcp_name", b"safe"),), HEADER_MISMATCH),
        (_MODERN, ((b"Mcp-Method", b"tools/list"),), HEADER_MISMATCH),
        (_MODERN, ((b"Mcp-Method", b"Tools/Call"),), HEADER_MISMATCH),
        (_MODERN, ((b"MCP-Protocol-Version", b"2025-11-25"),), HEADER_MISMATCH),
        (_MODERN, ((b"Mcp-Param-Region", b"eu"),), None),
        (_MODERN, ((b"Mcp-Param-Region", b"us"),), HEADER_MISMATCH),
        (_MODERN, ((b"MCP-Protocol-Version", b"2027-01-01"),), UNSUPPORTED_PROTOCOL_VERSION),
        (_LEGACY, ((b"MCP-Protocol-Version", b"2025-06-18"),), None),
        (_LEGACY, ((b"MCP-Protocol-Version", b"2025-06-18"), (b"Mcp-Method", b"ping")), HEADER_MISMATCH),
        (
            Request(id=1, method="ping", params={"_meta": {VERSION_KEY: "3000"}}),
            (),
            UNSUPPORTED_PROTOCOL_VERSION,
        ),
        (Request(id=1, method="ping", params={"_meta": {VERSION_KEY: 7}}), (), UNSUPPORTED_PROTOCOL_VERSION),
    ],
    ids=[
        *(
            "none",
            "version and method",
            "name",
            "name in base64",
            "another name",
            "odd base64",
        ),
        *("underscore", "another method", "method in capitals", "another version", "param", "another param"),
        *("unknown version", "legacy", "legacy with another method", "unknown in body", "no version in body"),
    ],
)
def test_fields_have_to_say_what_the_body_says(message: Request, fields: Fields, code: int | None) -> None:
    """Servers read either; where they differ nothing leaves."""
    failure = disagreement(fields, message)
    assert (failure.code if failure else None) == code


def test_params_stand_where_the_schema_says() -> None:
    """A value that the arguments have elsewhere is no agreement once the schema is known."""
    names = param_names(_SCHEMA)
    assert names == {"region": ("region",), "on": ("inner", "on")}
    assert disagreement(((b"Mcp-Param-Region", b"eu"),), _MODERN, names) is None
    assert disagreement(((b"Mcp-Param-Region", b"3"),), _MODERN, names) is not None
    assert disagreement(((b"Mcp-Param-Other", b"eu"),), _MODERN, names) is not None


def test_ours_replace_the_clients() -> None:
    """What leaves was written from the message; other fields stay, and what was missing is missing."""
    given_: Fields = ((b"Accept", b"*/*"), (b"mcp-name", b"=?base64?cGF5?="), (b"mcp_method", b"x"))
    assert ours(given_, _MODERN, param_names(_SCHEMA)) == (
        (b"Accept", b"*/*"),
        (b"Mcp-Method", b"tools/call"),
        (b"Mcp-Name", b"pay"),
    )
    assert ours((), _MODERN, param_names(_SCHEMA)) == ()


def test_a_request_of_ours_has_all_fields() -> None:
    """Its server refuses one that has not."""
    given_: Fields = ((b"Accept", b"*/*"), (b"mcp-name", b"another"))
    assert complete(given_, _MODERN, param_names(_SCHEMA)) == (
        (b"Accept", b"*/*"),
        (b"MCP-Protocol-Version", b"2026-07-28"),
        (b"Mcp-Method", b"tools/call"),
        (b"Mcp-Name", b"pay"),
        (b"Mcp-Param-region", b"eu"),
    )


def test_a_legacy_message_gets_its_version_and_nothing_new() -> None:
    """Sessions have no headers about single messages."""
    assert ours(((b"MCP-Protocol-Version", b"2025-06-18"),), _LEGACY) == (
        (b"MCP-Protocol-Version", b"2025-06-18"),
    )
    assert ours((), _LEGACY) == complete((), _LEGACY) == ()
    versioned: Fields = ((b"MCP-Protocol-Version", b"2025-06-18"),)
    assert complete(versioned, _LEGACY) == versioned


@given(st.text(max_size=40))
def test_values_are_written_as_the_sdk_writes_them(value: str) -> None:
    """The reference's codec agrees, both ways."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        return
    assert encode(value) == encode_header_value(value)
    assert decode(encode(value)) == value
    assert decode(value) == decode_header_value(value)


def test_params_are_written_as_the_sdk_writes_them() -> None:
    """The reference finds the same names and values in a schema."""
    arguments: dict[str, Json] = {"region": " \u00e9", "inner": {"on": True}}
    message = Request(
        id=1,
        method="tools/call",
        params={"name": "pay", "arguments": arguments, "_meta": {VERSION_KEY: "2026-07-28"}},
    )
    theirs = mcp_param_headers(x_mcp_header_map(_SCHEMA), arguments)
    written = {name.lower(): value for name, value in complete((), message, param_names(_SCHEMA))}
    for name, value in theirs.items():
        assert written[name.lower().encode()] == value.encode()
