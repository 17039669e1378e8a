"""Tests of a hold as labelled lines."""

from typing import Any

from proxy.channels.told import lesson, lines, opens_elsewhere
from rules.drift.difference import Change
from rules.review.document import document
from rules.review.package import Around
from tests.rules.calls import http
from tests.rules.review.held import facts

PACKAGE: dict[str, Any] = document(facts(http("POST a.example/x")), Around())


def test_what_is_always_said() -> None:
    """The request, how to take it back, who asks, why, and what happens if nobody answers."""
    said = dict(lines(PACKAGE))
    assert {"request", "to take it back", "who asks", "if nobody answers"} <= set(said)


def test_everything_there_is() -> None:
    """Each fact has its line, the agent's own words come last, and cut ones say how long they are."""
    whole = PACKAGE | {
        "money": "18250 EUR",
        "recipients": {"count": 3, "first": ["a", "b"]},
        "rows": 7,
        "other_side": "Landlord",
        "warnings": ["look twice"],
        "changes": {"count": 1, "first": [{"path": "", "before": "1", "after": None}]},
        "parts": [
            {"name": "body", "size": 9, "shown": "all of it", "open_first": None},
            {"name": "decoded", "size": 9, "shown": None, "open_first": "it hides something"},
        ],
        "around": PACKAGE["around"]
        | {
            "spent_with_this": "18256.5 EUR",
            "since": "noon",
            "similar": [{"asked_to": "pay", "became": "ran", "at": "", "tier": 3}],
        },
        "agent_says": {"trust": "", "text": {"text": "rent", "length": 900, "whole": False, "unseen": False}},
    }
    made = lines(whole)
    said = dict(made)
    assert said["sum"] == "18'250 EUR"
    assert said["recipients"] == "3: a, b"
    assert said["things in a list"] == "7"
    assert said["other side"] == "Landlord"
    assert said["warning"] == "look twice"
    assert said["changes"] == "the whole: 1 -> None"
    assert said["body"] == "all of it"
    assert "to be opened on the console: it hides something" in said["decoded"]
    assert said["spent with this"] == "18'256.5 EUR since noon"
    assert said["a similar one"] == "pay: ran"
    assert made[-1] == ("the agent says, unchecked", "rent... (900 characters)")


def test_labels_are_our_own_words() -> None:
    """The path of a change is made of an upstream's and an agent's names, and stands in the value."""
    change = {"path": "<!channel>", "before": "1", "after": "2"}
    said = lines(PACKAGE | {"changes": {"count": 1, "first": [change]}})
    assert ("changes", "<!channel>: 1 -> 2") in said
    assert not any("<" in label for label, _ in said)


def test_what_made_a_drill_one() -> None:
    """The change, in one line; of a hold there is none."""
    assert lesson([Change(path="to", before='"a"', after='"b"')]) == [("made a drill by", 'to: "a" -> "b"')]
    assert lesson([]) == []


def test_what_cannot_be_approved_from_here() -> None:
    """What does not open, and what has a part that nobody sees here."""
    assert opens_elsewhere(None)
    assert not opens_elsewhere(PACKAGE | {"parts": []})
    assert opens_elsewhere(PACKAGE | {"parts": [{"open_first": "it is long"}]})
