"""The root fields of documents: tables of named cases, and documents that nobody should read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.decode.graphql_document import MAX_CHARACTERS, MAX_TOKENS, read_document

READ: dict[str, tuple[str, tuple[str, ...]]] = {
    "the short form": ("{ me }", ("query.me",)),
    "a named query": ("query Q { me { id } }", ("query.me",)),
    "an alias is only a label": ("{ me: wipe }", ("query.wipe",)),
    "each field once, in order": ("{ b a x: b }", ("query.b", "query.a")),
    "a mutation": ("mutation M($a: Int = 1) @live { wipe(a: $a) { id } }", ("mutation.wipe",)),
    "a subscription": ("subscription { all }", ("subscription.all",)),
    "a keyword in a string": ('{ search(q: "mutation { wipe }") { id } }', ("query.search",)),
    "a keyword in a block string": ('{ a(q: """ } mutation { wipe } """) }', ("query.a",)),
    "a keyword in a comment": ("{ me # } mutation { wipe }\n }", ("query.me",)),
    "a mutation after a comment": ("# query\nmutation { wipe }", ("mutation.wipe",)),
    "a carriage return ends a comment": ("# query\rmutation { wipe }", ("mutation.wipe",)),
    "a mutation after a fragment": ("fragment F on X { id } mutation { wipe }", ("mutation.wipe",)),
    "a fragment is followed": ("{ ...F } fragment F on Q { wipe ...F }", ("query.wipe",)),
    "a fragment in a fragment": (
        "query { ... on Q { ...F } } fragment F on Q { ...G } fragment G on Q { b }",
        ("query.b",),
    ),
    "directives leave fields in": (
        "{ a @skip(if: true) ... @include(if: false) { b } }",
        ("query.a", "query.b"),
    ),
    "several operations all count": (
        "query A { me } mutation B { wipe }",
        ("query.me", "mutation.wipe"),
    ),
    "introspection": ("{ __schema { types { name } } }", ("query.__schema",)),
}

UNREAD: dict[str, str] = {
    "nothing": "",
    "no operation": "fragment F on X { id }",
    "a syntax error": "query { me",
    "another language": "select * from users",
    "a schema beside": "type X { id: ID } query { me }",
    "a missing fragment": "{ me ...F }",
    "a fragment twice": "{ ...F } fragment F on Q { me } fragment F on Q { wipe }",
    "no field": "query Q { }",
    "no field in a fragment": "{ ... on Q { } }",
    "a line end that only some readers know": "query { me } # \u2028 mutation { wipe }",
    "too many tokens": "{ " + "a " * MAX_TOKENS + "}",
    "too long": "{ me } #" + "x" * MAX_CHARACTERS,
    "too many comments": "#\n" * 200 + "{ me }",
    "too deep": "{a" * 400 + "}" * 400,
    "a value too deep": "{ a(x: " + "[" * 400 + "]" * 400 + ") }",
    "an unknown kind of operation": "Mutation { wipe }",
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name: str) -> None:
    """Every document asks for its root fields."""
    text, expected = READ[name]
    read = read_document(text, tokens=MAX_TOKENS)
    assert read is not None
    assert read.names == expected
    assert 0 < read.tokens <= MAX_TOKENS


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_certain(name: str) -> None:
    """What cannot be read, in full and within bounds, is not read at all."""
    assert read_document(UNREAD[name], tokens=MAX_TOKENS) is None


_PIECES = ["{", "}", "(", ")", "me", "wipe", "query", "mutation", "fragment F on Q", "...F", "#", "\n", "\r"]
_TEXTS = st.lists(st.sampled_from([*_PIECES, '"', '"""', "\\", "@skip(if:true)", ":", "$a"])).map(" ".join)


@given(text=_TEXTS | st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    """Any text is read, or not."""
    read = read_document(text, tokens=MAX_TOKENS)
    assert read is None or read.names


@given(text=_TEXTS)
def test_a_mutation_behind_any_query_is_seen(text: str) -> None:
    """Whatever stands before it, a mutation that is read is among the operations."""
    for joint in ("\n", "\r"):
        read = read_document(text + joint + "mutation Z { wipe }", tokens=MAX_TOKENS)
        assert read is None or "mutation.wipe" in read.names
