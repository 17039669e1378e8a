"""A request has one reading, or a reason why not: nothing raises and nothing is guessed."""

import gzip
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall, Payload, PayloadKind
from rules.message import Message
from rules.normalize import METHODS, normalize
from rules.request.path_readings import PathPolicy
from rules.verdict import ReasonId, Refusal
from tests.rules.messages import (
    FORM,
    HOST,
    JSON,
    MESSAGES,
    PLAIN,
    accepted,
    assert_well_worded,
    carrying,
    readable,
    refusal,
)


def test_a_plain_post_is_read_whole() -> None:
    """Every part of the call comes from exactly one part of the message."""
    message = carrying(JSON, (b"X-A", b"1"), target=b"/v1/ch%61rges/?a=1&b=x+y", body=b'{"amount": 1.50}')
    assert normalize(message) == HttpCall(
        method="POST",
        scheme="https",
        host="api.pay.test",
        port=443,
        target="/v1/ch%61rges/?a=1&b=x+y",
        segments=("v1", "charges", ""),
        query=(("a", "1"), ("b", "x y")),
        fields=(HOST, JSON, (b"X-A", b"1")),
        body=b'{"amount": 1.50}',
        payload=Payload(kind=PayloadKind.JSON, value={"amount": Decimal("1.50")}),
        overrides=(),
    )


@pytest.mark.parametrize(
    "method",
    [
        *(b"", b"post", b"gEt", b"PURGE", b"BREW", b"CONNECT", b"TRACE", b"PROPPATCH", b"POST ", b"GET\n"),
        *("OPT\u0131ONS".encode(), b"\xff", b"GET\x00", b"GET /x", b"DELETE,GET"),
    ],
)
def test_methods_are_a_closed_list(method: bytes) -> None:
    """A method is spelled exactly as on the list, or nobody knows what it does."""
    refused = refusal(replace(PLAIN, method=method))
    assert refused.reason_id is ReasonId.METHOD_UNKNOWN
    assert refused.status == 501


@pytest.mark.parametrize("method", sorted(METHODS))
def test_bodies_belong_to_methods_that_carry_content(method: str) -> None:
    """A body that some servers ignore and others run is refused."""
    message = carrying(JSON, method=method.encode(), body=b"{}")
    if method in ("GET", "HEAD", "OPTIONS"):
        assert refusal(message).reason_id is ReasonId.BODY_UNEXPECTED
        assert accepted(replace(message, body=b"")).payload.kind is PayloadKind.EMPTY
    else:
        assert accepted(message).payload.kind is PayloadKind.JSON


