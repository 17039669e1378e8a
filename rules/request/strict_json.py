"""JSON that can be read in exactly one way, or not at all.

Parsers disagree on repeated members, look-alike names, NaN, lone surrogates, byte order marks and
numbers beyond a double (RFC 8259 sections 4, 6 and 8). Whatever two of them could read differently
is refused here, so what the gate judges is what the upstream sees.
"""

import json
import re
from decimal import Decimal
from typing import Never

from rules.request.spelling import fold_name

type Json = bool | int | Decimal | str | list[Json] | dict[str, Json] | None

MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1
_MAX_NUMBER_LENGTH = 64
# So few characters hold no integer over MAX_INTEGER, and no exponent that Decimal cannot take.
_SHORT_NUMBER_LENGTH = 15
# Safely inside a double's range.
_MAX_EXPONENT = 300

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# UTF-8 has no surrogates, so only an escape can bring one in.
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_HUGE_EXPONENT = re.compile(r"[eE][+-]?0*[1-9][0-9]{3}")


class OutOfBounds(ValueError):
    """the document has one reading, and parts that not every parser takes whole; the message says which"""


def parse(text: bytes) -> Json:
    """Read one JSON document. Numbers stay exact. Raises ValueError with the reason."""
    if text.startswith(_BYTE_ORDER_MARKS):
        raise ValueError("json starts with a byte order mark")
    try:
        value: Json = _DECODER.decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"json is not utf-8 at byte {error.start}") from None
    except RecursionError:
        raise OutOfBounds(f"json is nested deeper than {MAX_DEPTH}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"json has a syntax error at character {error.pos}") from None
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    if _SURROGATE_ESCAPE.search(text):
        _check_text(value)
    return value


def canonical(value: Json) -> str:
    """One spelling per meaning: members sorted, no white space, numbers by value and type-marked.

    Not RFC 8785: that maps numbers to doubles and would merge neighbours of 2**53.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_mark)


def _mark(number: object) -> list[object]:
    """A decimal by its exact value, so that 1.10 and 1.1 agree and "1.1" stays apart.

    NaN is the one token that `parse` lets no document hold, so nothing else can have this spelling.
    """
    if not isinstance(number, Decimal):
        raise TypeError(f"`{number!r}` is not a JSON value")
    digits, _, exponent = format(number, "e").partition("e")
    return [float("nan"), digits.rstrip("0").rstrip("."), exponent if number else ""]


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"json holds `{name}`, which is not a number")


def _integer(text: str) -> int:
    if len(text) <= _SHORT_NUMBER_LENGTH:
        return int(text)
    if len(text) <= _MAX_NUMBER_LENGTH and abs(value := int(text)) <= MAX_INTEGER:
        return value
    raise OutOfBounds("json holds an integer beyond 2**53 - 1, which parsers round differently")


def _decimal(text: str) -> Decimal:
    short = len(text) <= _SHORT_NUMBER_LENGTH
    if short or (len(text) <= _MAX_NUMBER_LENGTH and not _HUGE_EXPONENT.search(text)):
        value = Decimal(text)
        if -_MAX_EXPONENT <= value.adjusted() <= _MAX_EXPONENT:
            return value
    raise OutOfBounds("json holds a number beyond the range of a double")


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("json repeats a member")
    names = "".join(members)
    plain = names.isascii() and names.isprintable() and names == names.lower() and " " not in names
    if not plain and len({fold_name(name) for name in members}) != len(members):
        raise ValueError("json has two members that look alike")
    return members


def _check_depth(value: Json) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [item for item in level if isinstance(item, (list, dict))]
        if not level:
            return
        level = [child for item in level for child in _children(item)]
    raise OutOfBounds(f"json is nested deeper than {MAX_DEPTH}")


def _check_text(value: Json) -> None:
    """Refuse strings that are not Unicode text."""
    pending = [value]
    while pending:
        item = pending.pop()
        texts = (item,) if isinstance(item, str) else item if isinstance(item, dict) else ()
        for text in texts:
            if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
                raise ValueError("json holds a lone surrogate")
        pending += _children(item)


def _children(value: Json) -> list[Json]:
    match value:
        case list():
            return value
        case dict():
            return list(value.values())
        case _:
            return []


_DECODER = json.JSONDecoder(
    parse_float=_decimal,
    parse_int=_integer,
    parse_constant=_refuse_constant,
    object_pairs_hook=_members,
)
