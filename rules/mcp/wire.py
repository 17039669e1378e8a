"""One strict reading of bytes that should be one MCP message.

Servers disagree on repeated and look-alike members, byte order marks, ids that are no integers, requests
that also have a result, and batches: each has executed on one of them what another one refused. Whatever
two of them could read differently is refused here.
"""

import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal

from rules.mcp.message import Failure, Id, Members, Message, Notification, Request, Result
from rules.mcp.protocol import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from rules.request.body import MAX_JSON_VALUES
from rules.request.spelling import fold_name
from rules.request.strict_json import MAX_DEPTH, Json, OutOfBounds, parse

_ENVELOPE = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_PARAMS = frozenset(
    {"_meta", "arguments", "cursor", "inputResponses", "name", "ref", "requestState", "task", "taskId", "uri"}
)
_FOLDED = {fold_name(name): name for name in _ENVELOPE | _PARAMS}
_METHOD = re.compile(r"[A-Za-z0-9_.$-]{1,64}(?:/[A-Za-z0-9_.$-]{1,64}){0,4}")
_MAX_ID_CHARACTERS = 512
_NOTIFIES = "notifications/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """Bytes that are no message with one reading. `code`: JSON-RPC's; `id`: the request's, if certain."""

    code: int
    reason: str
    id: Id | None = None
    call: bool = False
    """Whether it calls a tool and is only too much of something: an honest client may have sent it."""

    @property
    def reply(self) -> Failure:
        """What the sender hears."""
        return Failure(id=self.id, code=self.code, message=f"{self.reason}; nothing was sent")


def read_line(line: bytes) -> Message | Malformed:
    """The message on a line of stdio, its end taken off.

    INVARIANT: no carriage return inside: some servers end a line there, and run what follows.
    """
    if b"\r" in line:
        return Malformed(code=PARSE_ERROR, reason="the line has a carriage return in it")
    return read_message(line)


def read_message(text: bytes) -> Message | Malformed:
    """The message that `text` is. Never raises."""
    if sum(map(text.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        return _over(text, f"the message has over {MAX_JSON_VALUES} values")
    try:
        value = parse(text)
    except OutOfBounds as error:
        return _over(text, str(error))
    except ValueError as error:
        return Malformed(code=PARSE_ERROR, reason=str(error))
    if isinstance(value, list):
        return _invalid("a batch is not taken: send each message by itself")
    if not isinstance(value, dict):
        return _invalid("the message is no object")
    id_ = _id(value.get("id"))
    faults = (_envelope_fault(value), _id_fault(value), _shape_fault(value))
    if reason := next(filter(None, faults), None):
        return _invalid(reason, id_)
    return _message(value, id_)


def read_answer(text: bytes) -> Message | Malformed:
    """What a server says. Never raises.

    Its results are its own word to the agent: one with an integer that parsers round is not for us to
    refuse. What asks the agent for something has to be read strictly all the same.
    """
    message = read_message(text)
    if not isinstance(message, Malformed):
        return message
    try:
        value = json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return message
    if not isinstance(value, dict) or any(fold_name(name) == "method" for name in value):
        return message
    id_, result = _id(value.get("id")), value.get("result")
    if id_ is None or not isinstance(result, dict) or _is_deep(result):
        return message
    return Result(id=id_, result=result)


def _over(text: bytes, reason: str) -> Malformed:
    """What is too much of something, with the id of the call that it is; nothing else of it is believed."""
    malformed = Malformed(code=PARSE_ERROR, reason=reason)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return malformed
    if not isinstance(value, dict) or (id_ := _id(value.get("id"))) is None:
        return malformed
    return replace(malformed, id=id_, call=value.get("method") == "tools/call")


def _message(value: Members, id_: Id | None) -> Message | Malformed:
    method, result, error = value.get("method"), value.get("result"), value.get("error")
    if isinstance(method, str):
        params = value.get("params") or {}
        assert isinstance(params, dict)  # noqa: S101 (its shape is checked)
        if reason := _params_fault(params):
            return Malformed(code=INVALID_PARAMS, reason=reason, id=id_)
        if id_ is None:
            return Notification(method=method, params=params)
        return Request(id=id_, method=method, params=params)
    if isinstance(result, dict) and id_ is not None:
        return Result(id=id_, result=result)
    assert isinstance(error, dict)  # noqa: S101 (its shape is checked)
    code, message = error["code"], error["message"]
    assert isinstance(code, int)  # noqa: S101 (its shape is checked)
    return Failure(id=id_, code=code, message=str(message), data=error.get("data"))


def _envelope_fault(value: Members) -> str | None:
    if reason := _look_alike(value, _ENVELOPE):
        return reason
    if value.get("jsonrpc") != "2.0":
        return 'the message does not say `"jsonrpc": "2.0"`'
    if len(value.keys() & {"method", "result", "error"}) != 1:
        return "the message is not exactly one of a request, a result and an error"
    return None


def _id_fault(value: Members) -> str | None:
    id_, method = value.get("id"), value.get("method")
    if "id" in value and _id(id_) is None:
        # JSON-RPC 2.0 section 5: the id of an error is null where the request's could not be read.
        if id_ is None and "error" in value:
            return None
        return f"the id is no integer and no text of up to {_MAX_ID_CHARACTERS} characters"
    if "result" in value and "id" not in value:
        return "the result has no id"
    if isinstance(method, str) and method.startswith(_NOTIFIES) is ("id" in value):
        return "a notification has an id, or a request has none"
    return None


def _shape_fault(value: Members) -> str | None:
    if "method" in value and not (isinstance(value["method"], str) and _METHOD.fullmatch(value["method"])):
        return "the method is no plain name"
    if "params" in value and not isinstance(value["params"], dict | None):
        return "the params are no object"
    if "result" in value and not isinstance(value["result"], dict):
        return "the result is no object"
    if "error" not in value:
        return None
    error = value["error"]
    whole = isinstance(error, dict) and type(error.get("code")) is int and type(error.get("message")) is str
    return None if whole else "the error is no object with a code and a message"


def _params_fault(params: Members) -> str | None:
    if reason := _look_alike(params, _PARAMS):
        return reason
    for name in ("arguments", "_meta"):
        if not isinstance(params.get(name), dict | None):
            return f"`{name}` is no object"
    return None


def _look_alike(members: Members, known: frozenset[str]) -> str | None:
    """Whether a lenient reader takes a member for one of `known` that it is not."""
    for name in members.keys() - known:
        meant = _FOLDED.get(fold_name(name))
        if meant in known:
            return f"a member only looks like `{meant}`"
    return None


def _is_deep(value: Json) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)]
        level = [item for items in inner for item in items]
    return bool(level)


def _id(value: Json) -> Id | None:
    if type(value) is int:
        return value
    return value if isinstance(value, str) and len(value) <= _MAX_ID_CHARACTERS else None


def _invalid(reason: str, id_: Id | None = None) -> Malformed:
    return Malformed(code=INVALID_REQUEST, reason=reason, id=id_)
