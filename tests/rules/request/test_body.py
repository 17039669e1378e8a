"""A body means what its own header says, or nothing, or it is refused."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import Payload, PayloadKind
from rules.headers import Fields
from rules.request.body import MAX_BODY_BYTES, MAX_DECODED_BYTES, MAX_JSON_VALUES, read_body
from rules.request.strict_json import Json
from rules.request.target import MAX_PAIRS
from rules.verdict import ReasonId, Refusal
from tests.rules.messages import FORM, JSON, assert_well_worded

_MIB = 1024 * 1024


def _gzip(content: bytes) -> bytes:
    """The same bytes at every collection: gzip notes the time otherwise."""
    return gzip.compress(content, mtime=0)


def _encoded(value: str, kind: tuple[bytes, bytes] = JSON) -> Fields:
    return (kind, (b"Content-Encoding", value.encode("latin-1")))


def _refused(fields: Fields, body: bytes) -> Refusal:
    result = read_body(fields, body)
    assert isinstance(result, Refusal), result
    assert_well_worded(result.reason)
    return result


@pytest.mark.parametrize(
    "fields",
    [(), (JSON,), (FORM,), _encoded("hex"), ((b"Content-Type", b"application/json; charset=utf-16"),)],
)
def test_no_bytes_are_an_empty_body(fields: Fields) -> None:
    """Without bytes there is nothing that a header could change."""
    assert read_body(fields, b"") == Payload(kind=PayloadKind.EMPTY)


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b"{", b"\xef\xbb\xbf{}", b" "])
def test_json_with_two_readings_is_refused(body: bytes) -> None:
    """A body that says it is JSON has to be read in exactly one way."""
    assert _refused((JSON,), body).reason_id is ReasonId.JSON_INVALID


_FORMS: dict[str, tuple[bytes, dict[str, Json]]] = {
    "pairs": (b"amount=5&currency=usd", {"amount": "5", "currency": "usd"}),
    "no value": (b"a&b=", {"a": "", "b": ""}),
    "decoding": (b"a=x+y%2B%C3%A9&b%5B0%5D=1", {"a": "x y+é", "b[0]": "1"}),
    "a repeated name": (b"amount=5&x=1&amount=90000", {"amount": ["5", "90000"], "x": "1"}),
    "an empty text repeated": (b"a=&a=", {"a": ["", ""]}),
    "empty pairs": (b"&&a=1&", {"a": "1"}),
    "brackets": (b"card[number]=4&card[cvc]=1", {"card[number]": "4", "card[cvc]": "1"}),
    "json by mistake": (b'{"amount":90000}', {'{"amount":90000}': ""}),
    "nothing but separators": (b"&&", {}),
}


@pytest.mark.parametrize(("body", "form"), _FORMS.values(), ids=_FORMS)
def test_a_plain_form_is_read(body: bytes, form: dict[str, Json]) -> None:
    """Names map to their text, or to all their texts in order."""
    assert read_body((FORM,), body) == Payload(kind=PayloadKind.FORM, value=form)


_ODD_FORMS = {
    "half an escape": b"a=%4",
    "no escape": b"a=%zz",
    "a percent sign": b"a=100%",
    "latin-1": b"a=%e9",
    "raw utf-8": "a=é".encode(),
    "raw latin-1": b"a=\xe9",
    "ebcdic": b"\x81\x94\x96\xa4\x95\xa3~\xf9\xf0",
    "a newline": b"a=1\nb=2",
    "a trailing newline": b"a=1\n",
    "a tab": b"a=1\t",
    "a raw NUL": b"a=1\x00",
    "an escaped NUL": b"a=1%00&b=2",
    "an escaped NUL in a name": b"amount%00=1",
    "a semicolon": b"amount=5;amount=90000",
    "overlong utf-8": b"a=%c0%ae",
    "a surrogate": b"a=%ed%a0%80",
    "names in two cases": b"Amount=90000&amount=5",
    "names with an invisible difference": b"amount%E2%80%8B=90000&amount=5",
    "names with a control between": b"amount%01=90000&amount=5",
    "names with outer white space": b"+amount=90000&amount=5",
    "a name and its array": b"amount=5&amount%5B%5D=90000",
    "more fields than servers read": b"a=1&" * MAX_PAIRS + b"amount=90000",
}


@pytest.mark.parametrize("body", _ODD_FORMS.values(), ids=_ODD_FORMS)
def test_a_form_with_two_readings_is_refused(body: bytes) -> None:
    """What form parsers split, cut, merge or leave out differently is refused."""
    assert _refused((FORM,), body).reason_id is ReasonId.FORM_INVALID


_DOCUMENT = b'{"amount": 5}'
_SQUEEZED = {
    "gzip": _gzip(_DOCUMENT),
    "GZIP": _gzip(_DOCUMENT),
    "x-gzip": _gzip(_DOCUMENT),
    " gzip\t": _gzip(_DOCUMENT),
    "deflate": zlib.compress(_DOCUMENT),
    "identity": _DOCUMENT,
    "Identity": _DOCUMENT,
    "": _DOCUMENT,
}


@pytest.mark.parametrize(("encoding", "body"), _SQUEEZED.items(), ids=map(repr, _SQUEEZED))
def test_one_known_encoding_is_undone(encoding: str, body: bytes) -> None:
    """The payload is what the upstream finds after decoding."""
    payload = read_body(_encoded(encoding), body)
    assert payload == Payload(kind=PayloadKind.JSON, value={"amount": 5})


def test_an_encoded_form_is_read_too() -> None:
    """Decoding comes before every type."""
    payload = read_body(_encoded("gzip", FORM), _gzip(b"amount=5"))
    assert payload == Payload(kind=PayloadKind.FORM, value={"amount": "5"})


@pytest.mark.parametrize("encoding", ["br", "BR", "zstd", "aws-chunked", "compress"])
def test_encodings_the_gate_does_not_undo_stay_opaque(encoding: str) -> None:
    """They exist, so they may pass where no rule needs the payload."""
    assert read_body(_encoded(encoding), b"anything") == Payload(kind=PayloadKind.OPAQUE)


@pytest.mark.parametrize(
    "encoding",
    [
        *("hex", "rot13", "base64", "utf-16", "zlib", "bz2", "foo", "none", "*", "gzip;q=1"),
        *("gzip, gzip", "gzip,identity", "identity, gzip", "br, gzip", "gzip gzip", "gzip,"),
        *("\xa0gzip", "gzip\x85", "x-gzip2", "identity, identity", "deflate-raw", "aws-chunked,gzip"),
    ],
)
@pytest.mark.parametrize(
    "body", [_DOCUMENT, _DOCUMENT.hex().encode(), _gzip(_DOCUMENT)], ids=["plain", "hex", "gzip"]
)
def test_any_other_encoding_is_refused(encoding: str, body: bytes) -> None:
    """Unknown labels, several at once and near misses are nobody's plain content."""
    refused = _refused(_encoded(encoding), body)
    assert refused.reason_id is ReasonId.ENCODING_UNSUPPORTED
    assert refused.status == 415


_RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
_RAW_DEFLATE = _RAW.compress(_DOCUMENT) + _RAW.flush()
_BROKEN = {
    "plain bytes called gzip": ("gzip", _DOCUMENT),
    "plain bytes called deflate": ("deflate", _DOCUMENT),
    "zlib called gzip": ("gzip", zlib.compress(_DOCUMENT)),
    "gzip called deflate": ("deflate", _gzip(_DOCUMENT)),
    "raw deflate": ("deflate", _RAW_DEFLATE),
    "a second member": ("gzip", _gzip(b'{"amount":5') + _gzip(b',"amount":9}')),
    "a second, empty member": ("gzip", _gzip(_DOCUMENT) + _gzip(b"")),
    "a trailing byte": ("gzip", _gzip(_DOCUMENT) + b"\0"),
    "a trailing document": ("gzip", _gzip(_DOCUMENT) + _DOCUMENT),
    "a trailing byte after zlib": ("deflate", zlib.compress(_DOCUMENT) + b"x"),
    "a wrong checksum": ("gzip", _gzip(_DOCUMENT)[:-8] + b"\0" * 8),
    "a preset dictionary": ("deflate", b"\x78\xbb" + b"\0" * 8),
    "a reserved flag": ("gzip", b"\x1f\x8b\x08\xe0" + _gzip(_DOCUMENT)[4:]),
}


