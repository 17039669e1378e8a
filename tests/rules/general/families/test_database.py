"""Statements over HTTP."""

import pytest

from rules.general.effect import Effect
from rules.general.http import read_http
from tests.rules.calls import http

CALLS: dict[str, tuple[str, object, Effect]] = {
    "a read": ("POST d.test/v2/sql/statements", {"statement": "select 1"}, Effect.READ),
    "a deletion": ("POST d.test/v2/sql/statements", {"statement": "drop table t"}, Effect.DELETION),
    "a deletion at a query": ("POST d.test/query", {"q": " Delete from t"}, Effect.DELETION),
    "a deletion in a form": ("POST d.test/query", "q=drop+database+x", Effect.DELETION),
    "two statements in a form": ("POST d.test/query", "q=select+1&q=drop+database+x", Effect.DELETION),
    "a deletion by GET": ("GET d.test/query?q=drop+database+x", None, Effect.DELETION),
    "a read by GET": ("GET d.test/query?q=select+1", None, Effect.READ),
    "a read and a deletion": ("POST d.test/sql?query=drop+table+t", {"sql": "select 1"}, Effect.DELETION),
    "words": ("POST d.test/query", {"query": "how to do it"}, Effect.READ),
    "a filter": ("POST d.test/databases/7/query", {"filter": {}}, Effect.READ),
    "words at a statement": ("POST d.test/statements", {"statement": "of account"}, Effect.CHANGE),
    "a body that nobody understands": ("POST d.test/query", b"drop table t", Effect.CHANGE),
    "several": ("POST d.test/query", ["drop table t"], Effect.CHANGE),
    "elsewhere": ("POST d.test/pay", {"sql": "select 1"}, Effect.FINANCIAL),
    "by another method": ("PUT d.test/sql", {"sql": "select 1"}, Effect.CHANGE),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    """The gravest statement stands; what may be one and cannot be read is a change."""
    line, body, effect = CALLS[name]
    assert read_http(http(line, body)).effect is effect
