"""Tests of statements that calls carry."""

from typing import Any

import pytest

from rules.general.effect import Effect, gravest
from rules.general.stated import documents_in, statements_in, states
from rules.request.strict_json import Json

SURE: dict[str, tuple[Any, Effect]] = {
    "sql": ({"sql": "delete from t"}, Effect.DELETION),
    "sql by a longer name": ({"rawSqlQuery": "drop table t"}, Effect.DELETION),
    "sql by the word before its form": ({"query_string": "drop table t"}, Effect.DELETION),
    "sql after a read": ({"q": "select 1; drop table t"}, Effect.DELETION),
    "sql in a list, deep": ({"a": {"b": [{"statements": ["drop table t"]}]}}, Effect.DELETION),
    "cypher": ({"statement": "MATCH (n:Person) WHERE n.x = 1 DETACH DELETE n"}, Effect.DELETION),
    "cypher that sets": ({"query": "match (n) set n.x = 1 return n"}, Effect.CHANGE),
    "cypher that makes": ({"cypher": "UNWIND [1] AS x CREATE (:A {id: x})"}, Effect.CHANGE),
    "cypher behind a text that never ends": ({"query": "MATCH (n {a: 'x}) DELETE n"}, Effect.DELETION),
    "cypher behind a comment that never ends": ({"query": "MATCH (n) /* DELETE n"}, Effect.DELETION),
    "cypher behind a backslash": ({"query": "MATCH (n {a: 'x\\\\'}) DELETE n //'"}, Effect.DELETION),
    "a stage that writes": ({"pipeline": [{"$match": {}}, {"$out": "c"}]}, Effect.CHANGE),
    "another one": ({"pipeline": [{"$merge": {"into": "c"}}]}, Effect.CHANGE),
}
DOCUMENTS: dict[str, tuple[Any, Effect]] = {
    "a mutation": ({"query": "mutation { deleteUser(id: 1) { id } }"}, Effect.DELETION),
    "a mutation behind a comment": ({"query": "# a\n mutation A { setName(x: 1) }"}, Effect.CHANGE),
    "a mutation behind a query": ({"query": "{ me { id } } mutation A { deleteMe }"}, Effect.DELETION),
    "a mutation that nobody can read": ({"query": "mutation { deleteUser(id: 1 }"}, Effect.UNKNOWN),
    "a query": ({"query": "query A { users { id } }"}, Effect.READ),
}
NOTHING: dict[str, Any] = {
    "words that begin like sql": {"query": "delete my account policy"},
    "words about tables": {"q": "update on table manners"},
    "sql by a name of something else": {"sql_dialect": "drop table t", "query_id": "drop table t"},
    "cypher that reads": {"query": "MATCH (n {name: 'DELETE me'}) // set\n RETURN n.`set`"},
    "a filter": {"query": {"$match": {"a": 1}}},
    "no text": {"sql": 5, "query": None, "q": [1, True]},
    "no members": [1, "drop table t"],
}


@pytest.mark.parametrize("name", SURE)
@pytest.mark.parametrize("sure", [True, False])
def test_what_is_stated(name: str, sure: bool) -> None:
    """It is found whoever hears it."""
    value, effect = SURE[name]
    assert gravest(list(statements_in(value, sure=sure))).effect is effect


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    """Each field counts; what cannot be read may do anything."""
    value, effect = DOCUMENTS[name]
    assert gravest(list(documents_in(value))).effect is effect


@pytest.mark.parametrize("name", NOTHING)
def test_what_states_nothing(name: str) -> None:
    """It raises nothing where words may be searched for."""
    found = list(statements_in(NOTHING[name], sure=True))
    assert not found or gravest(found).effect is Effect.READ
    assert not list(documents_in(NOTHING[name]))


@pytest.mark.parametrize("value", [{"query": "call drop_all()"}, {"q": "exec x"}, {"sql": "words"}])
def test_what_only_a_database_hears(value: Json) -> None:
    """There, what begins like a statement is one, and what is none is unknown."""
    assert not list(statements_in(value, sure=True))
    assert gravest(list(statements_in(value, sure=False))).effect.tier >= Effect.CHANGE.tier


def test_how_much_is_looked_at() -> None:
    """Depth and number have an end."""
    deep: Json = {"sql": "drop table t"}
    for _ in range(50):
        deep = {"a": deep}
    assert not list(statements_in(deep, sure=True))
    wide: Json = {"queries": ["drop table t"] * 10_000}
    assert len(list(statements_in(wide, sure=True))) == 200


@pytest.mark.parametrize(
    "text",
    [
        "match " + "(" + " " * 100_000,
        "match (n) " + "'\\'" * 100_000,
        "match (n) " + "`'\"" * 100_000,
        "match (n) " + "/*" * 100_000,
        "select 1" + ";--" * 20_000,
        ";/*" * 100_000,
        "{" * 100_000,
        "# " * 100_000,
        "drop " + "a " * 100_000,
        "grant " + " to" * 100_000,
    ],
)
@pytest.mark.timeout(10)
def test_how_long_it_takes(text: str) -> None:
    """No text takes long to read, by its length; the test has an end of its own."""
    for sure in (True, False):
        list(statements_in({"query": text}, sure=sure))
    list(documents_in({"query": text}))


def test_names() -> None:
    """By their words, however they are spelled."""
    assert all(map(states, ("sql", "Query", "rawQuery", "sql_text", "q", "cypher")))
    assert not any(map(states, ("", "text", "query_type", "sqlite_path", "quiet", "$out", "q" * 500)))
