"""Tests of the facts of a hold."""

import json
from dataclasses import replace

import pytest

from rules.action import Action
from rules.drift.image import Image, image
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.drift.shot import Shot
from rules.review.facts import facts_of
from tests.rules.calls import compiled, http, tool
from tests.rules.review.held import RULES, bound, facts, subject

LOUD = compiled(
    """
rules:
  - id: pay
    match: {host: bank.example, path: /transfers, method: POST}
    tier: 4
    reason: moves money
    category: financial
    amount: sum
    currency: unit
    counterparty: payee
    summary: sends {sum} to {payee}
    reversible: {method: DELETE, path: "/transfers/{id}", note: within a day}
    evidence: ["https://bank.example/docs"]
    examples: []
""".replace("    examples: []\n", "")
)


def test_by_its_rule() -> None:
    """The rule's own sentence, sum, other side, way back and evidence."""
    found = facts(http("POST bank.example/transfers", {"sum": 5, "unit": "eur", "payee": "ACME"}), LOUD)
    assert (found.action, found.by_rule) == ("sends 5 to `ACME`", True)
    assert str(found.money) == "5 EUR"
    assert found.party == "ACME"
    assert found.undo == "DELETE /transfers/{id}; within a day"
    fixed = [voice for voice in found.voices if voice.fixed]
    assert [(v.judgement.rule, v.evidence) for v in fixed] == [("pay", ("https://bank.example/docs",))]


@pytest.mark.parametrize("call", [http("POST x.example/things", {"a": 1}), tool("x", "frobnicate")])
def test_without_a_rule(call: object) -> None:
    """By the operation alone; no way back is known."""
    found = facts(call)  # type: ignore[arg-type]
    assert not found.by_rule
    assert found.undo is None
    assert any(voice.fixed for voice in found.voices)


def test_before_and_after() -> None:
    """From the recorded read of the very thing, against what a PUT makes of it; nothing from another one."""
    call = http("PUT crm.example/contacts/7", {"name": "Bob", "limit": 5})
    place = Place.of(call)
    was = image(200, ((b"Content-Type", b"application/json"),), b'{"name": "Al", "limit": 5}')
    assert isinstance(was, Image)
    shot = Shot(read=Read(subject=Subject.RESOURCE, place=place), shown=was)
    changed = facts(call, RULES, shots=[shot]).changes
    assert [(c.path, c.before, c.after) for c in changed or ()] == [("name", '"Al"', '"Bob"')]
    elsewhere = Shot(read=replace(shot.read, place=replace(place, target="/other")), shown=was)
    assert facts(call, RULES, shots=[elsewhere]).changes is None
    assert facts(call, RULES, shots=[Shot(read=shot.read, shown="the upstream answers 500")]).changes is None


WARNED = {
    "a secret": (http("POST a.example/x", {"k": "ghp_" + "a" * 36}), "shape of a secret"),
    "an override": (
        http("POST a.example/x", {}, headers={"X-HTTP-Method-Override": "DELETE"}),
        "another method",
    ),
    "right to left": (http("POST a.example/x", json.dumps({"to": "שלום"}).encode()), None),
    "a lookalike": (http("POST xn--pypal-4ve.com/x", {}), "mixes"),
    "a hidden recipient": (http("POST a.example/x", {"to": "a\u200b@x"}), "name of a recipient"),
}


@pytest.mark.parametrize("case", WARNED)
def test_warnings(case: str) -> None:
    """What triggered, and what a picture of it would not show."""
    call, words = WARNED[case]
    found = " ".join(facts(call).warnings)
    assert words is None or words in found


def test_right_to_left_letters_are_told() -> None:
    """Raw in the body, where readers reorder digits beside them."""
    call = http("POST a.example/x", '{"to": "שלום 1"}'.encode())
    assert any("right-to-left" in warning for warning in facts(call).warnings)


def test_what_is_not_read_any_more() -> None:
    """The rules of now may refuse what earlier ones read; what would run is shown all the same."""
    held = subject(http("POST bank.example/transfers", {"amount": 5}))
    found = facts_of(replace(held, call=None))
    assert "cannot be read any more" in found.action
    assert any("would not run" in warning for warning in found.warnings)
    action = bound(http("POST bank.example/transfers", {"amount": 5}))
    assert isinstance(action, Action)
    assert [part.name for part in found.parts] == ["target", "headers", "body"]
