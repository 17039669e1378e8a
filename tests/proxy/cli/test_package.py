"""Tests of a package as a person reads it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy.cli.package import packaged, to_open
from rules.review.document import document
from rules.review.package import Around
from rules.review.past import Past
from rules.verdict import Tier, Verdict
from tests.rules.calls import http, tool
from tests.rules.review.held import NOW, facts

PAY = http("POST bank.example/transfers", {"amount": 18250, "currency": "eur", "to": "ACME"})
PAST = Past(at=NOW, tier=Tier.HIGH_RISK, verdict=Verdict.HOLD, words="pay 4 EUR", outcome="was rejected")


def held(**known: Any) -> dict[str, Any]:
    """A hold as the API answers it."""
    found = facts(known.pop("call", PAY), **known)
    around = Around(party_seen=False, similar=(PAST,), last=(PAST,))
    return {"package": json.loads(json.dumps(document(found, around)))}


def test_how_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts first, the agent's own words last."""
    monkeypatch.setenv("COLUMNS", "400")
    lines = list(packaged(held(reasoning="it is due")))
    assert lines[1] == "  | it asks to pay 18'250 EUR to `ACME` at `bank.example`"
    assert "  | it moves 18'250 EUR" in lines
    assert "  | the other side: ACME, never seen before" in lines
    assert "  | to take it back: no call is known that takes it back" in lines
    assert any(line.startswith("  | a similar one: pay 4 EUR, at 2026-11-01T12:00:00") for line in lines)
    assert lines[-1] == "  | the agent says, and nobody has checked it: it is due"


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "\u202eevil", "x" * 500])
def test_nothing_in_it_acts(name: str) -> None:
    """Every line stays behind the bar and within the terminal's width."""
    lines = list(packaged(held(call=tool("bank", name, to=name), reasoning=name)))
    assert all(line.startswith(("  | ", "  : ")) and len(line) <= 100 for line in lines[1:])
    assert all(char.isprintable() for line in lines for char in line)


def test_what_has_to_be_opened() -> None:
    """By name, with the reason."""
    assert to_open(held()) == {}
    assert list(to_open(held(call=http("POST bank.example/transfers", b"\xff")))) == ["body"]
    assert to_open({"package": None}) == {}
    assert list(packaged({"package": None})) == []


def test_a_call_without_a_sum() -> None:
    """What is not known is not said."""
    lines = "\n".join(packaged(held(call=replace(PAY, body=b""))))
    assert "recipients" in lines
    assert "things in a list" not in lines
