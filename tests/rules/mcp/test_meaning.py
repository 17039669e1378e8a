"""What messages ask for, and how grave that is."""

import pytest
from mcp_types.methods import (
    CLIENT_NOTIFICATIONS,
    CLIENT_REQUESTS,
    SERVER_NOTIFICATIONS,
    SERVER_REQUESTS,
)

from rules.call import ToolDefinition
from rules.mcp.meaning import Own, Plain, Unknown, Weighed, asked_by_client, asked_by_server
from rules.mcp.message import Members, Notification, Request
from rules.mcp.methods import Kind, of_client, of_server
from rules.mcp.pins import Change
from rules.mcp.weighing import weigh
from rules.mcp.wire import Malformed
from rules.verdict import Tier, Verdict
from tests.rules.mcp.rulesets import ruleset

_RULES = """
version: 1
rules:
  - id: no-etc
    match:
      server: files
      tool: resources/read
      cel: arguments.uri.startsWith('file:///etc/')
    tier: 4
  - id: sampling-ok
    match: {server: files, tool: sampling/createMessage}
    tier: 2
"""


def _call(name: object, arguments: Members | None = None) -> Request:
    params: Members = {"name": name, "arguments": arguments or {}}  # type: ignore[dict-item]
    return Request(id=1, method="tools/call", params=params)


def test_every_method_of_every_version_is_known() -> None:
    """The reference's tables have no method that would be refused as unknown."""
    for method, _ in [*CLIENT_REQUESTS, *CLIENT_NOTIFICATIONS]:
        assert of_client(method) is not Kind.UNKNOWN, method
    for method, _ in [*SERVER_REQUESTS, *SERVER_NOTIFICATIONS]:
        assert of_server(method) is not Kind.UNKNOWN, method


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (Request(id=1, method="initialize"), Plain),
        (Notification(method="notifications/initialized"), Plain),
        (Request(id=1, method="tools/list"), Plain),
        (_call("pay"), Weighed),
        (Request(id=1, method="resources/read", params={"uri": "file:///x"}), Weighed),
        (Request(id=1, method="tools/Call"), Unknown),
        (Request(id=1, method="sampling/createMessage"), Unknown),
        (_call("sidegate_await", {"hold_id": "x", "wait_seconds": 99}), Own),
        (_call("sidegate_await", {}), Malformed),
        (_call("resources/read"), Malformed),
        (_call("pay\u0000"), Malformed),
        (_call("pay "), Malformed),
        (_call("p\u200bay"), Malformed),
        (_call(""), Malformed),
        (_call(None), Malformed),
        (_call(7), Malformed),
    ],
    ids=[
        *("initialize", "initialized", "list", "call", "read", "capitals", "the server's", "await"),
        *("await without id", "method's name", "NUL", "space", "zero width", "empty", "none", "number"),
    ],
)
def test_what_an_agent_asks_for(message: Request | Notification, kind: type) -> None:
    """Each method is one of few kinds; what nobody knows is unknown."""
    assert isinstance(asked_by_client(message, server="files"), kind)


def test_an_agent_waits_no_longer_than_allowed() -> None:
    """The wait is bounded, and the status is told at once."""
    waiting = asked_by_client(_call("sidegate_await", {"hold_id": "x", "wait_seconds": 99}), server="s")
    at_once = asked_by_client(_call("sidegate_status", {"hold_id": "x", "wait_seconds": 9}), server="s")
    assert isinstance(waiting, Own)
    assert isinstance(at_once, Own)
    assert (waiting.wait, at_once.wait) == (20, 0)


@pytest.mark.parametrize(
    ("message", "tier"),
    [
        (Request(id=1, method="resources/read", params={"uri": "file:///tmp/a"}), 1),
        (Request(id=1, method="resources/read", params={"uri": "file:///etc/shadow"}), 4),
        (Request(id=1, method="prompts/get", params={"name": "x"}), 1),
        (Request(id=1, method="tasks/update", params={"taskId": "x"}), 3),
        (_call("read_file"), 1),
        (_call("delete_file"), 4),
    ],
    ids=["read", "read that a rule names", "prompt", "task", "tool that reads", "tool that deletes"],
)
def test_tiers_of_what_an_agent_asks_for(message: Request, tier: int) -> None:
    """Rules judge methods like tools; without one, a method has its usual tier."""
    asked = asked_by_client(message, server="files")
    assert isinstance(asked, Weighed)
    assert weigh(asked, ruleset(_RULES)).tier == tier


@pytest.mark.parametrize(
    ("method", "params", "rules", "tier"),
    [
        ("sampling/createMessage", {}, "", 4),
        ("sampling/createMessage", {}, _RULES, 2),
        ("elicitation/create", {"mode": "form"}, "", 2),
        ("elicitation/create", {"mode": "url", "url": "https://x.example"}, "", 3),
        ("roots/list", {}, "", 1),
    ],
    ids=["sampling", "sampling by rule", "form", "url", "roots"],
)
def test_tiers_of_what_a_server_asks_for(method: str, params: Members, rules: str, tier: int) -> None:
    """A server that samples drives the agent's model: nobody lets it without a rule."""
    asked = asked_by_server(Request(id=1, method=method, params=params), server="files")
    assert isinstance(asked, Weighed)
    assert weigh(asked, ruleset(rules)).tier == tier


def test_a_changed_tool_is_raised_and_never_lowered() -> None:
    """What is different about a tool only ever adds."""
    reads, deletes = (
        asked_by_client(_call(name), server="files", tool=ToolDefinition(read_only=True))
        for name in ("read_file", "delete_file")
    )
    assert isinstance(reads, Weighed)
    assert isinstance(deletes, Weighed)
    raised = weigh(reads, ruleset(), change=Change.TEXT)
    assert (raised.tier, raised.verdict) == (Tier.EXTERNAL, Verdict.HOLD)
    assert weigh(deletes, ruleset(), change=Change.TEXT).tier == Tier.HIGH_RISK


def test_observing_lets_go() -> None:
    """Where a file only observes, what would be held passes and says so."""
    asked = asked_by_server(Request(id=1, method="sampling/createMessage"), server="files")
    assert isinstance(asked, Weighed)
    judgement = weigh(asked, ruleset("version: 1\nmode: observe\nrules: []\n"))
    assert (judgement.verdict, judgement.observed) == (Verdict.PASS, True)
