"""What a Content-Type promises: anything but one plain type in plain UTF-8 leaves the body opaque."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import Payload, PayloadKind
from rules.headers import Fields
from rules.request.body import read_body
from rules.verdict import Refusal
from tests.rules.messages import FORM, assert_well_worded


def _typed(value: str) -> Fields:
    return ((b"content-TYPE", value.encode("latin-1")),)


_JSON_TYPES = [
    "application/json",
    "Application/JSON",
    " application/json ",
    "application/json;",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/json; charset=utf8",
    "application/json; charset=us-ascii",
    "application/json ; odata.metadata=minimal ; charset=utf-8",
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
    "application/vnd.api+json",
    "application/merge-patch+json",
    "application/x-amz-json-1.0",
    "application/x-amz-json-1.1",
    "text/json",
]


@pytest.mark.parametrize("kind", _JSON_TYPES)
def test_plain_json_types_are_read_as_json(kind: str) -> None:
    """One JSON type with plain parameters and no foreign character set is JSON."""
    payload = read_body(_typed(kind), b'{"a": 1.5}')
    assert payload == Payload(kind=PayloadKind.JSON, value={"a": Decimal("1.5")})


_NOT_PLAINLY_JSON = [
    "",
    "json",
    "text/plain",
    "application/yaml",
    "application/cbor",
    "application/jsonp",
    "application/json5",
    "application/x-ndjson",
    "application/json-seq",
    "multipart/form-data; boundary=b",
    "application/json, text/plain",
    "application/json ,text/plain",
    "text/plain, application/json",
    "application/json text/plain",
    "application/json/x",
    "application /json",
    "application/ json",
    '"application/json"',
    "application/json\x85",
    "\xa0application/json",
    "application/json; charset",
    "application/json; charset=",
    'application/json; charset=""',
    "application/json; charset=utf-16",
    "application/json; charset=utf-7",
    "application/json; charset=ibm037",
    "application/json; charset=latin1",
    "application/json; charset=utf-8\xa0",
    "application/json; charset='utf-8'",
    'application/json; charset="utf-8',
    'application/json; charset=utf-8"',
    'application/json; charset="utf\\-8"',
    "application/json; charset=utf-8,utf-16",
    "application/json; charset=utf-8 utf-16",
    "application/json; charset=utf-8; charset=utf-16",
    "application/json; charset=utf-16; charset=utf-8",
    "application/json; charset=utf-8; charset=utf-8",
    "application/json; charset=utf-8; CHARSET=utf-16",
    "application/json; a=1; a=2",
    "application/json; charset = utf-16",
    "application/json; charset =utf-8",
    "application/json; charset= utf-8",
    "application/json; charset*=utf-16''x",
    "application/json; charset*0=utf-16",
    'application/json; "charset"=utf-16',
    "application/json; x charset=utf-16",
    "application/json; xcharset=utf-16",
    "application/json; x=charset=utf-16",
    'application/json; x="; charset=utf-16"',
    'application/json; x="charset=utf-16"',
    "application/json; x=y, charset=utf-16",
    "application/json, charset=utf-16",
    "application/json charset=utf-16",
    "application/json\tcharset=utf-16",
    "application/json (charset=utf-16)",
    "application/json; (comment) charset=utf-8",
    "application/json?charset=utf-16",
    "charset=utf-16; application/json",
]


@pytest.mark.parametrize("kind", _NOT_PLAINLY_JSON)
@pytest.mark.parametrize("body", [b'{"a": 1}', b"not json at all \xff"])
def test_odd_types_leave_the_body_opaque(kind: str, body: bytes) -> None:
    """Where a server could take another type or character set, the gate claims to know nothing."""
    assert read_body(_typed(kind), body) == Payload(kind=PayloadKind.OPAQUE)


def test_a_body_without_a_type_is_opaque() -> None:
    """No declaration, no reading: nothing is sniffed."""
    assert read_body((), b'{"a": 1}') == Payload(kind=PayloadKind.OPAQUE)


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", [b'"\xc3\xa9"', b"a=%C3%A9&b=\xc3"])
def test_us_ascii_promises_nothing_about_other_bytes(kind: str, body: bytes) -> None:
    """Beyond ASCII, a declared US-ASCII is read as anything: such a body stays opaque."""
    fields = _typed(f"{kind}; charset=us-ascii")
    assert read_body(fields, body) == Payload(kind=PayloadKind.OPAQUE)


def test_a_form_in_us_ascii_is_opaque_even_without_escapes() -> None:
    """Its escapes stand for bytes of a set that has no such bytes."""
    fields = _typed("application/x-www-form-urlencoded; charset=us-ascii")
    assert read_body(fields, b"a=%C3%A9") == Payload(kind=PayloadKind.OPAQUE)


@pytest.mark.parametrize("kind", [k for k in _NOT_PLAINLY_JSON if "charset" in k])
def test_a_forms_character_set_is_read_as_strictly(kind: str) -> None:
    """A form whose character set is not plainly UTF-8 is opaque too."""
    fields = _typed(kind.replace("application/json", "application/x-www-form-urlencoded"))
    assert read_body(fields, b"amount=5") == Payload(kind=PayloadKind.OPAQUE)


def test_a_hostile_type_is_read_in_linear_time() -> None:
    """Sixty thousand separators, and a value that fits only at the very end of all attempts."""
    for separators in (";" * 60_000, "; " * 30_000, " ;\t" * 20_000, ";a=b " * 12_000):
        fields = _typed(f"application/json{separators}!")
        assert read_body(fields, b"{}") == Payload(kind=PayloadKind.OPAQUE)


@given(
    st.sampled_from([kind.encode("latin-1") for kind in _JSON_TYPES + _NOT_PLAINLY_JSON])
    | st.sampled_from([FORM[1]])
    | st.binary(max_size=30),
    st.sampled_from([b"", b"gzip", b"deflate", b"br", b"hex"]) | st.binary(max_size=8),
    st.binary(max_size=60),
)
def test_any_body_has_a_meaning_or_a_reason(kind: bytes, encoding: bytes, body: bytes) -> None:
    """Nothing raises, and a value stands only where the body was understood."""
    result = read_body(((b"Content-Type", kind), (b"Content-Encoding", encoding)), body)
    if isinstance(result, Refusal):
        assert_well_worded(result.reason)
    elif result.kind in (PayloadKind.EMPTY, PayloadKind.OPAQUE):
        assert result.value is None
