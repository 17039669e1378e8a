"""Statements, and texts that are meant to look like reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.general.effect import Effect
from rules.general.families.sql import MAX_TEXT, read_sql

STATEMENTS: dict[str, Effect] = {
    "select 1": Effect.READ,
    "SELECT a, count(*) FROM t WHERE b IN (1, 2) ORDER BY c;": Effect.READ,
    "-- drop\nselect 'delete from t; drop' from \"update\"": Effect.READ,
    "/* insert */ with x as (select 1) select * from x": Effect.READ,
    "(select 1) union (select 2)": Effect.READ,
    "explain select 1": Effect.READ,
    "SELECT * FROM \"T\" WHERE pk = 'a' AND begins_with(sk, 'b')": Effect.READ,
    "delete from t": Effect.DELETION,
    "DROP TABLE t": Effect.DELETION,
    "insert into t values (1)": Effect.CHANGE,
    "update t set a = 1": Effect.CHANGE,
    "grant all on t to u": Effect.PRIVILEGE,
    "select 1; drop table t": Effect.DELETION,
    "select 1;; delete from t;": Effect.DELETION,
    "with x as (delete from t returning *) select * from x": Effect.DELETION,
    "select * into u from t": Effect.CHANGE,
    "select a from t into outfile '/x'": Effect.CHANGE,
    "select * from t for update": Effect.CHANGE,
    "explain analyze delete from t": Effect.DELETION,
    "select pg_terminate_backend(1)": Effect.CHANGE,
    'select "Wipe"(1)': Effect.CHANGE,
    "select pg_catalog.lo_unlink (1)": Effect.CHANGE,
    "/*! delete from t */ select 1": Effect.UNKNOWN,
    "select 'a\\' ; delete from t -- '": Effect.UNKNOWN,
    "select 'a": Effect.UNKNOWN,
    "select $$a$$": Effect.UNKNOWN,
    "select \u00e9": Effect.UNKNOWN,
    "select /* /* */ delete from t */ 1": Effect.UNKNOWN,
    "select 1 --1; delete from t": Effect.UNKNOWN,
    "select 1 # ; delete": Effect.UNKNOWN,
    "select [it's] ; delete from t -- '": Effect.UNKNOWN,
    "select [wipe](1)": Effect.CHANGE,
    "select q'[it's]' ; delete from t -- '": Effect.UNKNOWN,
    "select $a$ ' $a$; delete from t -- '": Effect.UNKNOWN,
    "select 'it''s' from t where a = $1": Effect.READ,
    "": Effect.UNKNOWN,
    ";": Effect.UNKNOWN,
    "vacuum": Effect.CHANGE,
    "select 1" + " " * MAX_TEXT: Effect.UNKNOWN,
}


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_statements(number: int) -> None:
    """The gravest statement stands, and what dialects read differently is unknown."""
    text, effect = list(STATEMENTS.items())[number]
    assert read_sql(text).effect is effect, text


@given(st.text(alphabet="selctd rop;'\"`-/*!\\\n$()1", max_size=60))
def test_a_second_statement_never_lowers(text: str) -> None:
    """Whatever follows it, a deletion in the text is no read."""
    assert read_sql("; ".join(["drop table t", text])).effect.gravity >= Effect.DELETION.gravity


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Any text is judged."""
    assert read_sql(text).because
