"""JSON with two readings is refused, and one meaning has one spelling."""

import codecs
import json
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.request.strict_json import MAX_DEPTH, MAX_INTEGER, Json, OutOfBounds, canonical, parse
from tests.rules.messages import assert_well_worded

_ACCEPTED: dict[str, tuple[bytes, Json]] = {
    "null": (b"null", None),
    "a scalar with white space": (b" \t\r\n1 ", 1),
    "true is not 1": (b"[true, false]", [True, False]),
    "the largest integer": (b"9007199254740991", MAX_INTEGER),
    "the smallest integer": (b"-9007199254740991", -MAX_INTEGER),
    "an exact decimal": (b"0.1", Decimal("0.1")),
    "a decimal no double can hold": (b"1.00000000000000000001", Decimal("1.00000000000000000001")),
    "an exponent": (b"1e2", Decimal(100)),
    "an exponent with leading zeros": (b"1e0000000000000002", Decimal(100)),
    "negative zero": (b"-0", 0),
    "an escaped solidus": (rb'"a\/b"', "a/b"),
    "a pair of surrogate escapes": (rb'"\ud83d\ude00"', "\N{GRINNING FACE}"),
    "an escaped backslash before a u": (rb'"\\ud800"', r"\ud800"),
    "raw utf-8": ('"é☕日本"'.encode(), "é☕日本"),
    "an escaped NUL": (rb'"\u0000"', "\0"),
    "a NUL in a name": (rb'{"a\u0000": 1}', {"a\0": 1}),
    "a name of two words": (b'{"due date": 1, "duedate": 2}', {"due date": 1, "duedate": 2}),
    "names that only start alike": (b'{"a": 1, "ab": 2}', {"a": 1, "ab": 2}),
    "the same name in two objects": (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
    "an empty name": (b'{"": 1}', {"": 1}),
    "ten levels": (b"[" * 10 + b"1" + b"]" * 10, [[[[[[[[[[1]]]]]]]]]]),
}


@pytest.mark.parametrize(("text", "value"), _ACCEPTED.values(), ids=_ACCEPTED)
def test_one_reading_is_read(text: bytes, value: Json) -> None:
    """A document with a single reading gives exactly its value, with its type."""
    parsed = parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_big_numbers_of_brackets_are_no_depth() -> None:
    """Breadth is not depth: a thousand objects side by side are two levels."""
    assert parse(b"[" + b",".join([b"{}"] * 1000) + b"]") == [{}] * 1000


_REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "white space": b"  ",
    "a repeated member": b'{"amount": 90000, "amount": 5}',
    "a repeated member, nested": b'{"a": [{"b": 1, "b": 1}]}',
    "a member repeated by escape": rb'{"\u0061mount": 90000, "amount": 5}',
    "a member repeated in another case": b'{"Amount": 90000, "amount": 5}',
    "a member repeated in full width": '{"\uff41mount": 1, "amount": 5}'.encode(),
    "a member repeated with a ligature": '{"\ufb01le": 1, "file": 5}'.encode(),
    "a member repeated with a long s": '{"\u017fum": 1, "sum": 5}'.encode(),
    "a member repeated with a kelvin sign": '{"\N{KELVIN SIGN}": 1, "k": 5}'.encode(),
    "a member repeated, composed": '{"\u00e9": 1, "e\u0301": 5}'.encode(),
    "a member repeated with a NUL": rb'{"amount\u0000": 1, "amount": 5}',
    "a member repeated with a tab": rb'{"amount\t": 1, "amount": 5}',
    "a member repeated with a space": b'{"amount ": 1, "amount": 5}',
    "a member repeated with a no-break space": '{"\u00a0amount": 1, "amount": 5}'.encode(),
    "a member repeated with a zero-width space": '{"amo\u200bunt": 1, "amount": 5}'.encode(),
    "a member repeated with a soft hyphen": '{"amo\u00adunt": 1, "amount": 5}'.encode(),
    "an empty and an invisible name": '{"": 1, "\u200b": 5}'.encode(),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "utf-16 with mark": '{"a": 1}'.encode("utf-16"),
    "utf-16-le": '{"a": 1}'.encode("utf-16-le"),
    "utf-16-be": '{"a": 1}'.encode("utf-16-be"),
    "utf-32": '{"a": 1}'.encode("utf-32-le"),
    "utf-7": b'+AHs-"amount":90000}',
    "latin-1": b'"\xe9"',
    "overlong utf-8": b'"\xc0\xae"',
    "an encoded surrogate": b'"\xed\xa0\x80"',
    "NaN": b'{"amount": NaN}',
    "Infinity": b"[Infinity]",
    "-Infinity": b"[-Infinity]",
    "1E400": b'{"amount": 1E400}',
    "-1E400": b'{"amount": -1E400}',
    "1e-400": b"[1e-400]",
    "an exponent of twenty digits": b"[1e99999999999999999999]",
    "zero with an exponent of twenty digits": b"[0e99999999999999999999]",
    "a negative exponent of twenty digits": b"[0.1e-99999999999999999999]",
    "2**53": b"[9007199254740992]",
    "-2**53": b"[-9007199254740992]",
    "2**53 + 1": b"9007199254740993",
    "ten thousand digits": b"[" + b"9" * 10_000 + b"]",
    "ten thousand decimals": b"[0." + b"9" * 10_000 + b"]",
    "a leading zero": b"[01]",
    "a leading plus": b"[+1]",
    "a bare point": b"[1.]",
    "hexadecimal": b"[0x1]",
    "arabic digits": "[\u0661]".encode(),
    "a lone high surrogate": rb'["\ud800"]',
    "a lone low surrogate": rb'["\uDFFF"]',
    "surrogates in the wrong order": rb'["\ude00\ud83d"]',
    "a lone surrogate in a name": rb'{"amount\ud800": 90000, "amount": 5}',
    "a lone surrogate deep inside": rb'{"a": [[{"b": ["\udc00"]}]]}',
    "a raw newline in a string": b'["a\nb"]',
    "a raw NUL in a string": b'["a\x00b"]',
    "a NUL after the document": b"[1]\x00",
    "a second document": b'{"amount": 5}{"amount": 90000}',
    "a second line": b'{"amount": 5}\n{"amount": 90000}',
    "a trailing comma": b'{"amount": 90000,}',
    "a comment": b'{"amount": 5} // 90000',
    "a comment inside": b'{"amount": 5, "b": /*"*/ 1 /*", "amount": 90000 "*/}',
    "single quotes": b"{'a': 1}",
    "a name without quotes": b"{a: 1}",
    "an unknown escape": rb'["\x41"]',
    "a no-break space": '\u00a0{"a": 1}'.encode(),
    "one level too many": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "one level too many, with a value": b"[" * (MAX_DEPTH + 1) + b"1" + b"]" * (MAX_DEPTH + 1),
    "one object too many": b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    "a thousand levels": b"[" * 1000 + b"]" * 1000,
    "a hundred thousand levels": b"[" * 100_000 + b"]" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000,
    "a hundred thousand brackets, never closed": b"[" * 100_000,
}


