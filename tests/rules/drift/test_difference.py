"""What counts as a change, what does not, and what a call would make of a thing."""

import hashlib
import json
from typing import Any

import pytest

from rules.action import Principal, bind
from rules.call import HttpCall
from rules.drift.difference import MAX_CHANGES, Change, changes, intended, is_volatile
from rules.drift.image import Image
from rules.matching.reading import Steps
from tests.rules.calls import http

GONE = Image(there=False)


def image(value: Any, etag: str = "") -> Image:
    """A read of JSON, written as values or as text."""
    text = value if isinstance(value, str) else json.dumps(value)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Image(there=True, etag=etag, sha256=digest, text=text)


def opaque(content: bytes, etag: str = "") -> Image:
    """A read of anything else."""
    return Image(there=True, etag=etag, sha256=hashlib.sha256(content).hexdigest())


def change(path: str, before: str | None, after: str | None) -> Change:
    """One change."""
    return Change(path=path, before=before, after=after)


CHANGED: dict[str, tuple[Image, Image, list[Change]]] = {
    "same": (image({"a": 1}), image('{ "a":1 }'), []),
    "member": (image({"a": 1, "b": 2}), image({"a": 1, "b": 3}), [change("b", "2", "3")]),
    "nested": (image({"a": {"b": [1, 2]}}), image({"a": {"b": [1, 3]}}), [change("a.b.1", "2", "3")]),
    "added and taken": (
        image({"a": 1}),
        image({"b": None}),
        [change("a", "1", None), change("b", None, "null")],
    ),
    "type": (image({"a": 1}), image({"a": "1"}), [change("a", "1", '"1"')]),
    "true is not 1": (image({"a": 1}), image({"a": True}), [change("a", "1", "true")]),
    "exact numbers": (image('{"a": 1.10}'), image('{"a": 1.1}'), []),
    "large numbers": (
        image('{"a": 0.12345678901234567890}'),
        image('{"a": 0.12345678901234567891}'),
        [change("a", '"0.12345678901234567890"', '"0.12345678901234567891"')],
    ),
    "longer list": (image({"a": [1]}), image({"a": [1, 2]}), [change("a", "[1]", "[1, 2]")]),
    "another shape": (image([1]), image({"a": 1}), [change("", "[1]", '{"a": 1}')]),
    "volatile": (
        image({"a": 1, "updated_at": "x", "meta": {"viewCount": 1, "@odata.etag": "1"}}),
        image({"a": 1, "updated_at": "y", "meta": {"viewCount": 2, "@odata.etag": "2"}}),
        [],
    ),
    "gone": (image({"a": 1}), GONE, [change("", "present", None)]),
    "new": (GONE, opaque(b"a"), [change("", None, "present")]),
    "still absent": (GONE, GONE, []),
    "same tag": (image({"a": 1}, '"v"'), image({"a": 2}, '"v"'), []),
    "same weak tag": (image({"a": 1}, 'W/"v"'), image({"a": 2}, 'W/"v"'), []),
    "another tag, same content": (image({"a": 1}, '"v"'), image({"a": 1}, '"w"'), []),
    "bytes": (opaque(b"a"), opaque(b"a"), []),
    "json no more": (
        image({"a": 1}),
        opaque(b"a"),
        [change("", f"sha256 {image({'a': 1}).sha256}", f"sha256 {opaque(b'a').sha256}")],
    ),
    "weak tags say nothing of bytes": (
        opaque(b"a", 'W/"v"'),
        opaque(b"b", 'W/"v"'),
        [change("", f"sha256 {opaque(b'a').sha256}", f"sha256 {opaque(b'b').sha256}")],
    ),
    "too long to hash": (
        Image(there=True, etag='"v"'),
        Image(there=True, etag='"w"'),
        [change("", 'etag "v"', 'etag "w"')],
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_has_changed(name: str) -> None:
    """Entity tags first, then JSON by its members, then bytes by their hash."""
    before, after, expected = CHANGED[name]
    assert list(changes(before, after)) == expected


COUNTED: list[tuple[Steps, Any, Any, list[Change]]] = [
    (("a",), {"a": 1, "b": 1}, {"a": 1, "b": 2}, []),
    (("a",), {"a": 1}, {"a": 2}, [change("a", "1", "2")]),
    (("a",), {"a": 1}, {}, [change("a", "1", None)]),
    (("a",), {}, {}, []),
    (("updated_at",), {"updated_at": 1}, {"updated_at": 2}, [change("updated_at", "1", "2")]),
    (("a", "*", "b"), {"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, [change("a.*.b", "2", "3")]),
    (("a", "*"), {"a": [1]}, {"a": [1, 2]}, [change("a.*.length", "1", "2")]),
    (("a", "0"), {"a": [1]}, {"a": 5}, [change("a.0", "1", None)]),
]


@pytest.mark.parametrize(("steps", "before", "after", "expected"), COUNTED, ids=[str(n) for n in range(8)])
def test_only_what_a_rule_names_counts(steps: Steps, before: Any, after: Any, expected: list[Change]) -> None:
    """All of it, volatile or not, and nothing beside it."""
    assert list(changes(image(before), image(after), [steps])) == expected


def test_changes_are_bounded() -> None:
    """An upstream cannot make a note without end, nor a value in it."""
    before, after = ({f"m{n}": f"{tag}" * 1000 for n in range(5000)} for tag in "ab")
    found = changes(image(before), image(after))
    assert len(found) == MAX_CHANGES
    assert max(len(str(one.before)) for one in found) < 300


PAYMENT = {"amount": 5, "to": {"name": "a", "iban": "x"}, "updated_at": 1}
INTENDED: dict[str, tuple[HttpCall, Image, list[Change] | None]] = {
    "put": (
        http("PUT x.test/a", {"amount": 7, "to": {"name": "a", "iban": "x"}}),
        image(PAYMENT),
        [change("amount", "5", "7"), change("updated_at", "1", None)],
    ),
    "patch": (
        http("PATCH x.test/a", {"to": {"iban": "y"}, "amount": 5, "note": None, "updated_at": None}),
        image(PAYMENT),
        [change("to.iban", '"x"', '"y"'), change("updated_at", "1", None)],
    ),
    "json patch": (
        http("PATCH x.test/a", [{"op": "remove", "path": "/amount"}]),
        image(PAYMENT),
        None,
    ),
    "delete": (http("DELETE x.test/a"), opaque(b"a"), [change("", "present", None)]),
    "delete of nothing": (http("DELETE x.test/a"), GONE, []),
    "not json": (http("PUT x.test/a", b"abc"), image(PAYMENT), None),
    "over no json": (http("PUT x.test/a", {"a": 1}), opaque(b"a"), None),
    "post": (http("POST x.test/a", {"a": 1}), image(PAYMENT), None),
}


@pytest.mark.parametrize("name", INTENDED)
def test_what_a_call_would_change(name: str) -> None:
    """A PUT all of it, a PATCH by merging, a DELETE everything; None where the body does not say."""
    call, before, expected = INTENDED[name]
    found = intended(bind(call, Principal(), credentials=frozenset()), before)
    assert (None if found is None else list(found)) == expected


@pytest.mark.parametrize("name", ["updated_at", "lastModifiedDateTime", "@odata.etag", "view-count", "ETag"])
def test_volatile_names(name: str) -> None:
    """In every spelling of their words."""
    assert is_volatile(name)


@pytest.mark.parametrize("name", ["amount", "status", "timestamp", "version", "count", "created_at", ""])
def test_names_that_count(name: str) -> None:
    """What could be what a human decided by is never left out."""
    assert not is_volatile(name)
