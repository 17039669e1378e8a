"""Held calls as tasks, for clients that offer it: of this request in 2026-07-28, of this call in 2025-11-25.

The two generations differ in shape: flat with `ttlMs` and `resultType`, or nested under `task` with `ttl`.
"""

from enum import StrEnum

from rules.hold import Hold, State
from rules.mcp.message import Failure, Members, Request, meta_of
from rules.mcp.protocol import INVALID_PARAMS
from rules.mcp.versions import CAPABILITIES_KEY, is_modern
from rules.request.strict_json import Json

EXTENSION = "io.modelcontextprotocol/tasks"

_PREFIX = "sg_"
_RELATED_KEY = "io.modelcontextprotocol/related-task"
_IMMEDIATE_KEY = "io.modelcontextprotocol/model-immediate-response"
_TTL_MS = 86_400_000
_POLL_MS = 5000


class Style(StrEnum):
    """Which generation's tasks a client takes."""

    FLAT = "2026-07-28"
    """The extension, which the client offers with each request."""
    NESTED = "2025-11-25"
    """The protocol's own, which the client asks for in one call."""


def style(request: Request) -> Style | None:
    """Which tasks the client takes in answer to `request`, None where it takes none."""
    if not is_modern(request):
        return Style.NESTED if isinstance(request.params.get("task"), dict) else None
    capabilities = meta_of(request).get(CAPABILITIES_KEY)
    extensions = capabilities.get("extensions") if isinstance(capabilities, dict) else None
    offered = isinstance(extensions, dict) and isinstance(extensions.get(EXTENSION), dict)
    return Style.FLAT if offered else None


def hold_of(task_id: Json) -> str | None:
    """The id of the hold that a task of ours stands for, None for tasks of the server."""
    ours = isinstance(task_id, str) and task_id.startswith(_PREFIX)
    return str(task_id).removeprefix(_PREFIX) if ours else None


def created(hold: Hold, how: Style, *, text: str) -> Members:
    """The answer to the call that was held."""
    if how is Style.FLAT:
        result_type: Members = {"resultType": "task"}
        return result_type | _members(hold, how, text)
    meta: Members = {_IMMEDIATE_KEY: text}
    return {"task": _members(hold, how, text), "_meta": meta}


def shown(hold: Hold, how: Style, *, text: str, outcome: Members | Failure | None) -> Members:
    """The answer to `tasks/get`. `outcome`: what the call is answered with, None while it waits."""
    found = _members(hold, how, text)
    if how is Style.NESTED or outcome is None or found["status"] == "cancelled":
        return found
    if isinstance(outcome, Failure):
        error: Members = {"code": outcome.code, "message": outcome.message}
        return found | {"status": "failed", "error": error}
    complete: Members = {"resultType": "complete"}
    result: Members = complete | outcome
    return found | {"result": result}


def related(hold: Hold, outcome: Members) -> Members:
    """The outcome as `tasks/result` gives it."""
    meta = outcome.get("_meta")
    task: Members = {"taskId": task_id(hold)}
    own: Members = {_RELATED_KEY: task}
    return outcome | {"_meta": (meta if isinstance(meta, dict) else {}) | own}


def no_such_task() -> Failure:
    """The task is not one of this agent's; its request's id is still to be set."""
    return Failure(id=None, code=INVALID_PARAMS, message="there is no such task of this agent")


def task_id(hold: Hold) -> str:
    """The id of the task that stands for `hold`."""
    return f"{_PREFIX}{hold.hold_id}"


def _members(hold: Hold, how: Style, text: str) -> Members:
    flat = how is Style.FLAT
    return {
        "taskId": task_id(hold),
        "status": _status(hold),
        "statusMessage": text,
        "createdAt": hold.created_at.isoformat(),
        "lastUpdatedAt": hold.created_at.isoformat(),
        "ttlMs" if flat else "ttl": _TTL_MS,
        "pollIntervalMs" if flat else "pollInterval": _POLL_MS,
    }


def _status(hold: Hold) -> str:
    """A refusal is a completed task whose result says so: `failed` is for errors of the protocol."""
    if hold.state is State.CANCELLED:
        return "cancelled"
    return "completed" if hold.settled else "working"