@pytest.mark.parametrize("text", _REFUSED.values(), ids=_REFUSED)
def test_two_readings_or_none_are_refused(text: bytes) -> None:
    """What two parsers could read differently raises a ValueError that says why."""
    with pytest.raises(ValueError, match="json") as raised:
        parse(text)
    assert type(raised.value) in (ValueError, OutOfBounds)
    assert_well_worded(str(raised.value))


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_byte_order_mark_is_called_by_its_name(mark: bytes) -> None:
    """Whoever sent it can find out what to leave out."""
    with pytest.raises(ValueError, match="byte order mark"):
        parse(mark + b"{}")


@pytest.mark.parametrize("depth", [1, MAX_DEPTH - 1, MAX_DEPTH])
@pytest.mark.parametrize("inner", [b"", b"1", b'"x"'])
def test_depth_up_to_the_limit_is_read(depth: int, inner: bytes) -> None:
    """Exactly the stated number of levels is allowed, empty or not."""
    parse(b"[" * depth + inner + b"]" * depth)


def test_objects_and_lists_count_alike() -> None:
    """Levels are counted over both kinds of container, whichever is the deeper branch."""
    half = MAX_DEPTH // 2
    deep = b'[{"a":' * half + b"1" + b"}]" * half
    parse(deep)
    parse(b'{"a": [{}, {}], "b": 1, "c":' + deep[1:-1] + b"}")
    with pytest.raises(ValueError, match="nested deeper than 64"):
        parse(b"[0," + deep + b"]")


_MERGED = {
    "member order": (b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}'),
    "member order, nested": (b'[{"a": 1, "b": 2}]', b'[{"b": 2, "a": 1}]'),
    "white space": (b'{"a":[1,2]}', b'{ "a" : [ 1,\n\t2 ] }'),
    "escapes": (rb'"\u0061\/\u00e9"', '"a/é"'.encode()),
    "surrogate pair or utf-8": (rb'"\ud83d\ude00"', "\N{GRINNING FACE}".join('""').encode()),
    "trailing zeros": (b"1.10", b"1.1"),
    "exponents": (b"1.5e1", b"15.0"),
    "large exponents": (b"1e22", b"10.0e21"),
    "zeros": (b"0.0", b"0.00e5"),
}


