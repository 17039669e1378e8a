"""The HTTP fields of a modern MCP request: they have to say what its body says, and ours replace them."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from decimal import Decimal

from rules.headers import Fields
from rules.mcp.message import Failure, Message, Notification, Request
from rules.mcp.protocol import HEADER_MISMATCH
from rules.mcp.versions import KNOWN, claimed, is_modern, unsupported
from rules.request.strict_json import Json

VERSION = b"mcp-protocol-version"
METHOD = b"mcp-method"
NAME = b"mcp-name"
PARAM = b"mcp-param-"

type ParamNames = Mapping[str, tuple[str, ...]]
"""Lower-case names that a tool's schema gives to parameters in headers, and where the arguments have them."""

_ENCODED = re.compile(r"=\?base64\?(.*)\?=")
_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")
_PLAIN = re.compile(r"[\x20-\x7e]*")
# Which member of the params `Mcp-Name` repeats.
_NAMED_BY = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}


def disagreement(fields: Fields, message: Message, params: ParamNames | None = None) -> Failure | None:
    """What the client hears where `fields` and `message` do not say the same; an absent field says nothing.

    `params`: the called tool's, None where its schema is not known.
    """
    id_ = None if isinstance(message, Notification) else message.id
    said = [(_dashed(name), value.decode("latin-1")) for name, value in fields]
    version = next((value for name, value in said if name == VERSION), None)
    stated = claimed(message) if isinstance(message, Request | Notification) else None
    if version is not None and version not in KNOWN:
        return unsupported(id_, version, modern=stated is not None)
    if not isinstance(message, Request | Notification):
        return None
    # One that only the body claims contradicts the header, before anybody asks whether it is known.
    alone = version is None or message.method == "initialize"
    if stated is not None and stated not in KNOWN and alone:
        return unsupported(id_, stated, modern=message.method != "initialize")
    wrong = next(_wrong(said, message, params), None)
    if wrong is None:
        return None
    words = f"the header `{wrong}` does not say what the body says; nothing was sent"
    return Failure(id=id_, code=HEADER_MISMATCH, message=words)


def ours(fields: Fields, message: Message, params: ParamNames | None = None) -> Fields:
    """`fields` with every MCP field about the message written by us, from the message.

    What the client left out is left out: whether it may be missing is for the server to say.
    """
    kept = tuple((name, value) for name, value in fields if not _is_about_message(name))
    if not isinstance(message, Request | Notification):
        return (*kept, *((name, value) for name, value in fields if _dashed(name) == VERSION))
    said = {_dashed(name) for name, _ in fields}
    return (*kept, *(field for field in _written(fields, message, params) if _dashed(field[0]) in said))


def complete(fields: Fields, message: Message, params: ParamNames | None = None) -> Fields:
    """`fields` with every MCP field that a message of ours needs; of an old version, only that version."""
    if not isinstance(message, Request | Notification):
        return ours(fields, message)
    kept = tuple((name, value) for name, value in fields if not _is_about_message(name))
    modern = is_modern(message)
    written = _written(fields, message, params)
    return (*kept, *(field for field in written if modern or _dashed(field[0]) == VERSION))


def agreeing(fields: Fields, arguments: Json) -> Fields:
    """`fields` without those that repeat a parameter which `arguments` do not have any more."""
    said = set(_scalars(arguments))
    return tuple(
        (name, value)
        for name, value in fields
        if not _dashed(name).startswith(PARAM) or decode(value.decode("latin-1")) in said
    )


def param_names(schema: Json) -> ParamNames:
    """The parameters that a tool's input schema wants in headers (`x-mcp-header`), by lower-case name."""
    return dict(_params_of(schema, ()))


def encode(value: str) -> str:
    """`value` as a field carries it (SEP-2243): as it is, or in base64 where it would not survive."""
    if _PLAIN.fullmatch(value) and value == value.strip() and not _ENCODED.fullmatch(value):
        return value
    return f"=?base64?{b64encode(value.encode()).decode()}?="


def decode(value: str) -> str | None:
    """What a field says, None where its base64 is not the one that `encode` would write."""
    read = _ENCODED.fullmatch(value)
    if read is None:
        return value
    try:
        text = b64decode(read[1], validate=True)
        return text.decode() if b64encode(text).decode() == read[1] else None
    except ValueError:
        return None


def _wrong(
    said: list[tuple[bytes, str]], message: Request | Notification, params: ParamNames | None
) -> Iterator[str]:
    """The names of fields that the body contradicts."""
    arguments = message.params.get("arguments")
    for name, value in said:
        if name == VERSION:
            stated = claimed(message)
            right = stated is None or message.method == "initialize" or value == stated
        elif name == METHOD:
            right = value == message.method
        elif name == NAME:
            right = decode(value) == message.params.get(_NAMED_BY.get(message.method, ""))
        elif name.startswith(PARAM):
            short = name.removeprefix(PARAM).decode("latin-1")
            right = _agrees(short, decode(value), arguments, params)
        else:
            continue
        if not right:
            yield name.decode("latin-1")


def _agrees(name: str, value: str | None, arguments: Json, params: ParamNames | None) -> bool:
    """Whether the arguments have `value` where the schema says, or, where nobody knows it, anywhere."""
    if value is None or not isinstance(arguments, dict):
        return False
    if params is None:
        return value in set(_scalars(arguments))
    path = params.get(name)
    return path is not None and _scalar(_at(arguments, path)) == value


def _written(
    fields: Fields, message: Request | Notification, params: ParamNames | None
) -> Iterator[tuple[bytes, bytes]]:
    version = claimed(message) if is_modern(message) else None
    for name, value in fields:
        if _dashed(name) == VERSION:
            version = value.decode("latin-1")
    if isinstance(version, str):
        yield b"MCP-Protocol-Version", version.encode("latin-1")
    yield b"Mcp-Method", message.method.encode()
    named = message.params.get(_NAMED_BY.get(message.method, ""))
    if isinstance(named, str):
        yield b"Mcp-Name", encode(named).encode()
    yield from _written_params(fields, message.params.get("arguments"), params)


def _written_params(
    fields: Fields, arguments: Json, params: ParamNames | None
) -> Iterator[tuple[bytes, bytes]]:
    """By the schema; where nobody knows it, the client's own, which agree with the arguments."""
    if params is None:
        yield from ((name, value) for name, value in fields if _dashed(name).startswith(PARAM))
        return
    for name, path in params.items():
        text = _scalar(_at(arguments, path))
        if text is not None:
            yield b"Mcp-Param-" + name.encode("latin-1"), encode(text).encode()


def _is_about_message(name: bytes) -> bool:
    dashed = _dashed(name)
    return dashed in (VERSION, METHOD, NAME) or dashed.startswith(PARAM)


def _params_of(schema: Json, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(schema, dict):
        return
    name = schema.get("x-mcp-header")
    if path and isinstance(name, str) and _TOKEN.fullmatch(name):
        yield name.lower(), path
    properties = schema.get("properties")
    for member, inner in properties.items() if isinstance(properties, dict) else ():
        yield from _params_of(inner, (*path, member))


def _at(value: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _scalars(value: Json) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _scalars(item)
    elif (text := _scalar(value)) is not None:
        yield text


def _scalar(value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | str | Decimal) else None


def _dashed(name: bytes) -> bytes:
    return name.lower().replace(b"_", b"-")