@pytest.mark.parametrize(("encoding", "body"), _BROKEN.values(), ids=_BROKEN)
def test_a_body_that_does_not_decode_to_one_content_is_refused(encoding: str, body: bytes) -> None:
    """Everything must be used up and nothing may be missing."""
    assert _refused(_encoded(encoding), body).reason_id is ReasonId.ENCODING_INVALID


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_cut_off_anywhere_is_refused(encoding: str) -> None:
    """No beginning of an encoded body passes for the whole."""
    whole = _SQUEEZED[encoding]
    for end in range(1, len(whole)):
        refused = _refused(_encoded(encoding), whole[:end])
        assert refused.reason_id is ReasonId.ENCODING_INVALID


@given(st.integers(0, len(_SQUEEZED["gzip"]) - 1), st.integers(1, 255))
def test_a_damaged_gzip_never_means_something_else(position: int, flip: int) -> None:
    """Any flipped byte leaves the meaning or gets the body refused."""
    body = bytearray(_SQUEEZED["gzip"])
    body[position] ^= flip
    result = read_body(_encoded("gzip"), bytes(body))
    assert isinstance(result, Refusal) or result.value == {"amount": 5}


def _peak(fields: Fields, body: bytes) -> tuple[Payload | Refusal, int]:
    tracemalloc.start()
    try:
        result = read_body(fields, body)
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", _gzip(b"0" * (64 * _MIB))),
        ("deflate", zlib.compress(b" " * (64 * _MIB))),
        ("gzip", _gzip(b"0" * (MAX_DECODED_BYTES + 1))),
    ],
    ids=["gzip", "deflate", "one byte over"],
)
def test_a_bomb_is_refused_in_bounded_memory(encoding: str, bomb: bytes) -> None:
    """Decoding stops at the limit, however much more there would be."""
    refused, peak = _peak(_encoded(encoding), bomb)
    assert isinstance(refused, Refusal)
    assert refused.reason_id is ReasonId.BODY_TOO_LARGE
    assert refused.status == 413
    assert peak < 3 * MAX_DECODED_BYTES


def test_a_decoded_body_of_exactly_the_limit_is_read() -> None:
    """The limit itself is inside."""
    body = _gzip(b'"' + b"a" * (MAX_DECODED_BYTES - 2) + b'"')
    payload = read_body(_encoded("gzip"), body)
    assert isinstance(payload, Payload)
    assert payload.kind is PayloadKind.JSON


def test_a_body_over_the_limit_is_refused_unread() -> None:
    """One byte too many is enough, whatever the type."""
    refused = _refused((), b"\0" * (MAX_BODY_BYTES + 1))
    assert refused.reason_id is ReasonId.BODY_TOO_LARGE
    assert refused.status == 413


_VAST = {
    "lists": b"[" + b"[]," * (MAX_BODY_BYTES // 3 - 1) + b"1]",
    "objects": b"[" + b'{"a":1},' * (MAX_BODY_BYTES // 8 - 1) + b"1]",
    "numbers": b"[" + b"1.5," * (MAX_BODY_BYTES // 4 - 1) + b"1]",
    "one value over": b"[" + b"1," * MAX_JSON_VALUES + b"1]",
}


@pytest.mark.parametrize("body", _VAST.values(), ids=_VAST)
def test_json_of_too_many_values_stays_opaque_and_costs_nothing(body: bytes) -> None:
    """Sixteen megabytes of brackets would take seconds and half a gigabyte to read."""
    payload, peak = _peak((JSON,), body)
    assert payload == Payload(kind=PayloadKind.OPAQUE)
    assert peak < _MIB


def test_a_large_form_costs_a_few_times_its_size() -> None:
    """A grammar that remembers every character of sixteen megabytes would take two gigabytes."""
    body = b"a=" + b"x" * (MAX_BODY_BYTES - 2)
    payload, peak = _peak((FORM,), body)
    assert isinstance(payload, Payload)
    assert payload.kind is PayloadKind.FORM
    assert peak < 8 * len(body)
