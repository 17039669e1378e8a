"""Requests that ask to be treated as another method."""

from typing import Any

import pytest

from tests.rules.calls import compiled, http, judged

RULES = compiled("rules: [{id: reads, match: {host: a.test, method: GET, path: /secret}, tier: 4}]")
HEADER = "X-HTTP-Method-Override"
CASES: dict[str, tuple[str, object, dict[str, str], tuple[int, str]]] = {
    "a write as a read": ("POST a.test/x", None, {HEADER: "GET"}, (3, "default_write")),
    "a search as a read": ("POST a.test/x/search", None, {HEADER: "get"}, (1, "default_read")),
    "a read as a read": ("GET a.test/x", None, {HEADER: " GET"}, (1, "default_read")),
    "a rule for what is asked": ("POST a.test/secret", None, {HEADER: "GET"}, (4, "rule")),
    "a read as a deletion": ("GET a.test/x", None, {HEADER: "DELETE"}, (4, "method_override")),
    "a search as a write": ("POST a.test/x/search", None, {HEADER: "PUT"}, (4, "method_override")),
    "nothing": ("POST a.test/x/search", None, {HEADER: ""}, (4, "method_override")),
    "two in one": ("POST a.test/x/search", None, {HEADER: "GET, DELETE"}, (4, "method_override")),
    "an unknown one": ("POST a.test/x/search", None, {HEADER: "BREW"}, (4, "method_override")),
    "two places": ("POST a.test/x/search?_method=DELETE", None, {HEADER: "GET"}, (4, "method_override")),
    "a query": ("POST a.test/x/search?_method=GET", None, {}, (1, "default_read")),
    "a form twice": ("POST a.test/x/search", "_method=GET&_method=PUT", {}, (4, "method_override")),
    "a number": ("POST a.test/x/search", {"_method": 1}, {}, (4, "method_override")),
}


@pytest.mark.parametrize("name", CASES)
def test_overrides(name: str) -> None:
    """Only a read is judged as what is asked for, and then both ways."""
    line, body, headers, expected = CASES[name]
    found: Any = judged(http(line, body, headers=headers), RULES)
    assert (found[0], found[2]) == expected
