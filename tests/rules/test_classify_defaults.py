"""What a rules file gives to calls that no rule names, beside the general reading."""

import pytest

from rules.classify import classify
from tests.rules.calls import compiled, from_rules, http, judged, tool

DEFAULTS: dict[str, tuple[dict[str, int], str, tuple[int, str]]] = {
    "a search, where nothing is given": ({}, "POST a.test/search", (1, "default_read")),
    "a search, where writes are": ({"write": 4}, "POST a.test/search", (4, "default_write")),
    "a search, where reads are": ({"read": 3}, "POST a.test/search", (1, "default_read")),
    "a pair, where nothing is given": ({}, "PUT a.test/issues/7/labels", (2, "default_reversible")),
    "a pair, where writes are": ({"write": 3}, "PUT a.test/issues/7/labels", (3, "default_write")),
    "a half of a pair by DELETE": ({"delete": 4}, "DELETE a.test/issues/7/labels/x", (4, "default_delete")),
    "a write, where writes are low": ({"write": 2}, "POST a.test/x", (2, "default_write")),
    "a payment, where writes are low": ({"write": 2}, "POST a.test/pay", (2, "default_write")),
    "a posted deletion, where writes are low": ({"write": 2}, "POST a.test/x/delete", (4, "default_delete")),
    "a posted deletion, where deletions are": ({"delete": 2}, "POST a.test/x/delete", (2, "default_delete")),
    "a read, where reads are": ({"read": 2}, "GET a.test/x", (2, "default_read")),
    "a GET that sends, where reads are": ({"read": 1}, "GET a.test/send", (4, "default_write")),
    "a GET that sends, where writes are": ({"read": 1, "write": 3}, "GET a.test/send", (3, "default_write")),
    "a GET that deletes": ({"read": 1, "write": 1}, "GET a.test/x/delete", (4, "default_delete")),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_given_default_takes_the_place_of_the_reading(name: str) -> None:
    """For its kind of call exactly; evidence moves a call to a graver kind and never to a milder one."""
    given, line, expected = DEFAULTS[name]
    assert judged(http(line), from_rules(**given))[::2] == expected


def test_a_given_default_for_tools() -> None:
    """It is about every tool that no rule names, whatever its name."""
    for given in (1, 4):
        tiers = {judged(tool("s", name), from_rules(tool=given))[0] for name in ("get_x", "delete_x", "x")}
        assert tiers == {given}


def test_the_reading_says_the_kind_of_consequence() -> None:
    """As a rule's category does."""
    assert classify(http("POST a.test/pay"), compiled("")).category == "financial"
    assert classify(http("GET a.test/x"), compiled("")).category is None
