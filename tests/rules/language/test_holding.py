"""What a rule may ask for around its held calls: what is taken, and the cure for what is not."""

import json
from typing import Any

import pytest

from rules.handling import (
    USUAL,
    Handling,
    Handoff,
    Idempotency,
    Mismatch,
    OnTimeout,
    Outcome,
    Quorum,
    Snapshot,
    Unanswered,
    Verify,
)
from rules.language.document import read
from rules.language.rule_file import RulesFile
from rules.matching.condition import Check, Condition, Operator
from rules.matching.reading import Source
from tests.rules.calls import from_rules

CHARGES = {"id": "charges", "match": {"host": "pay.test", "path": "/v1/{account}/charges"}, "tier": 4}
TOOLS = {"id": "tools", "match": {"server": "pay"}, "tier": 4}


def handled(rule: dict[str, Any] = CHARGES, **keys: object) -> Handling:
    """The handling of `rule` with further keys."""
    return from_rules({**rule, **keys}).handling(rule["id"])


def test_every_key() -> None:
    """In its compiled form."""
    assert handled(
        snapshot={"path": "/v1/{account}", "fields": ["balance.amount"]},
        verify={
            "path": "/v1/{account}/charges?ref={ref}",
            "executed": {"status": [200, 201], "body": {"state": "done"}},
            "not_executed": {"status": 404},
        },
        idempotency={"header": "Idempotency-Key", "window": "24h", "mismatch": "cached", "scope": "account"},
        credential="pay-live",
        handoff="async",
        quorum={"count": 3, "groups": ["finance", "ops"]},
        window="2h",
    ) == Handling(
        snapshot=Snapshot(path="/v1/{account}", fields=(("balance", "amount"),)),
        verify=Verify(
            path="/v1/{account}/charges?ref={ref}",
            executed=Outcome(
                statuses=frozenset({200, 201}),
                conditions=(
                    Condition(
                        source=Source.BODY,
                        steps=("state",),
                        checks=(Check(operator=Operator.EQ, operands=("done",)),),
                    ),
                ),
            ),
            not_executed=Outcome(statuses=frozenset({404})),
        ),
        idempotency=Idempotency(
            header="Idempotency-Key", window=86_400, mismatch=Mismatch.CACHED, scope="account"
        ),
        credential="pay-live",
        handoff=Handoff.ASYNC,
        quorum=Quorum(count=3, groups=("finance", "ops")),
        window=7_200,
    )


def test_without_any_key() -> None:
    """What is usual, for a rule that asks nothing and where no rule judged."""
    assert handled() is USUAL
    assert from_rules().handling(None) is USUAL
    assert from_rules().handling("gone") is USUAL


def test_defaults() -> None:
    """A number is a quorum, groups alone give one person each, an answer is a 200."""
    assert handled(quorum=2).quorum == Quorum(count=2)
    assert handled(quorum={"groups": ["a", "b"]}).quorum == Quorum(count=2, groups=("a", "b"))
    verify = handled(verify={"path": "/x", "executed": {"body": {"a": 1}}}).verify
    assert verify is not None
    assert verify.executed.statuses == {200}
    assert verify.not_executed is None
    kept = handled(idempotency={"header": "idempotency-key", "window": "7d"}).idempotency
    assert kept is not None
    assert kept.mismatch is Mismatch.ERROR


def test_tools_may_be_decided_by_several() -> None:
    """What is not of a request counts for them as well."""
    assert handled(TOOLS, quorum=2, window="5m", handoff="async", credential="x").window == 300


