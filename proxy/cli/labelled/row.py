"""One line of labelled calls, read into what the gate would judge.

A row is `{"id", "protocol": "http", "request": {"method", "url", "headers", "body" | "body_b64"}}` or
`{"id", "protocol": "mcp", "request": {"server", "tool", "arguments"}}`; further keys are not looked at.
"""

import base64
import json
import re
from typing import Any

from rules.call import HttpCall, ToolCall
from rules.headers import Fields, first
from rules.message import Message
from rules.normalize import normalize
from rules.request.authority import split_authority
from rules.request.path_readings import PolicyOf, always_strict
from rules.request.strict_json import parse
from rules.verdict import ReasonId, Refusal

type Row = dict[str, Any]

_URL = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORTS = {"http": 80, "https": 443}


def read_row(line: bytes) -> Row:
    """The row in `line`. Raises ValueError with the reason if it is not a JSON object."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise ValueError("the row is not a json object; write one on one line, without deep nesting")
    return row


def read_id(row: Row) -> str | int | None:
    """The row's id, which is a text or a whole number, or None."""
    value = row.get("id")
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def read_call(row: Row, line: bytes, *, paths: PolicyOf = always_strict) -> HttpCall | ToolCall | Refusal:
    """The call in `row`, which was read from `line`. Raises ValueError if the row is malformed."""
    if read_id(row) is None:
        raise ValueError("`id` is missing or neither text nor a whole number")
    request = row.get("request")
    if not isinstance(request, dict):
        raise ValueError("`request` is missing or not an object")
    match row.get("protocol"):
        case "http":
            message = _message(request)
            return message if isinstance(message, Refusal) else normalize(message, paths=paths)
        case "mcp":
            return _tool_call(request, line)
        case _:
            raise ValueError("`protocol` is neither `http` nor `mcp`")


def _tool_call(request: Row, line: bytes) -> ToolCall | Refusal:
    server, tool = _text(request, "server"), _text(request, "tool")
    arguments = request.get("arguments")
    if not isinstance(arguments, dict | None):
        raise ValueError("`arguments` is not an object")
    try:
        strict = parse(line.strip())
    except ValueError as error:
        return Refusal(reason_id=ReasonId.JSON_INVALID, reason=str(error))
    # The strict reader keeps numbers exact; the lenient one above has already checked the shape.
    exact: Any = strict
    return ToolCall(server=server, tool=tool, arguments=exact["request"].get("arguments") or {})


def _message(request: Row) -> Message | Refusal:
    url = _URL.fullmatch(_text(request, "url"))
    if url is None:
        raise ValueError("`url` does not start with http:// or https://")
    scheme, authority, rest = url[1].lower(), url[2], url[3]
    if "@" in authority:
        raise ValueError("`url` has user information; put it into a header")
    place = split_authority(authority, _PORTS[scheme])
    if place is None:
        return Refusal(
            reason_id=ReasonId.HOST_SPELLING,
            reason="the host is spelled in a way that resolvers and servers read differently",
        )
    fields, body = _fields(request), _body(request)
    if first(fields, b"host") is None:
        fields = ((b"Host", _bytes(authority)), *fields)
    if isinstance(request.get("body"), dict | list) and first(fields, b"content-type") is None:
        fields = (*fields, (b"Content-Type", b"application/json"))
    return Message(
        scheme=scheme,
        host=place[0],
        port=place[1],
        sni=place[0] if scheme == "https" else None,
        method=_bytes(_text(request, "method")),
        target=_bytes(rest if rest.startswith("/") else f"/{rest}"),
        fields=fields,
        body=body,
    )


def _fields(request: Row) -> Fields:
    headers = request.get("headers") or {}
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise ValueError("`headers` is neither an object of texts nor a list of pairs of texts")
    return tuple(
        (_bytes(name), _bytes(value.strip(" \t")))
        for name, value in pairs
        if name.lower() != "content-length"
    )


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(p, str) for p in pair)


def _body(request: Row) -> bytes:
    body, encoded = request.get("body"), request.get("body_b64")
    if body is not None and encoded is not None:
        raise ValueError("`body` and `body_b64` are both given; give one")
    if encoded is not None:
        return _decoded(_text(request, "body_b64"))
    if body is None:
        return b""
    return _bytes(body if isinstance(body, str) else _serialized(body))


def _serialized(body: object) -> str:
    try:
        return json.dumps(body)
    except RecursionError:
        raise ValueError("`body` is nested too deep") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("`body_b64` is not base64") from None


def _text(request: Row, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is missing or not text")
    return value


def _bytes(text: str) -> bytes:
    # Surrogates have no UTF-8; their bytes are left for the gate to refuse.
    return text.encode("utf-8", "surrogatepass")