@pytest.mark.parametrize(
    ("changes", "reason_id"),
    [
        ({"target": b"*"}, ReasonId.TARGET_MALFORMED),
        ({"target": b""}, ReasonId.TARGET_MALFORMED),
        ({"target": b"http://evil.test/"}, ReasonId.TARGET_MALFORMED),
        ({"target": b"/v1/\xc3\xa9"}, ReasonId.TARGET_MALFORMED),
        ({"target": b"/v1/../x"}, ReasonId.TARGET_AMBIGUOUS),
        ({"target": b"/v1?a=1;b=2"}, ReasonId.TARGET_AMBIGUOUS),
        ({"fields": (HOST, JSON), "body": b"{"}, ReasonId.JSON_INVALID),
        ({"fields": (HOST, FORM), "body": b"a=%"}, ReasonId.FORM_INVALID),
        ({"fields": (HOST, (b"Content-Encoding", b"hex")), "body": b"7b7d"}, ReasonId.ENCODING_UNSUPPORTED),
        ({"fields": (HOST, (b"Content-Encoding", b"gzip")), "body": b"{}"}, ReasonId.ENCODING_INVALID),
        ({"body": b"\0" * (16 * 1024 * 1024 + 1)}, ReasonId.BODY_TOO_LARGE),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_refusals_of_target_and_body_come_through(changes: dict[str, object], reason_id: ReasonId) -> None:
    """Each part's own refusal is the answer."""
    assert refusal(replace(PLAIN, **changes)).reason_id is reason_id  # type: ignore[arg-type]


_OVERRIDES: dict[str, tuple[Message, tuple[str, ...]]] = {
    "none": (PLAIN, ()),
    "a header": (carrying((b"X-HTTP-Method-Override", b"DELETE")), ("X-HTTP-Method-Override",)),
    "a header, short": (carrying((b"x-http-method", b"DELETE")), ("x-http-method",)),
    "a header, other": (carrying((b"X-Method-Override", b"PUT")), ("X-Method-Override",)),
    "on a get": (carrying((b"X-HTTP-Method", b"POST"), method=b"GET"), ("X-HTTP-Method",)),
    "in the query": (replace(PLAIN, target=b"/v1?_method=DELETE"), ("_method",)),
    "in the query, escaped": (replace(PLAIN, target=b"/v1?%5Fmethod=DELETE"), ("_method",)),
    "in the query, upper case": (replace(PLAIN, target=b"/v1?_METHOD=DELETE"), ("_METHOD",)),
    "in the query, without value": (replace(PLAIN, target=b"/v1?_method"), ("_method",)),
    "in the query, dotted": (replace(PLAIN, target=b"/v1?.method=DELETE"), (".method",)),
    "in the query, spaced": (replace(PLAIN, target=b"/v1?+_method=DELETE"), (" _method",)),
    "the header's name in the query": (
        replace(PLAIN, target=b"/v1?X-HTTP-Method-Override=PUT"),
        ("X-HTTP-Method-Override",),
    ),
    "odata": (replace(PLAIN, target=b"/v1?$method=DELETE"), ("$method",)),
    "in a form": (carrying(FORM, body=b"a=1&_method=DELETE"), ("_method",)),
    "in a form, twice": (carrying(FORM, body=b"_method=GET&_method=DELETE"), ("_method",)),
    "in a json object": (carrying(JSON, body=b'{"_method": "DELETE"}'), ("_method",)),
    "deep in a json object": (carrying(JSON, body=b'{"a": {"_method": "DELETE"}}'), ()),
    "in a gzipped form": (
        carrying(FORM, (b"Content-Encoding", b"gzip"), body=gzip.compress(b"_method=PUT")),
        ("_method",),
    ),
    "several": (
        carrying((b"X-HTTP-Method", b"PUT"), FORM, target=b"/?_method=x", body=b"$method=y"),
        ("X-HTTP-Method", "_method", "$method"),
    ),
    "only alike": (replace(PLAIN, target=b"/v1?method=a&my_method=b&_methods=c"), ()),
}


@pytest.mark.parametrize(("message", "overrides"), _OVERRIDES.values(), ids=_OVERRIDES)
def test_every_method_override_is_named(message: Message, overrides: tuple[str, ...]) -> None:
    """Whatever some framework reads as the real method is listed, wherever it stands."""
    assert accepted(message).overrides == overrides


_OPAQUE: dict[str, Message] = {
    "no type": carrying(body=b'{"amount": 90000}'),
    "text": carrying((b"Content-Type", b"text/plain"), body=b'{"amount": 90000}'),
    "multipart": carrying((b"Content-Type", b"multipart/form-data; boundary=b"), body=b"--b--"),
    "another character set": carrying(
        (b"Content-Type", b"application/json; charset=utf-16"), body='{"a": 1}'.encode("utf-16")
    ),
    "two character sets": carrying(
        (b"Content-Type", b"application/json; charset=utf-8; charset=utf-16"), body=b'{"a": 1}'
    ),
    "two types in one": carrying((b"Content-Type", b"application/json ,text/plain"), body=b"{}"),
    "an encoding nobody undid": carrying(JSON, (b"Content-Encoding", b"br"), body=b"\x0b\x10\x80{}"),
}


@pytest.mark.parametrize("message", _OPAQUE.values(), ids=_OPAQUE)
def test_what_is_not_understood_is_opaque(message: Message) -> None:
    """An opaque payload holds no value that a condition could be read from."""
    assert accepted(message).payload == Payload(kind=PayloadKind.OPAQUE)


def _again(call: HttpCall, sni: str | None) -> Message:
    """The message that consists of the call's own parts."""
    return Message(
        scheme=call.scheme,
        host=call.host,
        port=call.port,
        sni=sni,
        method=call.method.encode(),
        target=call.target.encode(),
        fields=call.fields,
        body=call.body,
    )


@pytest.mark.parametrize("policy", PathPolicy)
@given(message=readable() | MESSAGES)
def test_normalizing_twice_changes_nothing(message: Message, policy: PathPolicy) -> None:
    """What was accepted is in its normal form: its parts are read the same again."""
    call = normalize(message, paths=lambda host: policy)
    if isinstance(call, Refusal):
        return
    again = replace(_again(call, message.sni), version=message.version)
    assert normalize(again, paths=lambda host: policy) == call


@given(MESSAGES)
def test_no_message_makes_it_raise(message: Message) -> None:
    """Any parts at all give a call or a well-worded refusal with an error's status."""
    result = normalize(message)
    if isinstance(result, Refusal):
        assert_well_worded(result.reason)
        assert 400 <= result.status < 600
    else:
        assert result.body is message.body


@given(
    st.builds(
        Message,
        scheme=st.text(),
        host=st.text(),
        port=st.integers(),
        sni=st.none() | st.text(),
        method=st.binary(),
        target=st.binary(),
        fields=st.lists(st.tuples(st.binary(), st.binary())).map(tuple),
        body=st.binary(),
        version=st.text(),
    )
)
def test_no_bytes_make_it_raise(message: Message) -> None:
    """Nor does pure noise."""
    assert isinstance(normalize(message), (HttpCall, Refusal))


@given(st.binary(max_size=80), st.sampled_from([JSON, FORM]), st.sampled_from([b"", b"gzip", b"deflate"]))
def test_no_body_makes_it_raise(body: bytes, kind: tuple[bytes, bytes], encoding: bytes) -> None:
    """Noise under a declared type is refused or read, in clear and packed."""
    packed = gzip.compress(body) if encoding == b"gzip" else body
    message = carrying(kind, (b"Content-Encoding", encoding), body=packed)
    assert isinstance(normalize(message), (HttpCall, Refusal))


def test_the_strategy_for_readable_requests_finds_some() -> None:
    """The property above would be empty if nearly everything were refused."""
    found = []

    @given(readable())
    def collect(message: Message) -> None:
        found.append(isinstance(normalize(message), HttpCall))

    collect()
    assert sum(found) > len(found) / 10
