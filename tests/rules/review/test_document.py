"""Tests of packages as JSON of a bounded size, and of the hash that an approval names."""

import json
import unicodedata
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.action import Action, Principal
from rules.call import Call
from rules.drift.difference import Change
from rules.mcp.action import ToolAction
from rules.review.document import MOST, document, preview
from rules.review.excerpt import excerpt
from rules.review.facts import facts_of
from rules.review.money import Money
from rules.review.package import Around, Facts
from rules.review.part import Part
from rules.review.past import LONGEST, Past
from rules.review.reach import Several
from rules.verdict import Tier, Verdict
from tests.rules.calls import compiled, http, tool
from tests.rules.review.held import NOW, RULES, facts, package, subject
from tests.rules.review.test_inert import HOSTILE

_RAW = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
LINE = "POST bank.example/transfers"


def crowded(text: str) -> Around:
    """As much around a call as there can be."""
    one = Past(at=NOW, tier=Tier.HIGH_RISK, verdict=Verdict.HOLD, words=text[:LONGEST], outcome=text)
    money = Money(amount=Decimal("9" * 40), currency="X" * 12)
    return Around(party_seen=False, spent=money, since=NOW, similar=(one,) * 9, last=(one,) * 9)


def texts(value: Any) -> list[str]:
    """Every text in a JSON value, names included."""
    if isinstance(value, dict):
        return [text for name, one in value.items() for text in (name, *texts(one))]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


def deep(levels: int) -> Any:
    """An object in an object, and so on."""
    value: Any = "bottom"
    for _ in range(levels):
        value = {"to": value}
    return value


HOSTILE_CALLS: dict[str, Call] = {
    "300 KB": http(LINE, {"memo": "x" * 300_000}),
    "300 KB of bidi": http(LINE, {"memo": "\u202e" * 100_000}),
    "ten thousand": http(LINE, {"to": [f"{n}@x.example" for n in range(10_000)], "text": "hi"}),
    "tags": http(LINE, {"to": "\U000e0041" * 500, "amount": 5, "currency": "eur"}),
    "emoji": http(LINE, {"to": "👩‍👩‍👧‍👦" * 300, "amount": 5, "currency": "eur"}),
    "nul": http(LINE, b"\x00" * 5000),
    "quotes": http(LINE, ('"' * 5000).encode()),
    "deep": http(LINE, deep(60)),
    "binary": http(LINE, bytes(range(256)) * 100),
    "a long target": http(f"{LINE}?q={'%22' * 2000}", {}),
    "many headers": http(LINE, {}, headers={f"X-{n}": "y" * 90 for n in range(60)}),
    "a tool": tool("s" * 300, "t\u202e" * 300, to=["\U000e0041" * 90] * 900, memo="\\" * 9000),
    "delete": http("DELETE bank.example/" + "/".join(["x" * 90] * 30)),
}
WORDY = compiled(
    "rules:\n"
    + "".join(
        f"  - {{id: {'r' * 50}{n}, match: {{host: '*'}}, tier: 4, reason: '{'w' * 150}'"
        f", summary: 'to {{to}}', evidence: ['{'e' * 150}', '{'f' * 150}']"
        f", reversible: {{method: POST, path: /{'u' * 150}}}}}\n"
        for n in range(9)
    )
)


@pytest.mark.parametrize("case", HOSTILE_CALLS)
@pytest.mark.parametrize("rules", ["few", "many"])
def test_it_never_exceeds_its_size(case: str, rules: str) -> None:
    """Whatever the call, the rules and the agent say, and nothing raw is in it."""
    found = facts(
        HOSTILE_CALLS[case], RULES if rules == "few" else WORDY, reasoning="\U0001f469\u200d\u202e" * 900
    )
    principal = Principal(human="\U0001f469" * 200, service="é" * 200, agent="\\" * 200, session='"' * 200)
    shown = document(replace(found, principal=principal), crowded('"\u202e\\' * 60))
    assert len(json.dumps(shown)) <= MOST
    assert not {unicodedata.category(c) for text in texts(shown) for c in text} & _RAW


@given(body=st.dictionaries(HOSTILE, HOSTILE, max_size=5), said=HOSTILE, name=HOSTILE)
def test_no_text_breaks_it(body: dict[str, str], said: str, name: str) -> None:
    """Over MCP, whatever arguments and names are: its size holds and nothing raw is in it."""
    clean = {n: "".join(c for c in v if not "\ud800" <= c <= "\udfff") for n, v in body.items()}
    clean = {"".join(c for c in n if not "\ud800" <= c <= "\udfff"): v for n, v in clean.items()}
    shown = document(facts(tool("server", "pay", **clean), reasoning=said), crowded(name))
    assert len(json.dumps(shown)) <= MOST
    assert not {unicodedata.category(c) for text in texts(shown) for c in text} & _RAW


BASE: dict[str, Call] = {
    "http": http(LINE, {"amount": 5, "currency": "eur", "to": "ACME"}),
    "mcp": tool("bank", "pay", amount=5, currency="eur", to="ACME"),
}


