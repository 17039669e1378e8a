"""Every value of a call that could be changed, by where it stands; and the call with one of them changed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote_plus

from rules.action import Action
from rules.call import Call, HttpCall, PayloadKind
from rules.headers import first
from rules.mcp.action import ToolAction
from rules.mcp.headers import agreeing
from rules.mcp.message import text_of
from rules.request.strict_json import Json, parse

_MOST_VALUES = 2000
_MAX_DEPTH = 8
_MOST_PLACES = 20

type Path = tuple[str | int, ...]


def leaves(call: Call) -> Sequence[tuple[Path, Json]]:
    """The values in its body or arguments, the first of very many."""
    value = call.payload.value if isinstance(call, HttpCall) else call.arguments
    found: list[tuple[Path, Json]] = []
    for leaf in _within((), value):
        found.append(leaf)
        if len(found) >= _MOST_VALUES:
            break
    return found


def name_of(path: Path) -> str:
    """The member that a value belongs to, whatever list it stands in."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def rewritten(action: Action | ToolAction, call: Call, path: Path, value: Json) -> Action | ToolAction | None:
    """`action` with `value` at `path`, written as its agent writes; None where that cannot be."""
    if isinstance(call, HttpCall) and call.payload.kind is PayloadKind.FORM:
        body = _in_form(action.body, path, _at(call.payload.value, path), value)
    else:
        whole = call.payload.value if isinstance(call, HttpCall) else call.arguments
        body = _in_json(action.body, whole, path, value)
    if body is None:
        return None
    if isinstance(action, ToolAction):
        arguments = parse(body)
        return replace(action, body=body, fields=agreeing(action.fields, arguments))
    if first(action.fields, b"content-encoding") is not None:
        return None
    length = b"%d" % len(body)
    fields = tuple((n, length if n.lower() == b"content-length" else v) for n, v in action.fields)
    return replace(action, body=body, fields=fields)


def _within(path: Path, value: Json) -> Iterator[tuple[Path, Json]]:
    if len(path) > _MAX_DEPTH:
        return
    match value:
        case dict():
            for name, one in value.items():
                yield from _within((*path, name), one)
        case list():
            for number, one in enumerate(value):
                yield from _within((*path, number), one)
        case _ if path:
            yield path, value


def _in_json(body: bytes, whole: Json, path: Path, value: Json) -> bytes | None:
    """A JSON body in the agent's own spelling where its value is found in it, else in ours."""
    changed = _with(whole, path, value)
    before, after = (text_of(one).encode() for one in (_at(whole, path), value))
    end = 0
    for _ in range(_MOST_PLACES):
        start = body.find(before, end)
        if start < 0:
            break
        end = start + len(before)
        spelled = body[:start] + after + body[end:]
        if _reads(spelled, changed):
            return spelled
    return text_of(changed).encode("ascii")


def _reads(body: bytes, value: Json) -> bool:
    try:
        return parse(body) == value
    except ValueError:
        return False


def _in_form(body: bytes, path: Path, before: Json, after: Json) -> bytes | None:
    """A form with another value, where that stands in it once and as forms are usually written."""
    if len(path) != 1 or not isinstance(before, str) or not isinstance(after, str):
        return None
    name = quote_plus(str(path[0]))
    pairs = body.split(b"&")
    old, new = (f"{name}={quote_plus(one)}".encode() for one in (before, after))
    if pairs.count(old) != 1:
        return None
    return b"&".join(new if pair == old else pair for pair in pairs)


def _at(value: Json, path: Path) -> Json:
    for part in path:
        value = value[part]  # type: ignore[index]
    return value


def _with(value: Json, path: Path, new: Json) -> Json:
    if not path:
        return new
    part, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(part, str):
        return {**value, part: _with(value[part], rest, new)}
    if isinstance(value, list) and isinstance(part, int):
        return [_with(one, rest, new) if n == part else one for n, one in enumerate(value)]
    return value
