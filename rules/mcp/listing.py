"""Lists of tools: what a server says of its own, and what the agent gets to read."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.call import ToolDefinition
from rules.mcp.headers import ParamNames, param_names
from rules.mcp.message import Members
from rules.mcp.pins import Pin, pin
from rules.request.strict_json import Json

AWAIT = "sidegate_await"
STATUS = "sidegate_status"
CANCEL = "sidegate_cancel"

_MAX_TTL_MS = 300_000
_HOLD_SCHEMA: Members = {
    "type": "object",
    "properties": {"hold_id": {"type": "string"}, "state": {"type": "string"}, "detail": {"type": "string"}},
    "required": ["hold_id", "state"],
}
_HOLD_ID: Members = {"type": "string", "description": "the id that the held call was answered with"}
_WAIT: Members = {
    "type": "integer",
    "minimum": 0,
    "maximum": 20,
    "description": "how long to wait for the decision; 3 without it",
}
_ANSWER: Members = {
    "type": "string",
    "description": "your answer, where the held call says that a reviewer asks you something",
}
_HINTS: Members = {"readOnlyHint": True, "openWorldHint": False}
_OWN: tuple[Members, ...] = (
    {
        "name": AWAIT,
        "description": "Waits for a tool call that was held for a human's approval, and returns the original "
        "tool's result once it was approved and has run. Call it with the hold_id of the held call.",
        "inputSchema": {
            "type": "object",
            "properties": {"hold_id": _HOLD_ID, "wait_seconds": _WAIT, "answer": _ANSWER},
            "required": ["hold_id"],
        },
        "annotations": _HINTS,
    },
    {
        "name": STATUS,
        "description": "Tells at once how a held tool call stands.",
        "inputSchema": {"type": "object", "properties": {"hold_id": _HOLD_ID}, "required": ["hold_id"]},
        "annotations": _HINTS,
    },
    {
        "name": CANCEL,
        "description": "Takes back a held tool call that is not wanted any more, unless it runs already.",
        "inputSchema": {"type": "object", "properties": {"hold_id": _HOLD_ID}, "required": ["hold_id"]},
        "annotations": {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": False},
    },
)
OWN = frozenset({AWAIT, STATUS, CANCEL})
"""The names of the gate's own tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One tool of a server's list."""

    name: str
    definition: ToolDefinition
    pin: Pin
    params: ParamNames
    entry: Members


def listed(result: Members) -> Iterator[Listed]:
    """The tools in the result of a `tools/list`."""
    entries = _entries(result)
    names = frozenset(str(entry["name"]) for entry in entries)
    for entry in entries:
        yield Listed(
            name=str(entry["name"]),
            definition=_definition(entry, names),
            pin=pin(entry),
            params=param_names(entry.get("inputSchema")),
            entry=entry,
        )


def offered(result: Members, *, widened: bool = False) -> Members:
    """The list as the agent gets it: our tools on its last page, nobody else's under their names.

    `widened`: every output schema also takes what a held call is answered with.
    """
    tools: list[Json] = [_widen(entry) if widened else entry for entry in _entries(result)]
    if not result.get("nextCursor"):
        tools += _OWN
    kept = result | {"tools": tools}
    if isinstance(ttl := result.get("ttlMs"), int):
        # A client serves a list from its memory for so long, whatever has changed.
        kept |= {"ttlMs": min(ttl, _MAX_TTL_MS), "cacheScope": "private"}
    return kept


def _entries(result: Members) -> list[Members]:
    tools = result.get("tools")
    entries = [entry for entry in tools if isinstance(entry, dict)] if isinstance(tools, list) else []
    return [e for e in entries if isinstance(e.get("name"), str) and e["name"] not in OWN]


def _definition(entry: Members, names: frozenset[str]) -> ToolDefinition:
    hints, description = entry.get("annotations"), entry.get("description")
    said = hints if isinstance(hints, dict) else {}
    return ToolDefinition(
        description=description if isinstance(description, str) else "",
        read_only=_flag(said.get("readOnlyHint")),
        destructive=_flag(said.get("destructiveHint")),
        siblings=names,
    )


def _flag(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _widen(entry: Members) -> Members:
    schema = entry.get("outputSchema")
    if not isinstance(schema, dict):
        return entry
    # References inside a schema are read from its root, so what they mean stays there.
    root: Members = {name: schema[name] for name in ("$defs", "definitions", "$schema") if name in schema}
    inner: Members = {name: value for name, value in schema.items() if name not in root}
    return entry | {"outputSchema": root | {"type": "object", "anyOf": [inner, _HOLD_SCHEMA]}}
