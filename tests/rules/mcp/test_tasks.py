"""Held calls as tasks: who takes them, and their two shapes."""

import pytest

from rules.hold import State
from rules.mcp.message import Failure, Members, Request
from rules.mcp.tasks import EXTENSION, Style, created, hold_of, related, shown, style, task_id
from rules.mcp.versions import CAPABILITIES_KEY, VERSION_KEY
from rules.request.strict_json import Json
from tests.rules.holds import a_hold

_DONE: Members = {"content": []}


def _asking(capabilities: Json, version: str = "2026-07-28") -> Request:
    meta: Members = {VERSION_KEY: version, CAPABILITIES_KEY: capabilities}
    return Request(id=1, method="tools/call", params={"name": "pay", "_meta": meta})


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (_asking({"extensions": {EXTENSION: {}}}), Style.FLAT),
        (_asking({"extensions": {}}), None),
        (_asking({"extensions": {EXTENSION: True}}), None),
        (_asking({"extensions": [EXTENSION]}), None),
        (_asking([]), None),
        (_asking({"extensions": {EXTENSION: {}}}, "2025-11-25"), None),
        (Request(id=1, method="tools/call", params={"task": {"ttl": 5}}), Style.NESTED),
        (Request(id=1, method="tools/call", params={"task": True}), None),
        (Request(id=1, method="tools/call", params={}), None),
    ],
    ids=["offered", "not", "odd", "a list", "no object", "older version", "older", "odd older", "plain"],
)
def test_only_where_this_request_offers_it(request_: Request, found: Style | None) -> None:
    """What an earlier one has said does not count."""
    assert style(request_) is found


def test_ids_of_the_server_are_not_ours() -> None:
    """They pass."""
    assert hold_of(task_id(a_hold())) == a_hold().hold_id
    assert [hold_of(other) for other in ("t1", None, 7, "SG_x")] == [None] * 4


def test_both_shapes_of_a_new_task() -> None:
    """Flat with milliseconds by name, or nested with words for the model."""
    flat = created(a_hold(), Style.FLAT, text="held")
    assert (flat["resultType"], flat["status"], flat["taskId"]) == ("task", "working", task_id(a_hold()))
    assert {"ttlMs", "pollIntervalMs", "createdAt", "lastUpdatedAt"} <= flat.keys()
    nested = created(a_hold(), Style.NESTED, text="held")
    assert nested.keys() == {"task", "_meta"}
    assert nested["_meta"] == {"io.modelcontextprotocol/model-immediate-response": "held"}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.PENDING, "working"),
        (State.SENDING, "working"),
        (State.EXECUTED, "completed"),
        (State.REJECTED, "completed"),
        (State.OUTCOME_UNKNOWN, "completed"),
        (State.CANCELLED, "cancelled"),
    ],
)
def test_states_as_a_task_has_them(state: State, status: str) -> None:
    """A refusal is completed, and its result says what it is."""
    found = shown(a_hold(state=state), Style.FLAT, text="t", outcome=_DONE if status == "completed" else None)
    assert found["status"] == status
    assert (found.get("result") == {"resultType": "complete", "content": []}) is (status == "completed")


def test_an_error_of_the_protocol_is_a_failed_task() -> None:
    """Without a result."""
    failure = Failure(id=0, code=-1, message="m")
    found = shown(a_hold(state=State.EXECUTION_ERROR), Style.FLAT, text="t", outcome=failure)
    assert (found["status"], found["error"]) == ("failed", {"code": -1, "message": "m"})


def test_a_result_says_whose_it_is() -> None:
    """Beside what else its `_meta` says."""
    assert related(a_hold(), {"content": [], "_meta": {"a": 1}})["_meta"] == {
        "a": 1,
        "io.modelcontextprotocol/related-task": {"taskId": task_id(a_hold())},
    }