@pytest.mark.parametrize("case", BASE)
def test_the_same_input_has_one_hash(case: str) -> None:
    """It is shown with the package, and does not move with what stands around."""
    found = facts(BASE[case], reasoning="it is due")
    assert preview(found) == preview(facts(BASE[case], reasoning="it is due"))
    for around in (Around(), crowded("x")):
        assert document(found, around)["preview"] == preview(found)


def _of(action: Action | ToolAction, base: Facts) -> Facts:
    held = subject(BASE["http" if isinstance(action, Action) else "mcp"])
    hold = replace(base.hold, digest=action.digest)
    return facts_of(replace(held, action=action, hold=hold, reasoning="it is due"))


CHANGED: dict[str, dict[str, Any]] = {
    "method": {"method": "PUT"},
    "host": {"host": "bank.test"},
    "port": {"port": 8443},
    "scheme": {"scheme": "http"},
    "target": {"target": "/transfers?x"},
    "headers": {"fields": ((b"X-A", b"1"),)},
    "body": {"body": b'{"amount": 5, "currency": "eur", "to": "ACME" }'},
    "principal": {"principal": Principal(agent="other")},
    "credentials": {"credentials": ("authorization",)},
}


@pytest.mark.parametrize("part", CHANGED)
def test_any_change_of_the_binding_changes_the_hash(part: str) -> None:
    """Also one that no page would show."""
    base = facts(BASE["http"], reasoning="it is due")
    action = subject(BASE["http"]).action
    assert isinstance(action, Action)
    assert preview(_of(replace(action, **CHANGED[part]), base)) != preview(base)


@pytest.mark.parametrize(("name", "value"), [("server", "x"), ("place", "x"), ("tool", "x"), ("body", b"{}")])
def test_any_change_of_a_tool_call_changes_the_hash(name: str, value: Any) -> None:
    """The same over MCP."""
    base, action = facts(BASE["mcp"], reasoning="it is due"), subject(BASE["mcp"]).action
    assert isinstance(action, ToolAction)
    assert preview(_of(replace(action, **{name: value}), base)) != preview(base)


def test_what_else_it_is_bound_to() -> None:
    """The hold, its tier and time, what the agent says beyond the cut, the rules' voices and the images."""
    base = facts(BASE["http"], reasoning="x" * 3000)
    hold = base.hold
    others = [
        replace(base, hold=replace(hold, hold_id="01JZZZZZZZZZZZZZZZZZZZZZZY")),
        replace(base, hold=replace(hold, tier=Tier.EXTERNAL)),
        replace(base, hold=replace(hold, decide_by=hold.decide_by + timedelta(seconds=1))),
        replace(base, reasoning="x" * 2999 + "y"),
        replace(base, voices=()),
        replace(base, undo="POST /undo"),
        replace(base, images=("https://bank.example/x True etag hash",)),
        replace(base, parts=base.parts[:2]),
    ]
    hashes = {preview(one) for one in (base, *others)}
    assert len(hashes) == len(others) + 1


def test_how_it_reads() -> None:
    """A payment, as a person or a program gets it."""
    shown = package(BASE["http"], reasoning="it is due")
    assert shown["asks_to"] == "pay 5 EUR to `ACME` at `bank.example`"
    assert shown["money"] == "5 EUR"
    assert shown["other_side"] == "ACME"
    assert shown["reversal"] == "no call is known that takes it back"
    assert shown["why"][0]["fixed"] is True
    assert [part["name"] for part in shown["parts"]] == ["target", "headers", "body"]
    assert all(part["open_first"] is None for part in shown["parts"])
    assert list(shown)[-1] == "agent_says"
    assert shown["agent_says"]["text"] == "it is due"
    assert package(BASE["http"])["agent_says"] is None


def test_the_most_that_there_can_be() -> None:
    """Everything as long as it may be and more: what stands around gives way, the call itself never."""
    long = '"\\\u202e' * 400
    found = facts(HOSTILE_CALLS["many headers"], WORDY, reasoning=long)
    found = replace(
        found,
        action=long,
        url=long,
        principal=Principal(human=long, service=long, agent=long, session=long),
        money=Money(amount=Decimal("9" * 40), currency="X" * 12),
        people=Several(count=10**6, first=(long,) * 3),
        party=long,
        rows=10**6,
        undo=long,
        changes=(Change(path=long, before=long, after=long),) * 50,
        warnings=(long,) * 20,
        parts=tuple(
            Part(name=name, content=long.encode(), shown=excerpt(long, most=room), unclear="x" * 80)
            for name, room in (("target", 300), ("headers", 400), ("body", 700), ("decoded", 200))
        ),
    )
    shown = document(found, crowded(long))
    assert len(json.dumps(shown)) <= MOST
    assert shown["preview"] == preview(found)
    assert len(shown["changes"]["first"]) == 6
    assert len(document(found, Around())["warnings"]) == 5
