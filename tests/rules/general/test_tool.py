"""MCP tools: names first, then what servers say, and arguments only upwards."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import ToolCall, ToolDefinition
from rules.general.effect import Effect
from rules.general.tool import read_tool


def called(
    name: str,
    description: str | None = None,
    *,
    read_only: bool | None = None,
    destructive: bool | None = None,
    **arguments: Any,
) -> ToolCall:
    """A call of a tool; without a description the server's list is not known."""
    definition = ToolDefinition(description=description or "", read_only=read_only, destructive=destructive)
    known = description is not None
    return ToolCall(server="s", tool=name, arguments=arguments, definition=definition if known else None)


TOOLS: dict[str, tuple[ToolCall, Effect]] = {
    "a name that reads": (called("search_contacts"), Effect.READ),
    "a name that sends": (called("send_email"), Effect.COMMUNICATION),
    "a name without a verb": (called("weather"), Effect.CHANGE),
    "described as a read": (called("weather", "Returns the weather."), Effect.READ),
    "described in the third person": (called("weather", "Retrieves it"), Effect.READ),
    "described as a write": (called("ledger", "Transfers an amount."), Effect.FINANCIAL),
    "described without a verb": (called("weather", "The weather of a city"), Effect.CHANGE),
    "a statement that reads": (
        called("read_query", "Execute a SELECT query", query="SELECT a FROM t"),
        Effect.READ,
    ),
    "a statement that writes": (
        called("read_query", "Execute a query", query="INSERT INTO t VALUES (1)"),
        Effect.DEPLOYMENT,
    ),
    "no statement": (called("read_query", "Execute a query"), Effect.DEPLOYMENT),
    "one statement of two": (
        called("read_query", "Run them", query="SELECT 1", sql="DROP TABLE t"),
        Effect.DELETION,
    ),
    "a statement under a name that does more": (
        called("write_query", "Execute a query", query="SELECT 1"),
        Effect.DEPLOYMENT,
    ),
    "described as more than running a statement": (
        called("read_query", "Sends a query", query="SELECT 1"),
        Effect.COMMUNICATION,
    ),
    "not described": (called("weather", ""), Effect.CHANGE),
    "a name that reads, described as a write": (
        called("get_mail", "Delete all mail"),
        Effect.DELETION,
    ),
    "a name that writes, described as a read": (called("send_mail", "Get mail"), Effect.COMMUNICATION),
    "a hint that it only reads": (called("send_sms", "", read_only=True), Effect.COMMUNICATION),
    "a hint that it only reads, and no verb": (called("sms", "", read_only=True), Effect.CHANGE),
    "a hint that it destroys": (called("get_x", "", destructive=True), Effect.DELETION),
    "contrary hints": (called("get_x", "", read_only=True, destructive=True), Effect.READ),
    "a hint that it writes": (called("get_x", "", read_only=False), Effect.REVERSIBLE),
    "an argument that deletes": (called("get_record", operation="delete"), Effect.DELETION),
    "an argument that reads": (called("manage_record", action="list"), Effect.CHANGE),
    "sql that writes": (called("query", sql="drop table t"), Effect.DELETION),
    "sql that reads": (called("query", sql="select 1"), Effect.READ),
    "sql under another name": (called("query", query=" Delete from t"), Effect.DELETION),
    "words under that name": (called("query", query="how to delete a row"), Effect.READ),
    "a program to evaluate": (called("browser_evaluate", function="x"), Effect.CHANGE),
    "words to search for": (called("web_search", query="delete my account policy"), Effect.READ),
    "words for a database": (called("search_database", query="delete my account"), Effect.DELETION),
    "a statement to search with": (called("web_search", query="select 1; drop table t"), Effect.DELETION),
    "cypher by a reader's name": (
        called("read_neo4j_cypher", query="MATCH (n) DETACH DELETE n"),
        Effect.DELETION,
    ),
    "sql that reads, run": (called("run_query", sql="select 1"), Effect.DEPLOYMENT),
}


@pytest.mark.parametrize("name", TOOLS)
def test_tools(name: str) -> None:
    """Every named tool has its effect."""
    call, effect = TOOLS[name]
    assert read_tool(call).effect is effect


NAMES = st.sampled_from(["get_x", "query", "star_repo", "send_mail", "weather", "manage"])
ARGUMENTS = st.dictionaries(
    st.sampled_from(["sql", "action", "operation", "to", "dry_run", "read_only", "x"]),
    st.sampled_from(["select 1", "drop table t", "delete", "list", "", "true", True, 1, None])
    | st.text(max_size=20),
)


@given(NAMES, ARGUMENTS, ARGUMENTS)
def test_arguments_never_lower(name: str, some: dict[str, Any], more: dict[str, Any]) -> None:
    """Whatever an agent adds, a call is at least as grave."""
    before = read_tool(called(name, **some))
    after = read_tool(called(name, **(more | some)))
    assert after.effect.gravity >= before.effect.gravity


@given(NAMES, st.sampled_from([None, True, False]), st.sampled_from([None, True, False]))
def test_hints_never_lower(name: str, read_only: bool | None, destructive: bool | None) -> None:
    """Whatever a vendor's annotations say, a call is at least as grave as without them."""
    hinted = called(name, "", read_only=read_only, destructive=destructive)
    assert read_tool(hinted).effect.gravity >= read_tool(called(name, "")).effect.gravity


@given(st.text(max_size=40), st.text(max_size=80))
def test_any_tool(name: str, description: str) -> None:
    """Any name and description are judged."""
    assert read_tool(called(name, description)).because
