"""Rows of labelled calls: what they become, and what is wrong with those that become nothing."""

import json
from typing import Any

import pytest

from proxy.cli.labelled.row import read_call, read_id, read_row
from rules.call import HttpCall, PayloadKind, ToolCall
from rules.verdict import ReasonId, Refusal


def call_of(request: object, *, protocol: object = "http", row_id: object = "r1") -> Any:
    """What `read_call` makes of a row."""
    line = json.dumps({"id": row_id, "protocol": protocol, "request": request}).encode()
    return read_call(read_row(line), line)


@pytest.mark.parametrize("line", [b"", b"[]", b"5", b"{", b"\xff", b"[" * 100_000, b'"text"'])
def test_no_row(line: bytes) -> None:
    """Whatever is not a JSON object is said to be none."""
    with pytest.raises(ValueError, match="not a json object"):
        read_row(line)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"id": "a"}, "a"),
        ({"id": 7}, 7),
        ({"id": True}, None),
        ({"id": 1.5}, None),
        ({"id": []}, None),
        ({}, None),
    ],
)
def test_ids(row: dict[str, Any], found: object) -> None:
    """Texts and whole numbers."""
    assert read_id(row) == found


def test_an_http_row() -> None:
    """A body that is an object is sent as JSON."""
    call = call_of({"method": "POST", "url": "https://pay.test/v1/pay?x=1", "body": {"amount": 5}})
    assert isinstance(call, HttpCall)
    assert (call.method, call.host, call.port) == ("POST", "pay.test", 443)
    assert call.segments == ("v1", "pay")
    assert call.query == (("x", "1"),)
    assert call.payload.kind is PayloadKind.JSON
    assert call.payload.value == {"amount": 5}


@pytest.mark.parametrize("name", ["Content-Length", "content-length"])
def test_a_length_in_the_row_is_not_taken_over(name: str) -> None:
    """It is about the bytes of another time."""
    call = call_of({"method": "POST", "url": "http://pay.test/", "headers": {name: "99"}, "body": "hello"})
    assert isinstance(call, HttpCall)
    assert call.body == b"hello"


def test_bytes() -> None:
    """`body_b64` carries what is no text."""
    call = call_of({"method": "POST", "url": "http://pay.test/", "body_b64": "AP8="})
    assert isinstance(call, HttpCall)
    assert call.body == b"\x00\xff"


def test_an_mcp_row() -> None:
    """Missing arguments are none."""
    call = call_of({"server": "mail", "tool": "send", "arguments": {"to": "a"}}, protocol="mcp")
    assert call == ToolCall(server="mail", tool="send", arguments={"to": "a"})
    assert call_of({"server": "mail", "tool": "list"}, protocol="mcp").arguments == {}


@pytest.mark.parametrize(
    ("request_", "reason_id"),
    [
        ({"method": "GET", "url": "http://0x7f.1/"}, ReasonId.HOST_SPELLING),
        ({"method": "BREW", "url": "http://pay.test/"}, ReasonId.METHOD_UNKNOWN),
        ({"method": "GET", "url": "http://pay.test/\ud800"}, None),
    ],
)
def test_refused_as_the_gate_would(request_: object, reason_id: ReasonId | None) -> None:
    """What the gate would not let in is a refusal, not a malformed row."""
    refusal = call_of(request_)
    assert isinstance(refusal, Refusal)
    assert reason_id is None or refusal.reason_id is reason_id


def test_names_twice_in_the_arguments() -> None:
    """Two readings of one line are a refusal."""
    request_ = b'{"server": "m", "tool": "t", "arguments": {"a": 1, "a": 2}}'
    line = b'{"id": 1, "protocol": "mcp", "request": ' + request_ + b"}"
    refusal = read_call(read_row(line), line)
    assert isinstance(refusal, Refusal)
    assert refusal.reason_id is ReasonId.JSON_INVALID


@pytest.mark.parametrize(
    ("request_", "protocol", "row_id", "fault"),
    [
        ({}, "http", None, "`id`"),
        ([], "http", 1, "`request`"),
        ({}, "smtp", 1, "`protocol`"),
        ({"method": "GET"}, "http", 1, "`url`"),
        ({"url": "http://pay.test/"}, "http", 1, "`method`"),
        ({"method": "GET", "url": "ftp://pay.test/"}, "http", 1, "http://"),
        ({"method": "GET", "url": "http://me@pay.test/"}, "http", 1, "user information"),
        ({"method": "GET", "url": "http://pay.test/", "headers": "x"}, "http", 1, "`headers`"),
        ({"method": "GET", "url": "http://pay.test/", "headers": {"a": 1}}, "http", 1, "`headers`"),
        ({"method": "GET", "url": "http://pay.test/", "body": "", "body_b64": ""}, "http", 1, "give one"),
        ({"method": "GET", "url": "http://pay.test/", "body_b64": "*"}, "http", 1, "base64"),
        ({"server": "m", "tool": 5}, "mcp", 1, "`tool`"),
        ({"server": "m", "tool": "t", "arguments": []}, "mcp", 1, "`arguments`"),
    ],
)
def test_malformed(request_: object, protocol: str, row_id: object, fault: str) -> None:
    """The message names the key."""
    with pytest.raises(ValueError, match=fault):
        call_of(request_, protocol=protocol, row_id=row_id)