@pytest.mark.parametrize(("one", "other"), _MERGED.values(), ids=_MERGED)
def test_one_meaning_has_one_spelling(one: bytes, other: bytes) -> None:
    """How a document was written does not show in its canonical text."""
    assert canonical(parse(one)) == canonical(parse(other))


_APART = {
    "neighbours of 2**53": (b"9007199254740991", b"9007199254740990"),
    "decimals beyond a double": (b"1.00000000000000000001", b"1.00000000000000000002"),
    "decimals beyond 28 digits": (b"1." + b"0" * 40 + b"1", b"1." + b"0" * 40 + b"2"),
    "large decimals": (b"9007199254740992.0", b"9007199254740993.0"),
    "text and integer": (b'"1"', b"1"),
    "text and decimal": (b'"1.5"', b"1.5"),
    "integer and true": (b"1", b"true"),
    "zero and false": (b"0", b"false"),
    "null and text": (b"null", b'"null"'),
    "signs": (b"1.5", b"-1.5"),
    "signs of zero": (b"0.0", b"-0.0"),
    "powers of ten": (b"1.0", b"10.0"),
    "list order": (b"[1, 2]", b"[2, 1]"),
    "empty containers": (b"[]", b"{}"),
    "composed and decomposed": ('"é"'.encode(), '"e\u0301"'.encode()),
    "a decimal and an object that spells one": (b"1.1", rb'{"\u0000decimal": "1.1"}'),
    "a decimal and the list that spells one": (b"1.1", b'["NaN", "1.1", "+0"]'),
    "a decimal and a list that nearly does": (b"1.1", b'["", "1.1", "+0"]'),
}


@pytest.mark.parametrize(("one", "other"), _APART.values(), ids=_APART)
def test_two_meanings_have_two_spellings(one: bytes, other: bytes) -> None:
    """Nothing that a server could tell apart has the same canonical text."""
    assert canonical(parse(one)) != canonical(parse(other))


_NAMES = st.text(st.characters(codec="utf-8", categories=["Ll", "Nd", "Lo"]), max_size=4)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_what_a_client_writes_comes_back(value: Any) -> None:
    """Any value, however spelled, is refused or read as exactly itself."""
    compact = json.dumps(value, separators=(",", ":")).encode()
    parsed = _read(compact)
    if isinstance(parsed, ValueError):
        assert "alike" in str(parsed)
    else:
        assert _typed(parsed) == _typed(value)


@given(_VALUES, st.randoms(use_true_random=False))
def test_spelling_never_shows_in_the_canonical_text(value: Any, order: random.Random) -> None:
    """Indented, escaped and shuffled, a value keeps its canonical text."""
    loose = json.dumps(_shuffled(value, order), indent=3, ensure_ascii=False).encode()
    tight = json.dumps(value, separators=(",", ":")).encode()
    try:
        parsed = parse(tight)
    except ValueError:
        return
    assert canonical(parse(loose)) == canonical(parsed)


_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)


@given(st.lists(_NUMBERS, max_size=3), st.lists(_NUMBERS, max_size=3))
def test_decimals_agree_exactly_when_their_values_do(one: list[Decimal], other: list[Decimal]) -> None:
    """Equal numbers of one sign share a spelling and no others do."""
    same = [(n, n.is_signed()) for n in one] == [(n, n.is_signed()) for n in other]
    assert (canonical([*one]) == canonical([*other])) is same


@given(_VALUES, _VALUES)
def test_canonical_text_is_one_to_one(one: Any, other: Any) -> None:
    """Two values share a canonical text only if they are the same value of the same types."""
    assert (canonical(one) == canonical(other)) is (_typed(one) == _typed(other))


@given(st.binary() | st.text(st.sampled_from('{}[]":,\\u0d8e19.-+ \n\t')).map(str.encode))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    """Nothing but a ValueError comes out, and what is read can be written and read again."""
    value = _read(text)
    if isinstance(value, ValueError):
        assert type(value) in (ValueError, OutOfBounds)
    else:
        assert canonical(value).isascii()


def _read(text: bytes) -> Json | ValueError:
    """The value of `text`, or the error that reading it raised."""
    try:
        return parse(text)
    except ValueError as error:
        return error


def _typed(value: Any) -> object:
    """`value` so that Python's 1 == True == 1.0 no longer holds."""
    match value:
        case list():
            return ["list", *map(_typed, value)]
        case dict():
            return {name: _typed(item) for name, item in value.items()}
        case _:
            return (type(value).__name__, value)


def _shuffled(value: Any, order: random.Random) -> Any:
    match value:
        case list():
            return [_shuffled(item, order) for item in value]
        case dict():
            names = list(value)
            order.shuffle(names)
            return {name: _shuffled(value[name], order) for name in names}
        case _:
            return value
