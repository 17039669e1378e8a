"""What two calls have to share to be covered by one grant."""

from dataclasses import replace
from typing import Any

import pytest

from rules.action import Action, Principal
from rules.granting.likeness import MOST_NAMES, Likeness, likeness_of
from rules.mcp.action import ToolAction
from rules.ruleset import Ruleset
from rules.verdict import ReasonId, Tier
from tests.rules.calls import compiled
from tests.rules.holds import a_hold
from tests.rules.test_decision import NOW

RULES = compiled(
    "rules: [{id: note, match: {host: notes.example}, tier: 3}, "
    "{id: two, match: {host: notes.example, path: /two}, tier: 3, quorum: 2}]"
)
ACTION = Action(
    method="POST",
    scheme="https",
    host="notes.example",
    port=443,
    target="/v1/notes/1234?dry=no",
    fields=((b"Host", b"notes.example"), (b"Content-Type", b"application/json")),
    body=b'{"text": "hello", "tags": ["a", "b"], "n": {"deep": 1}}',
    principal=Principal(agent="agent-7", session="s1"),
)
TOOL = ToolAction(
    server="mail", place="https://mail.example/mcp", tool="send", body=b'{"to":"ann"}', principal=Principal()
)
HOLD = a_hold(hold_id="01J", tier=Tier.EXTERNAL, rule="note", policy=RULES.hash, created_at=NOW)


def like(action: Action | ToolAction = ACTION, **changes: Any) -> Likeness | str:
    """What `action` shares with others, held as the rules say."""
    return likeness_of(replace(HOLD, **changes), action, RULES)


def covers(other: Action) -> bool:
    """Whether what was looked at covers `other`."""
    mine, its = like(), like(other)
    assert isinstance(mine, Likeness)
    return isinstance(its, Likeness) and mine.covers(its)


def test_what_is_kept() -> None:
    """All that a lead could be asked about later."""
    found = like()
    assert isinstance(found, Likeness)
    assert (found.agent, found.rule, found.policy) == (("", "", "agent-7"), "note", RULES.hash)
    assert (found.place, found.host) == ("https notes.example 443", "notes.example")
    assert found.shape == "note POST notes.example/v1/notes/*"
    assert "query dry" in found.names
    assert "member /tags/* text" in found.names


SAME: dict[str, dict[str, Any]] = {
    "other values": {"body": b'{"text": "bye", "tags": [], "n": {"deep": 2}}'},
    "fewer members": {"body": b'{"text": "bye"}'},
    "another thing of the same kind": {"target": "/v1/notes/9999?dry=yes"},
    "another session": {"principal": Principal(agent="agent-7", session="s2")},
}
OTHERS: dict[str, dict[str, Any]] = {
    "one more member": {"body": b'{"text": "hello", "bcc": "x"}'},
    "one more, deep inside": {"body": b'{"n": {"deep": 1, "deeper": 2}}'},
    "another kind of value": {"body": b'{"text": ["a", "b"]}'},
    "a name that looks like a path": {"body": b'{"n/deep": 1}'},
    "one more parameter": {"target": "/v1/notes/1234?dry=no&as=root"},
    "one more header": {"fields": (*ACTION.fields, (b"X-Act-As", b"root"))},
    "another method": {"method": "PUT"},
    "another path": {"target": "/v1/notes/1234/shares?dry=no"},
    "another port": {"port": 8443},
    "another scheme": {"scheme": "http"},
    "another agent": {"principal": Principal(agent="agent-8")},
    "for another person": {"principal": Principal(agent="agent-7", human="bob")},
    "no body": {"body": b"", "fields": ACTION.fields[:1]},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_like_it(changes: dict[str, Any]) -> None:
    """Values may differ."""
    assert covers(replace(ACTION, **changes))


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_unlike_it(changes: dict[str, Any]) -> None:
    """Names, places and kinds may not."""
    assert not covers(replace(ACTION, **changes))


HELD: dict[str, tuple[dict[str, Any], str]] = {
    "tier 4": ({"tier": Tier.HIGH_RISK}, "is of tier 4"),
    "no rule": (
        {"rule": None, "reason_id": ReasonId.DEFAULT_WRITE},
        "names it: write one for such calls first",
    ),
    "perhaps a rule": ({"reason_id": ReasonId.RULE_UNKNOWN}, "not because a rule surely names it"),
    "over a budget": ({"reason_id": ReasonId.BUDGET}, "not because a rule surely names it"),
    "a secret": ({"reason_id": ReasonId.SECRET_OUTBOUND}, "not because a rule surely names it"),
    "other rules": ({"policy": "0" * 64}, "was held under other rules"),
    "edited": ({"generation": 2}, "was changed by a reviewer"),
}


@pytest.mark.parametrize(("changes", "why"), HELD.values(), ids=HELD)
def test_held_as_no_grant_can_cover(changes: dict[str, Any], why: str) -> None:
    """Whatever it asks for."""
    found = like(**changes)
    assert isinstance(found, str)
    assert why in found


ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "a body that nobody reads": ({"body": b"\x01", "fields": ACTION.fields[:1]}, "nobody here can read"),
    "two people": ({"target": "/two"}, "needs more than one person"),
    "two readings": ({"target": "/a%2fb"}, "cannot be read"),
    "a member that nobody sees": ({"body": b'{"te\\u200bxt": "a"}'}, "nobody sees"),
    "a text that turns": ({"body": '{"text": "a\u202eb"}'.encode()}, "nobody sees"),
    "too many members": (
        {"body": b"{%b}" % b",".join(b'"%d": 1' % n for n in range(MOST_NAMES))},
        "more members than",
    ),
    "another method inside": (
        {"fields": (*ACTION.fields, (b"X-HTTP-Method-Override", b"DELETE"))},
        "more than one reading",
    ),
}


@pytest.mark.parametrize(("changes", "why"), ASKED.values(), ids=ASKED)
def test_calls_that_no_grant_can_cover(changes: dict[str, Any], why: str) -> None:
    """However they are held."""
    found = like(replace(ACTION, **changes))
    assert isinstance(found, str)
    assert why in found


def test_operations_are_part_of_the_shape() -> None:
    """One address, and as many operations as its payload may name."""
    fields = (*ACTION.fields[:1], (b"Content-Type", b"application/json"))
    graphql = replace(ACTION, target="/graphql", fields=fields)
    ask = [b'{"query": "mutation { addNote(a: 1) { id } }"}', b'{"query": "mutation { dropAll { id } }"}']
    one, other = (like(replace(graphql, body=body)) for body in ask)
    assert isinstance(one, Likeness)
    assert isinstance(other, Likeness)
    assert not one.covers(other)


def test_tools() -> None:
    """Server, place, tool and the names of arguments."""
    rules = compiled("rules: [{id: mail, match: {server: mail, tool: send}, tier: 3}]")
    hold = replace(HOLD, rule="mail", policy=rules.hash)

    def of(action: ToolAction, ruleset: Ruleset = rules) -> Likeness:
        found = likeness_of(hold, action, ruleset)
        assert isinstance(found, Likeness)
        return found

    assert of(TOOL).covers(of(replace(TOOL, body=b'{"to":"bob"}')))
    assert not of(TOOL).covers(of(replace(TOOL, body=b'{"to":"bob","cc":"eve"}')))
    assert not of(TOOL).covers(of(replace(TOOL, place="https://evil.example/mcp")))
    assert not of(TOOL).covers(of(replace(TOOL, tool="delete")))
