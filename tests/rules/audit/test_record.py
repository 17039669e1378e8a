"""How one audit record is written and read."""

import json
from datetime import timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from rules.audit.record import FIRST, LONGEST, Entry, Facts, Kind, Place, canonical, digest, line, read
from tests.rules.audit.chains import BEGAN

PLACE = Place(chain="serve-1", epoch=2, seq=7, prev="ab" * 32)
_VALUES = st.text() | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none()


@given(st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1), _VALUES | st.lists(_VALUES)))
def test_it_is_rfc_8785(facts: dict[str, object]) -> None:
    """What writes records writes what the standard's own implementation does."""
    try:
        expected = rfc8785.dumps(facts)  # type: ignore[arg-type]
    except UnicodeEncodeError:
        return
    assert canonical(facts) == expected


@given(st.text(), st.integers(), st.lists(st.text(), max_size=30).map(tuple))
def test_what_is_written_is_read(text: str, number: int, several: tuple[str, ...]) -> None:
    """Whatever stands in the facts: surrogates, line breaks, numbers beyond JSON's."""
    facts: Facts = {"text": text, "number": number, "several": several}
    written = line(Entry(kind=Kind.NOTE, at=BEGAN, facts=facts), PLACE)
    assert b"\n" not in written
    assert read(written).place == PLACE


def test_a_record_is_these_bytes() -> None:
    """The format is a promise to other people's verifiers."""
    entry = Entry(kind=Kind.VERDICT, at=BEGAN.astimezone(timezone(timedelta(hours=2))), facts={"tier": 2})
    written = line(entry, Place(chain="serve-1"))
    assert written == (
        b'{"at":"2026-11-23T12:00:00.000005Z","chain":"serve-1","epoch":1,"facts":{"tier":2},'
        b'"kind":"verdict","prev":"' + FIRST.encode() + b'","seq":1,"v":1}'
    )
    assert digest(written) == "031cb3129ff5155f9a6a1cf4b975e7627500981389bd9ab2a3ead27989ac4829"


def test_facts_are_bounded_and_nothing_is_left_out_silently() -> None:
    """A host of a megabyte makes no line of a megabyte; what is not known is not written."""
    facts = {
        "host": "x" * 10**6,
        "rule": None,
        "empty": "",
        "zero": 0,
        "no": False,
        "many": ("y" * 999,) * 99,
    }
    written = line(Entry(kind=Kind.NOTE, at=BEGAN, facts=facts), PLACE)
    assert len(written) < LONGEST
    found = read(written).facts
    assert found.keys() == {"host", "zero", "no", "many"}
    assert len(found["host"]) == 300


_GOOD = json.loads(line(Entry(kind=Kind.NOTE, at=BEGAN, facts={}), PLACE))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0",
        b"[]",
        b"7",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        canonical(_GOOD | {"v": 2}),
        canonical(_GOOD | {"more": 1}),
        canonical(_GOOD | {"seq": 0}),
        canonical(_GOOD | {"seq": "7"}),
        canonical(_GOOD | {"seq": True}),
        canonical(_GOOD | {"epoch": -1}),
        canonical(_GOOD | {"prev": "ab"}),
        canonical(_GOOD | {"facts": []}),
        canonical(_GOOD | {"kind": None}),
        canonical(_GOOD | {"facts": {"x": "y" * LONGEST}}),
        json.dumps(_GOOD).encode(),
        canonical(_GOOD) + b" ",
        canonical(_GOOD).replace(b'"v":1', b'"v":1,"v":1'),
        canonical(_GOOD).replace(b'"seq":7', b'"seq":7.0'),
        canonical(_GOOD).replace(b'"seq":7', b'"seq":NaN'),
    ],
    ids=range(22),
)
def test_what_is_no_record_is_refused(text: bytes) -> None:
    """There is one way of writing a record, so two verifiers never read two things."""
    with pytest.raises(ValueError, match=r"\w"):
        read(text)
