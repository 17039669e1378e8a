"""Where a placeholder belongs, and every other place, hidden or not."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall
from rules.message import Message
from rules.normalize import normalize
from rules.placeholder import Misuse, Placeholder, Use, placeholders_in
from rules.verdict import ReasonId

TOKEN = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
KEY = "kx-" + "9z8Y7x6W5v" * 3
BANK = Placeholder(
    text=TOKEN.encode(), credential="bank", places=frozenset({("bank.example", b"authorization")})
)
MAIL = Placeholder(
    text=KEY.encode(),
    credential="mail",
    places=frozenset({("mail.example:8443", b"x-key"), ("[::1]:8443", b"x-key"), ("bank.example", b"x-key")}),
)
KNOWN = (BANK, MAIL)
BEARER = (b"Authorization", f"Bearer {TOKEN}".encode())


def call(*fields: tuple[bytes, bytes], **changes: Any) -> HttpCall:
    """A request as the gate reads it."""
    host, port = changes.pop("host", "bank.example"), changes.pop("port", 443)
    authority = f"[{host}]" if ":" in host else host
    message = Message(
        scheme="https",
        host=host,
        port=port,
        sni=None if ":" in host else host,
        method=b"POST",
        target=b"/pay",
        fields=((b"Host", f"{authority}:{port}".encode()), *fields),
        body=b"",
    )
    read = normalize(replace(message, **changes))
    assert isinstance(read, HttpCall), read
    return read


def encoded(text: str) -> bytes:
    """A Basic credential."""
    return b"Basic " + b64encode(text.encode())


FITTING: dict[str, tuple[HttpCall, list[bytes]]] = {
    "none": (call((b"Authorization", b"Bearer x")), []),
    "a bearer": (call(BEARER), [b"Bearer s3cret"]),
    "another scheme": (call((b"authorization", f"token {TOKEN}".encode())), [b"token s3cret"]),
    "alone": (call((b"Authorization", TOKEN.encode())), [b"s3cret"]),
    "basic": (call((b"Authorization", encoded(f"x:{TOKEN}"))), [encoded("x:s3cret")]),
    "basic in small letters": (
        call((b"Authorization", b"basic " + encoded(f"{TOKEN}:")[6:])),
        [b"basic " + encoded("s3cret:")[6:]],
    ),
    "a port": (call((b"X-Key", KEY.encode()), host="mail.example", port=8443), [b"s3cret"]),
    "an address": (call((b"X-Key", KEY.encode()), host="::1", port=8443), [b"s3cret"]),
    "two of them": (call(BEARER, (b"X-KEY", KEY.encode())), [b"Bearer s3cret", b"s3cret"]),
}


@pytest.mark.parametrize("case", FITTING)
def test_where_it_belongs(case: str) -> None:
    """In its own header, to its own place: once, whatever stands around it."""
    made, filled = FITTING[case]
    uses = placeholders_in(made, KNOWN)
    assert isinstance(uses, tuple)
    assert [use.filled(b"s3cret") for use in uses] == filled
    assert all(use.name == use.name.lower() for use in uses)


JSON = (b"Content-Type", b"application/json")
FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
T = TOKEN.encode()
MISUSES: dict[str, tuple[HttpCall, str]] = {
    "another host": (call(BEARER, host="evil.example"), "the header `authorization` of this request"),
    "a host below": (call(BEARER, host="a.bank.example"), "the header `authorization`"),
    "a host that only ends so": (call(BEARER, host="xbank.example"), "the header `authorization`"),
    "another port": (call((b"X-Key", KEY.encode()), host="mail.example"), "the header `x-key`"),
    "in clear": (call(BEARER, scheme="http", port=80, sni=None), "the header `authorization`"),
    "another header": (call((b"X-Other", T)), "another header"),
    "a header's name": (call((T.replace(b"_", b"_"), b"x")), "another header"),
    "the other's header": (call((b"X-Key", T)), "another header"),
    "a spelling of it": (call((b"x_key", KEY.encode())), "another header"),
    "a cookie": (call((b"Cookie", b"a=" + T)), "another header"),
    "the proxy's": (call((b"Proxy-Authorization", b"Bearer " + T)), "another header"),
    "twice in one": (call((b"Authorization", T + b" " + T)), "the header `authorization`"),
    "two in one": (call((b"X-Key", KEY.encode() + T)), "header"),
    "hidden in basic": (call((b"X-Other", encoded(TOKEN))), "another header"),
    "its path": (call(BEARER, target=b"/a/" + T), "its path"),
    "its path, hidden": (call(target=b"/a/%67" + T[1:]), "its path"),
    "its query": (call(target=b"/a?b=" + T), "its query"),
    "its query's name": (call(target=b"/a?" + T), "its query"),
    "its query, hidden": (call(BEARER, target=b"/a?b=%67" + T[1:]), "its query"),
    "its body": (call(BEARER, body=b"x" * 400_000 + T), "its body"),
    "its json": (call(JSON, body=b'{"a": ["\\u0067' + T[1:] + b'"]}'), "its body"),
    "a member's name": (call(JSON, body=b'{"\\u0067' + T[1:] + b'": 1}'), "its body"),
    "its form": (call(FORM, body=b"a=%67" + T[1:]), "its body"),
}


@pytest.mark.parametrize("case", MISUSES)
def test_everywhere_else(case: str) -> None:
    """Refused, in words that hold nothing of the request."""
    made, where = MISUSES[case]
    found = placeholders_in(made, KNOWN)
    assert isinstance(found, Misuse)
    assert where in found.where
    refusal = found.refusal
    assert (refusal.reason_id, refusal.status) == (ReasonId.PLACEHOLDER_MISUSED, 403)
    assert TOKEN not in refusal.reason
    assert KEY not in refusal.reason


def test_compressed_json() -> None:
    """As its server reads it."""
    import gzip

    body = gzip.compress(b'{"a": "' + T + b'"}')
    found = placeholders_in(call(JSON, (b"Content-Encoding", b"gzip"), body=body), KNOWN)
    assert isinstance(found, Misuse)


def test_a_field_that_stands_twice() -> None:
    """Servers read one or the other: neither gets a secret."""
    made = replace(call(BEARER), fields=(BEARER, (b"authorization", b"Bearer x")))
    assert isinstance(placeholders_in(made, KNOWN), Misuse)


@pytest.mark.parametrize("value", [b"Basic !!!", b"Basic", b"Basic ", b"basic \xff", b"Basic YQ", b""])
def test_what_only_looks_like_basic(value: bytes) -> None:
    """It is nobody's placeholder, and nothing raises."""
    made = replace(call(), fields=((b"Authorization", value),))
    assert placeholders_in(made, KNOWN) == ()


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from([b"Authorization", b"X-Key", b"X"]))
def test_no_placeholder_is_left(before: bytes, after: bytes, name: bytes) -> None:
    """Whatever stands around it: it is replaced, or the request is refused."""
    made = replace(call(), fields=((name, before + T + after),))
    found = placeholders_in(made, KNOWN)
    if isinstance(found, Misuse):
        return
    [use] = found
    assert isinstance(use, Use)
    assert T not in use.filled(b"s3cret")
    assert use.filled(b"s3cret").count(b"s3cret") == 1 + (before + after).count(b"s3cret")
