"""Held calls for tests, and the packages that are made of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.action import Action, Principal, bind
from rules.call import Call, HttpCall
from rules.classify import classify
from rules.drift.shot import Shot
from rules.hold import Hold, State
from rules.mcp.action import ToolAction, bind_tool
from rules.review.document import document
from rules.review.facts import facts_of
from rules.review.package import Around, Facts, Subject
from rules.ruleset import Ruleset
from tests.rules.calls import compiled

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WHO = Principal(human="eve", agent="bookkeeper", session="s1")
RULES = compiled(
    "rules: [{id: pay, match: {host: bank.example, path: /transfers}, tier: 4, reason: moves money}]"
)


def bound(call: Call, principal: Principal = WHO) -> Action | ToolAction:
    """The action of a call, HTTP or MCP."""
    if isinstance(call, HttpCall):
        return bind(call, principal, credentials=frozenset())
    return bind_tool(call, principal, place="https://tools.example/mcp")


def subject(
    call: Call, ruleset: Ruleset = RULES, *, reasoning: str = "", shots: Sequence[Shot] = ()
) -> Subject:
    """`call` as it is held under `ruleset`."""
    action, judged = bound(call), classify(call, ruleset)
    hold = Hold(
        hold_id="01JZZZZZZZZZZZZZZZZZZZZZZZ",
        state=State.PENDING,
        fence=0,
        digest=action.digest,
        fingerprint="f" * 64,
        idempotency_key="k" * 32,
        tier=judged.tier,
        rule=judged.rule,
        reason_id=judged.reason_id,
        reason=judged.reason,
        policy=ruleset.hash,
        created_at=NOW,
        decide_by=NOW + timedelta(minutes=30),
    )
    return Subject(
        hold=hold, action=action, call=call, ruleset=ruleset, reasoning=reasoning, shots=tuple(shots)
    )


def facts(call: Call, ruleset: Ruleset = RULES, **known: Any) -> Facts:
    """The facts of a held call."""
    return facts_of(subject(call, ruleset, **known))


def package(call: Call, ruleset: Ruleset = RULES, **known: Any) -> dict[str, Any]:
    """The package of a held call as JSON values, with nothing around it."""
    return document(facts(call, ruleset, **known), Around())