BUDGET = {"limit": 3, "window": "1h"}
PROBE = {"path": "/x", "executed": {"status": 200}}
WRONG: dict[str, tuple[dict[str, object], str, str]] = {
    "a probe elsewhere": ({"snapshot": {"path": "//evil.test/x"}}, "snapshot.path", "an empty segment"),
    "a whole url": (
        {"snapshot": {"path": "https://evil.test/x"}},
        "snapshot.path",
        "without scheme and host",
    ),
    "a probe's method": ({"snapshot": {"path": "/x", "method": "POST"}}, "snapshot.method", "no such key"),
    "a type in a name": ({"snapshot": {"path": "/{a:int}"}}, "snapshot.path", "write `{a}`"),
    "several values": ({"snapshot": {"path": "/{a.*.b}"}}, "snapshot.path", "name one of them"),
    "a field": ({"snapshot": {"path": "/x", "fields": ["a..b"]}}, "snapshot.fields[0]", "a dotted path"),
    "no outcome": ({"verify": {"path": "/x"}}, "verify.executed", "add it"),
    "an empty outcome": ({"verify": {"path": "/x", "executed": {}}}, "verify.executed", "write `status`"),
    "a status": (
        {"verify": {"path": "/x", "executed": {"status": "200"}}},
        "verify.executed.status",
        "`200` is not the status",
    ),
    "a status that is none": (
        {"verify": {"path": "/x", "executed": {"status": [200, 99]}}},
        "verify.executed.status[1]",
        "`99` is not the status",
    ),
    "outcomes alike": (
        {"verify": {**PROBE, "not_executed": {"status": [404, 200]}}},
        "verify",
        "status 200 fits `executed` and `not_executed`",
    ),
    "outcomes with one body": (
        {
            "verify": {
                "path": "/x",
                "executed": {"body": {"a": 1}},
                "not_executed": {"body": {"a": 1}},
            }
        },
        "verify",
        "write a `body` in both that differs",
    ),
    "a framing header": (
        {"idempotency": {"header": "Content-Length", "window": "24h"}},
        "idempotency.header",
        "means something else",
    ),
    "a hop's header": (
        {"idempotency": {"header": "Connection", "window": "24h"}},
        "idempotency.header",
        "means something else",
    ),
    "a credential's header": (
        {"idempotency": {"header": "x_api_key", "window": "24h"}},
        "idempotency.header",
        "means something else",
    ),
    "an override": (
        {"idempotency": {"header": "X-HTTP-Method-Override", "window": "24h"}},
        "idempotency.header",
        "means something else",
    ),
    "a precondition": (
        {"idempotency": {"header": "If-Match", "window": "24h"}},
        "idempotency.header",
        "means something else",
    ),
    "no header": ({"idempotency": {"header": "a: b", "window": "24h"}}, "idempotency.header", "`a: b`"),
    "no window": ({"idempotency": {"header": "a"}}, "idempotency.window", "add it"),
    "a mismatch": (
        {"idempotency": {"header": "a", "window": "1h", "mismatch": "cachd"}},
        "idempotency.mismatch",
        "not `cachd`",
    ),
    "a credential": ({"credential": "a b"}, "credential", "`a b` is not a name"),
    "a handoff": ({"handoff": "later"}, "handoff", "not `later`"),
    "nobody": ({"quorum": 0}, "quorum", "at least 1"),
    "a crowd": ({"quorum": 21}, "quorum", "at most 20"),
    "half a person": ({"quorum": 1.5}, "quorum", "a whole number"),
    "fewer than groups": ({"quorum": {"count": 1, "groups": ["a", "b"]}}, "quorum", "raise `count`"),
    "a group twice": ({"quorum": {"groups": ["a", "a"]}}, "quorum", "name each once"),
    "a group's name": ({"quorum": {"groups": ["a b"]}}, "quorum.groups[0]", "`a b` is not a name"),
    "seconds to decide": ({"window": "59s"}, "window", "`59s` is no time to decide"),
    "longer than a hold": ({"window": "8d"}, "window", "at most `7d`"),
    "a window without unit": ({"window": 30}, "window", "`30` is no window; write up to 90 days"),
    "a quorum for what passes": ({"tier": 2, "quorum": 2}, "quorum", "never holds a call"),
    "a window for what is forbidden": (
        {"tier": None, "forbidden": True, "window": "5m"},
        "window",
        "never holds a call",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused(case: str) -> None:
    """One problem, at its key, with the cure."""
    keys, place, message = WRONG[case]
    _refused({**CHARGES, **keys}, place, message)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("snapshot", {"path": "/x"}),
        ("verify", PROBE),
        ("idempotency", {"header": "Idempotency-Key", "window": "1h"}),
    ],
)
def test_tools_have_no_probes(key: str, value: object) -> None:
    """What is of requests does nothing for a tool call."""
    _refused({**TOOLS, key: value}, key, "this is of http requests")


def test_a_budget_holds() -> None:
    """What passes under a budget is held beyond it, so it may say how."""
    assert handled({**CHARGES, "tier": 2, "budget": BUDGET}, quorum=2).quorum == Quorum(count=2)


def _refused(rule: dict[str, object], place: str, message: str) -> None:
    given = {key: value for key, value in rule.items() if value is not None}
    problems = read(RulesFile, json.dumps({"version": 1, "rules": [given]}), file="f")
    assert isinstance(problems, tuple), "it was taken"
    assert [problem.key for problem in problems] == [f"rules[0].{place}"]
    assert message in problems[0].message


TIMEOUTS: dict[str, tuple[object, Unanswered]] = {
    "a bare word": ("keep_waiting", Unanswered(do=OnTimeout.KEEP_WAITING)),
    "a number": (
        {"do": "keep_waiting", "windows": 10},
        Unanswered(do=OnTimeout.KEEP_WAITING, windows=10),
    ),
    "groups": (
        {"do": "escalate", "groups": ["finance", "board"]},
        Unanswered(do=OnTimeout.ESCALATE, groups=("finance", "board")),
    ),
    "the usual": ("deny", Unanswered()),
}


@pytest.mark.parametrize(("written", "expected"), TIMEOUTS.values(), ids=TIMEOUTS)
def test_what_happens_when_nobody_decides(written: object, expected: Unanswered) -> None:
    """Of requests and of tool calls."""
    assert handled(on_timeout=written).on_timeout == expected
    assert handled(TOOLS, on_timeout=written).on_timeout == expected


ENDLESS: dict[str, tuple[object, str]] = {
    "a word that is none": ("forever", "on_timeout"),
    "an escalation to nobody": ("escalate", "write both or neither"),
    "groups for nothing": ({"do": "deny", "groups": ["finance"]}, "write both or neither"),
    "a group twice": ({"do": "escalate", "groups": ["a", "a"]}, "each once"),
    "too many groups": ({"do": "escalate", "groups": [f"g{n}" for n in range(10)]}, "ask up to 9 groups"),
    "too many windows": ({"do": "keep_waiting", "windows": 11}, "windows"),
    "windows for nothing": ({"do": "deny", "windows": 3}, "leave the key out"),
}


@pytest.mark.parametrize(("written", "words"), ENDLESS.values(), ids=ENDLESS)
def test_no_hold_waits_without_end(written: object, words: str) -> None:
    """And nobody is asked who is not named."""
    found = read(
        RulesFile, json.dumps({"version": 1, "rules": [{**CHARGES, "on_timeout": written}]}), file="f"
    )
    assert not isinstance(found, RulesFile)
    assert any(words in str(problem) for problem in found)
