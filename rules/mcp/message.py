"""JSON-RPC messages as MCP uses them, and our own way of writing them."""

import json
from dataclasses import dataclass, field
from decimal import Decimal

from rules.request.strict_json import Json

type Members = dict[str, Json]
type Id = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call of a method that expects an answer."""

    id: Id
    method: str
    params: Members = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message that expects no answer; its method starts with `notifications/`."""

    method: str
    params: Members = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A method's answer."""

    id: Id
    result: Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A method's error; without an id where the other side could not read the request's."""

    id: Id | None
    code: int
    message: str
    data: Json = None


type Message = Request | Notification | Result | Failure


def write(message: Message) -> bytes:
    """`message` in our own serialization: ASCII, on one line, numbers with the digits that they had."""
    return text_of(_members(message)).encode("ascii")


def meta_of(message: Request | Notification) -> Members:
    """What the message says beside what it asks for: its `_meta`, empty where it has none."""
    meta = message.params.get("_meta")
    return meta if isinstance(meta, dict) else {}


def text_of(value: Json) -> str:
    """`value` as JSON in the order of its members."""
    try:
        return json.dumps(value, separators=(",", ":"))
    except TypeError:
        # json knows no Decimal, and a float would round.
        return _exact(value)


def _members(message: Message) -> Members:
    head: Members = {"jsonrpc": "2.0"}
    match message:
        case Request():
            return head | {"id": message.id, "method": message.method} | _params(message.params)
        case Notification():
            return head | {"method": message.method} | _params(message.params)
        case Result():
            return head | {"id": message.id, "result": message.result}
        case Failure():
            error: Members = {"code": message.code, "message": message.message}
            if message.data is not None:
                error["data"] = message.data
            return head | {"id": message.id, "error": error}


def _params(params: Members) -> Members:
    return {"params": params} if params else {}


def _exact(value: Json) -> str:
    match value:
        case dict():
            return "{" + ",".join(f"{json.dumps(name)}:{_exact(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_exact, value)) + "]"
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value)
