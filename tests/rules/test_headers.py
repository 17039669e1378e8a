"""Which header goes where: upstream, into the action, to the credential store, or nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.headers import (
    CREDENTIALS,
    HOP_BY_HOP,
    TRACE,
    VOLATILE,
    Fields,
    bound,
    connection_options,
    end_to_end,
    first,
    framed,
    preferences,
    secret,
    with_values,
)

_SETS = {
    "hop by hop": HOP_BY_HOP,
    "credentials": CREDENTIALS,
    "trace": TRACE,
    "volatile": VOLATILE,
}


@pytest.mark.parametrize("names", _SETS.values(), ids=_SETS)
def test_lists_hold_names_as_they_are_looked_up(names: frozenset[bytes]) -> None:
    """Every listed name is lower case and has no `_`, else nothing would ever match it."""
    assert all(name == name.lower() and b"_" not in name for name in names)


def test_no_name_is_on_two_lists() -> None:
    """A header has one fate."""
    assert sum(len(names) for names in _SETS.values()) == len(frozenset().union(*_SETS.values()))


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ((), set()),
        ((b"close",), {b"close"}),
        ((b"Keep-Alive, X-A",), {b"keep-alive", b"x-a"}),
        ((b"x-a", b"X-B"), {b"x-a", b"x-b"}),
        ((b"x-a,,\tx-b ,",), {b"x-a", b"x-b", b""}),
    ],
    ids=["none", "close", "case and list", "two fields", "empty elements and tabs"],
)
def test_connection_options_are_read_from_every_field(values: tuple[bytes, ...], options: set[bytes]) -> None:
    """All Connection fields together declare the names of this hop."""
    assert connection_options(tuple((b"cOnnection", v) for v in values)) == options


@pytest.mark.parametrize("name", [b"Forwarded", b"X-Forwarded-Host", b"x_forwarded_for", b"X-Real-IP"])
def test_an_agents_word_about_its_route_stays_behind(name: bytes) -> None:
    """Only a proxy may say where a request came from, in any spelling; this one says nothing."""
    assert end_to_end(((b"Host", b"h"), (name, b"evil.test"))) == ((b"Host", b"h"),)


def test_end_to_end_drops_this_hops_headers_in_any_case() -> None:
    """Listed hop-by-hop names and those that Connection names stay behind."""
    fields: Fields = (
        (b"Host", b"h"),
        (b"TE", b"trailers"),
        (b"connection", b"X-Hop"),
        (b"x-hop", b"1"),
        (b"X-Kept", b"2"),
        (b"Proxy-Authorization", b"Basic x"),
    )
    assert end_to_end(fields) == ((b"Host", b"h"), (b"X-Kept", b"2"))


@pytest.mark.parametrize(
    "name",
    [
        b"Authorization",
        b"AUTHORIZATION",
        b"Cookie",
        b"X-Api-Key",
        b"X_Api_Key",
        b"api_key",
        b"x-amz_security-token",
        b"DD-API-KEY",
        b"X-Vault-Token",
    ],
)
def test_credentials_leave_the_action_in_every_spelling(name: bytes) -> None:
    """What the upstream would take for a credential is never part of what is stored."""
    fields: Fields = ((b"Host", b"h"), (name, b"secret"), (b"X-A", b"1"))
    assert bound(fields) == ((b"Host", b"h"), (b"X-A", b"1"))
    assert secret(fields) == ((name, b"secret"),)


@pytest.mark.parametrize("declared", [b"x-house-key", b"x_house_key", b"X-House-Key"])
@pytest.mark.parametrize("sent", [b"X-House-Key", b"x_house_key"])
def test_declared_credentials_leave_the_action_too(declared: bytes, sent: bytes) -> None:
    """An operator's own secret names count like the listed ones, however they are spelled."""
    fields: Fields = ((sent, b"secret"), (b"X-A", b"1"))
    assert bound(fields, credentials=[declared]) == ((b"X-A", b"1"),)
    assert secret(fields, credentials=[declared]) == ((sent, b"secret"),)
    assert bound(fields) == fields


def test_bound_keeps_order_spelling_and_repetition() -> None:
    """What a reviewer approves is what stood there, not a tidied copy."""
    fields: Fields = (
        (b"aCCept", b"b"),
        (b"X-Request-Id", b"1"),
        (b"Accept", b"a"),
        (b"Expect", b"100-continue"),
        (b"Idempotency-Key", b"k"),
        (b"traceparent", b"00-1"),
    )
    assert bound(fields) == ((b"aCCept", b"b"), (b"Accept", b"a"), (b"Idempotency-Key", b"k"))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"wait=10", None),
        (b"respond-async", None),
        (b"Respond-Async, WAIT=3", None),
        (b'wait="10"; a=b', None),
        (b"return=minimal", b"return=minimal"),
        (b"respond-async, return=minimal", b"return=minimal"),
        (b"return=minimal, wait=5, handling=lenient", b"return=minimal, handling=lenient"),
        (b'a="b, wait=5", wait=5', b'a="b, wait=5"'),
        (b'a="b, wait=5', b'a="b'),
        (b"resolution=merge-duplicates", b"resolution=merge-duplicates"),
        (b"waiting=1", b"waiting=1"),
        (b"a , b", b"a , b"),
        (b",,", b",,"),
        (b"", b""),
    ],
)
def test_preferences_for_the_gate_stay_out_of_the_action(value: bytes, kept: bytes | None) -> None:
    """`wait` and `respond-async` are answered here; others can change what the upstream does."""
    assert bound(((b"Prefer", value),)) == (() if kept is None else ((b"Prefer", kept),))


