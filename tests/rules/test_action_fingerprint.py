"""The fingerprint joins an agent's retry to its hold, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.action import Principal, fingerprint
from rules.headers import CREDENTIALS, TRACE, Fields
from rules.message import Message
from tests.rules.messages import AGENT, CHARGE, FORM, KEY, PLAIN, accepted, action_of, carrying


def _print(message: Message, principal: Principal = AGENT, key: bytes = KEY) -> str:
    return fingerprint(action_of(message, principal), accepted(message), key)


def _with(*fields: tuple[bytes, bytes], body: bytes | None = None, without: bytes = b"") -> Message:
    kept = tuple(field for field in CHARGE.fields if field[0] != without)
    return replace(CHARGE, fields=kept + fields, body=CHARGE.body if body is None else body)


_RETRIES: dict[str, Message] = {
    "as it was": CHARGE,
    "member order": _with(body=b'{"currency": "usd", "amount": 5}'),
    "white space": _with(body=b'{"amount":5,"currency":"usd"}'),
    "escapes": _with(body=rb'{"amount": 5, "currency": "\u0075sd"}'),
    "another user agent": _with((b"User-Agent", b"agent/2.0"), without=b"User-Agent"),
    "no user agent": _with(without=b"User-Agent"),
    "another credential": _with((b"Authorization", b"Bearer secret-2"), without=b"Authorization"),
    "no credential": _with(without=b"Authorization"),
    "another kind of credential": _with((b"X-Api-Key", b"k"), without=b"Authorization"),
    "a cookie": _with((b"Cookie", b"a=1")),
    "an idempotency key": _with((b"Idempotency-Key", b"k-2")),
    "another trace": _with((b"traceparent", b"00-2-2-01"), without=b"traceparent"),
    "trace headers": _with((b"X-Request-Id", b"9"), (b"b3", b"0"), (b"x-datadog-trace-id", b"1")),
    "a retry's count": _with((b"X-Stainless-Retry-Count", b"1"), (b"amz-sdk-request", b"attempt=2")),
    "a length": _with((b"Content-Length", b"32")),
    "the inline wait": _with((b"Prefer", b"wait=5")),
    "another connection": _with((b"Connection", b"close"), without=b"Connection"),
    "an encoding of the answer": _with((b"Accept-Encoding", b"gzip")),
    "headers in another order": replace(CHARGE, fields=CHARGE.fields[::-1]),
    "header names in another case": replace(
        CHARGE, fields=tuple((name.upper(), value) for name, value in CHARGE.fields)
    ),
}


@pytest.mark.parametrize("retry", _RETRIES.values(), ids=_RETRIES)
def test_an_honest_retry_joins_its_hold(retry: Message) -> None:
    """What a client changes between attempts does not change the meaning."""
    assert _print(retry) == _print(CHARGE)


def test_the_wait_is_no_part_of_an_upstreams_preference() -> None:
    """A retry that waits longer joins its hold, whatever else it prefers."""
    short, long, other = (
        _print(_with((b"Prefer", value)))
        for value in (b"return=minimal, wait=5", b"wait=60, return=minimal", b"return=representation, wait=5")
    )
    assert short == long == _print(_with((b"Prefer", b"return=minimal")))
    assert short != other


_DIFFERENT: dict[str, Message] = {
    "another amount": _with(body=b'{"amount": 6, "currency": "usd"}'),
    "an amount as text": _with(body=b'{"amount": "5", "currency": "usd"}'),
    "an amount as true": _with(body=b'{"amount": true, "currency": "usd"}'),
    "a further member": _with(body=b'{"amount": 5, "currency": "usd", "x": null}'),
    "a list's order": _with(body=b'{"amount": 5, "currency": "usd", "to": [1, 2]}'),
    "a list's other order": _with(body=b'{"amount": 5, "currency": "usd", "to": [2, 1]}'),
    "an opaque body": _with((b"Content-Type", b"text/plain"), without=b"Content-Type"),
    "another account": _with((b"X-Account", b"acct_2"), without=b"X-Account"),
    "no account": _with(without=b"X-Account"),
    "two accounts": _with((b"X-Account", b"acct_2")),
    "another precondition": _with((b"If-Match", b'"1"')),
    "an upstream's preference": _with((b"Prefer", b"return=minimal")),
    "another path": replace(CHARGE, target=b"/v1/refunds?expand=a"),
    "another query": replace(CHARGE, target=b"/v1/charges?expand=b"),
    "no query": replace(CHARGE, target=b"/v1/charges"),
    "another method": replace(CHARGE, method=b"PUT"),
    "another port": replace(CHARGE, port=8443, fields=((b"Host", b"api.pay.test:8443"), *CHARGE.fields[1:])),
    "another host": replace(
        CHARGE,
        host="api2.pay.test",
        sni="api2.pay.test",
        fields=((b"Host", b"api2.pay.test"), *CHARGE.fields[1:]),
    ),
    "another scheme": replace(CHARGE, scheme="http", port=80, sni=None),
    "a number below 2**53": _with(body=b'{"amount": 9007199254740991}'),
    "its neighbour": _with(body=b'{"amount": 9007199254740990}'),
    "a decimal near 2**53": _with(body=b'{"amount": 9007199254740992.0}'),
    "its other neighbour": _with(body=b'{"amount": 9007199254740993.0}'),
    "one": _with(body=b"1"),
    "one as text": _with(body=b'"1"'),
    "one as a decimal": _with(body=b"1.5"),
    "one as an object": _with(body=rb'{"\u0000decimal": "1.5"}'),
    "true": _with(body=b"true"),
}


def test_different_actions_never_join() -> None:
    """Every sample has a fingerprint of its own."""
    prints = {name: _print(message) for name, message in (_DIFFERENT | {"": CHARGE}).items()}
    assert len(set(prints.values())) == len(prints)


@pytest.mark.parametrize(
    "other", [replace(AGENT, **{part: "other"}) for part in ("human", "service", "agent", "session")]
)
def test_nobody_joins_anybody_elses_hold(other: Principal) -> None:
    """The principal is part of the meaning."""
    assert _print(CHARGE, other) != _print(CHARGE)


def test_only_the_keys_owner_can_compute_a_fingerprint() -> None:
    """Low-entropy bodies cannot be guessed from it."""
    assert _print(CHARGE, key=b"x" * 32) != _print(CHARGE)


def test_the_order_of_one_repeated_header_counts() -> None:
    """Fields of one name are a list to the server."""
    one = carrying((b"X-A", b"1"), (b"X-B", b"0"), (b"X-A", b"2"))
    moved = carrying((b"X-A", b"1"), (b"X-A", b"2"), (b"X-B", b"0"))
    swapped = carrying((b"X-A", b"2"), (b"X-B", b"0"), (b"X-A", b"1"))
    assert _print(one) == _print(moved)
    assert _print(one) != _print(swapped)


def test_a_form_is_compared_by_its_bytes() -> None:
    """Only JSON has a meaning beyond its bytes."""
    form = carrying(FORM, body=b"a=1&b=2")
    assert _print(form) == _print(carrying((b"Idempotency-Key", b"k"), FORM, body=b"a=1&b=2"))
    assert _print(form) != _print(carrying(FORM, body=b"b=2&a=1"))


def _multipart(boundary: str, parts: tuple[str, ...], *, quote: str = "", note: str = "") -> Message:
    lines = "".join(f"--{boundary}\r\nContent-Disposition: form-data\r\n\r\n{p}\r\n" for p in parts)
    kind = f"multipart/form-data; boundary={quote}{boundary}{quote}".encode()
    fields: Fields = ((b"Content-Type", kind), (b"X-Note", note.encode()))
    return carrying(*fields, body=f"{lines}--{boundary}--\r\n".encode())


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_boundary_drawn_anew_is_the_same_action(quote: str) -> None:
    """Clients draw one for every attempt, in quotes or without."""
    first = _multipart("c5f3b1d2a9e84f70", ("90000", "usd"), quote=quote)
    again = _multipart("0123456789abcdef", ("90000", "usd"), quote=quote)
    assert _print(first) == _print(again)
    assert action_of(first).digest != action_of(again).digest


_OTHER_PARTS: dict[str, Message] = {
    "another value": _multipart("0123456789abcdef", ("90001", "usd")),
    "another order": _multipart("0123456789abcdef", ("usd", "90000")),
    "joined parts": _multipart("0123456789abcdef", ("90000usd",)),
    "a further part": _multipart("0123456789abcdef", ("90000", "usd", "")),
    "the boundary as content": _multipart("0123456789abcdef", ("90000", "0123456789abcdefusd")),
    "the delimiter inside a line": _multipart("0123456789abcdef", ("90000", "--0123456789abcdefusd")),
    "the delimiter begins a line": _multipart("0123456789abcdef", ("90000", "\r\n--0123456789abcdefx")),
    "the boundary in another header": _multipart(
        "0123456789abcdef", ("90000", "usd"), note="0123456789abcdef"
    ),
}


@pytest.mark.parametrize("other", _OTHER_PARTS.values(), ids=_OTHER_PARTS)
def test_other_parts_are_another_action(other: Message) -> None:
    """Only whole delimiter lines are left out, nothing that is content."""
    held = _multipart("c5f3b1d2a9e84f70", ("90000", "usd"))
    assert _print(other) != _print(held)
    assert action_of(other).digest != action_of(held).digest


@pytest.mark.parametrize(
    "content", ["{}", "x--{}", "x--{}--", "\r\n--{}x", "\r\n--{}-", "\r\n-{}", "\n--{}\n"], ids=repr
)
def test_a_boundary_inside_content_is_content(content: str) -> None:
    """Two bodies that differ only where each repeats its own boundary as content stay apart."""
    one = _multipart("aaaaaaaaaaaaaaaa", (content.format("aaaaaaaaaaaaaaaa"),))
    other = _multipart("bbbbbbbbbbbbbbbb", (content.format("bbbbbbbbbbbbbbbb"),))
    assert _print(one) != _print(other)


@given(st.sampled_from(sorted(CREDENTIALS | TRACE)), st.binary(max_size=10))
def test_no_credential_or_trace_shows_in_either_hash(name: bytes, value: bytes) -> None:
    """Values that change with every token or trace change neither what runs nor what it means."""
    clean = bytes(c for c in value if 32 < c < 127)
    one, other = carrying((name, b"1")), carrying((name, clean))
    assert _print(one) == _print(other) == _print(PLAIN)
    assert action_of(one).digest == action_of(other).digest