def test_reading_preferences_costs_no_more_than_their_length() -> None:
    """Quotes that never close are read once, not once each."""
    value = b'"' + b'\\"' * 200_000 + b"wait=5"
    assert bound(((b"Prefer", value),)) == ((b"Prefer", value),)


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ((), {}),
        ((b"wait=10",), {"wait": "10"}),
        ((b'WAIT="10"; x=y , respond-async',), {"wait": "10", "respond-async": ""}),
        ((b"wait=1, wait=2",), {"wait": "1"}),
        ((b"wait=1", b"wait=2"), {"wait": "1"}),
        ((b"\xff=\xfe",), {"ÿ": "þ"}),
    ],
    ids=["none", "one", "case, quotes, parameter", "first wins", "first field wins", "bytes"],
)
def test_preferences_are_read_as_rfc_7240_says(values: tuple[bytes, ...], read: dict[str, str]) -> None:
    """Names fold, values lose their quotes, the first of a name counts."""
    assert preferences(tuple((b"pReFer", v) for v in values)) == read


_FRAMES: dict[str, tuple[Fields, bytes, bytes, Fields]] = {
    "a length is put right where it stands": (
        ((b"content-LENGTH", b"9"), (b"X-A", b"1")),
        b"POST",
        b"{}",
        ((b"content-LENGTH", b"2"), (b"X-A", b"1")),
    ),
    "chunks become a length": (
        ((b"Transfer-Encoding", b"chunked"), (b"X-A", b"1")),
        b"POST",
        b"{}",
        ((b"X-A", b"1"), (b"Content-Length", b"2")),
    ),
    "an empty post says so": ((), b"POST", b"", ((b"Content-Length", b"0"),)),
    "a get says nothing": ((), b"GET", b"", ()),
    "a delete with a body says how long": ((), b"DELETE", b"x", ((b"Content-Length", b"1"),)),
    "nobody waits for a 100": (((b"Expect", b"100-continue"),), b"GET", b"", ()),
    "connection cannot take the length away": (
        ((b"Connection", b"content-length"), (b"Content-Length", b"2")),
        b"POST",
        b"{}",
        ((b"Content-Length", b"2"),),
    ),
}


@pytest.mark.parametrize(("fields", "method", "body", "sent"), _FRAMES.values(), ids=_FRAMES)
def test_framing_comes_from_the_body_alone(fields: Fields, method: bytes, body: bytes, sent: Fields) -> None:
    """What goes upstream is framed by the bytes that were judged."""
    assert framed(fields, method, body) == sent


def test_first_finds_the_first_of_a_name() -> None:
    """Lookup is by lower-case name; a name that is absent is None."""
    fields: Fields = ((b"A", b"1"), (b"a", b"2"))
    assert first(fields, b"a") == b"1"
    assert first(fields, b"b") is None


_ANY_FIELDS = st.lists(
    st.tuples(
        st.sampled_from(sorted(CREDENTIALS | TRACE | HOP_BY_HOP | VOLATILE)).flatmap(
            lambda name: st.sampled_from([name, name.title(), name.replace(b"-", b"_")])
        )
        | st.binary(max_size=6),
        st.binary(max_size=6),
    )
).map(tuple)


@given(_ANY_FIELDS)
def test_bound_and_secret_share_nothing(fields: Fields) -> None:
    """No field is both stored and a credential, and neither holds a field that does not travel."""
    travelling = list(end_to_end(fields))
    for field in (*bound(fields), *secret(fields)):
        travelling.remove(field)
    stored = {name.lower().replace(b"_", b"-") for name, _ in bound(fields)}
    assert not stored & CREDENTIALS


@given(_ANY_FIELDS, st.binary(max_size=20))
def test_a_posts_length_is_always_that_of_its_body(fields: Fields, body: bytes) -> None:
    """Whatever the client framed, every length that leaves is the judged body's."""
    lengths = {value for name, value in framed(fields, b"POST", body) if name.lower() == b"content-length"}
    assert lengths == {str(len(body)).encode()}


def test_values_in_place_of_others() -> None:
    """By name, whatever its case; order, spelling and number stay, and none is added."""
    fields = ((b"A", b"1"), (b"b", b"2"), (b"a", b"3"))
    assert with_values(fields, ((b"a", b"new"), (b"c", b"no"))) == (
        (b"A", b"new"),
        (b"b", b"2"),
        (b"a", b"new"),
    )
    assert with_values(fields, ()) is fields
