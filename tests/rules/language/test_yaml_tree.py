"""Strict YAML: what is read, what is refused and where."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.language.yaml_tree import MAX_BYTES, MAX_DEPTH, MAX_FAULTS, MAX_VALUES, Value, read_tree

READ: dict[str, tuple[str, Value]] = {
    "empty": ("", None),
    "comments only": ("# a\n", None),
    "plain text": ("pay.test", "pay.test"),
    "nulls": ("[~, null, Null, NULL, ]", [None, None, None, None]),
    "booleans": ("[true, True, FALSE]", [True, True, False]),
    "yaml 1.1 booleans are text": ("[yes, no, on, off, y, n]", ["yes", "no", "on", "off", "y", "n"]),
    "whole numbers": ("[0, -1, 9007199254740991]", [0, -1, 2**53 - 1]),
    "numbers": ("[1.5, -0.25, 1e2]", [1.5, -0.25, 100.0]),
    "quoted is text": ("""["1", 'true', "~", "010"]""", ["1", "true", "~", "010"]),
    "dates are text": ("2026-11-23", "2026-11-23"),
    "blocks": ("a: |\n  x\n  y\nb: >-\n  x\n  y\n", {"a": "x\ny\n", "b": "x y"}),
    "keys are text": ("{1: a, true: b, ~: c}", {"1": "a", "true": "b", "~": "c"}),
    "json": ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
    "a marked document": ("---\na: 1\n...\n", {"a": 1}),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name: str) -> None:
    """Every value that has one reading gets it."""
    text, value = READ[name]
    tree = read_tree(text)
    assert tree.faults == []
    assert tree.value == value
    assert type(tree.value) is type(value)


REFUSED: dict[str, tuple[str, tuple[int, int], str]] = {
    "a second document": ("a: 1\n---\nb: 2\n", (2, 1), "a second document starts"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", (3, 1), "the key stands twice, first in line 1"),
    "a key twice in different quotes": ("a: 1\n'a': 3\n", (2, 1), "the key stands twice"),
    "an anchor": ("a: &x 1\n", (1, 4), "anchors"),
    "an anchor on a key": ("&x a: 1\n", (1, 1), "anchors"),
    "an alias": ("a: &x 1\nb: *x\n", (1, 4), "anchors"),
    "an alias of nothing": ("a: *x\n", (1, 4), "aliases"),
    "a merge key": ("a:\n  <<: {b: 1}\n", (2, 3), "merge keys"),
    "a tag": ("a: !!int 1\n", (1, 4), "tags"),
    "a tag that runs code elsewhere": ("!!python/object/apply:os.system [ls]\n", (1, 1), "tags"),
    "a tag on a key": ("!x a: 1\n", (1, 1), "tags"),
    "a directive": ("%YAML 1.1\n---\na: 1\n", (2, 1), "directives"),
    "a mapping as key": ("? {a: 1}\n: 2\n", (1, 3), "a key is not plain text"),
    "a list as key": ("{[a]: 2}\n", (1, 2), "a key is not plain text"),
    "an octal": ("a: 010\n", (1, 4), "different numbers"),
    "a yaml 1.2 octal": ("a: 0o10\n", (1, 4), "different numbers"),
    "hexadecimal": ("a: 0x10\n", (1, 4), "different numbers"),
    "binary": ("a: 0b1\n", (1, 4), "different numbers"),
    "underscores": ("a: 1_000\n", (1, 4), "different numbers"),
    "a plus": ("a: +1\n", (1, 4), "different numbers"),
    "a bare dot": ("a: .5\n", (1, 4), "different numbers"),
    "infinity": ("a: -.inf\n", (1, 4), "different numbers"),
    "not a number": ("a: .nan\n", (1, 4), "different numbers"),
    "beyond a double's integers": ("a: 9007199254740993\n", (1, 4), "different numbers"),
    "more digits than a double": ("a: 0.12345678901234567890\n", (1, 4), "different numbers"),
    "beyond a double": ("a: 1e999\n", (1, 4), "different numbers"),
    "a lone surrogate": ('a: "\\ud800"\n', (1, 4), "not Unicode"),
    "a lone surrogate in a key": ('"\\ud800": 1\n', (1, 1), "not Unicode"),
    "a raw surrogate": ("a: \ud800\n", (1, 4), "may not stand in yaml"),
    "a control": ("a: 1\nb: \x07\n", (2, 4), "may not stand in yaml"),
    "an escape beyond unicode": ('a: "\\UFFFFFFFF"\n', (1, 1), "out of range"),
    "an open bracket": ("a: [1\n", (2, 1), "not yaml"),
    "an open quote": ("a: 'x\n", (2, 1), "not yaml"),
    "a tab": ("a:\n\tb: 1\n", (2, 1), "not yaml"),
    "two values on one line": ("a: b: c\n", (1, 5), "not yaml"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    """Every refusal names its line and column, and says what is wrong."""
    text, place, words = REFUSED[name]
    fault = read_tree(text).faults[0]
    assert fault.place == place
    assert words in fault.message
    assert fault.message.isprintable()


def test_places() -> None:
    """A member stands where its key stands, a list item where it begins."""
    tree = read_tree("a:\n  - b: 1\n    c: [x,  y]\n")
    assert tree.places == {
        (): (1, 1),
        ("a",): (1, 1),
        ("a", 0): (2, 5),
        ("a", 0, "b"): (2, 5),
        ("a", 0, "c"): (3, 5),
        ("a", 0, "c", 0): (3, 9),
        ("a", 0, "c", 1): (3, 13),
    }


def test_the_first_of_two_keys_counts() -> None:
    """What stands under the second key changes nothing, however deep it is."""
    tree = read_tree("a: {b: 1}\na: {b: 2, c: [3]}\n")
    assert tree.value == {"a": {"b": 1}}
    assert len(tree.faults) == 1


def test_all_faults_at_once() -> None:
    """Reading goes on after a fault that does not blur what follows."""
    tree = read_tree("a: 010\nb: !x 1\nc: *y\nd: 1\nd: 2\n")
    assert [fault.place[0] for fault in tree.faults] == [1, 2, 3, 5]


LAUGHS = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a" * (MAX_BYTES + 1), "bytes"),
        ("\u20ac" * (MAX_BYTES // 3 + 1), "bytes"),
        ("[" * (MAX_DEPTH + 2), "nested deeper"),
        ("- " * (MAX_DEPTH + 2) + "a", "nested deeper"),
        ("{a: " * (MAX_DEPTH + 2), "nested deeper"),
        (LAUGHS, "anchors"),
    ],
    ids=["too long", "too many bytes", "brackets", "dashes", "braces", "laughs"],
)
def test_bounds(text: str, words: str) -> None:
    """Size, depth and expansion are bounded."""
    assert any(words in fault.message for fault in read_tree(text).faults)


def test_number_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of very many values is refused before it costs minutes."""
    assert MAX_VALUES > 10_000 * 20
    monkeypatch.setattr("rules.language.yaml_tree.MAX_VALUES", 10)
    assert read_tree("[1, 2, 3, 4, 5, 6, 7, 8, 9]").faults == []
    assert "over 10 values" in read_tree("[1, 2, 3, 4, 5, 6, 7, 8, 9, 0]").faults[0].message


def test_number_of_faults() -> None:
    """Nobody reads thousands of messages about one file."""
    assert len(read_tree("k: 1\n" * (MAX_FAULTS * 3)).faults) == MAX_FAULTS


@given(st.text() | st.text(st.sampled_from("a1:-?{}[],&*!|>'\"%@#\\ \n\t~.<=\ud800\u0085"), max_size=40))
def test_no_text_makes_it_raise(text: str) -> None:
    """Hostile text gives faults or values, never an exception."""
    tree = read_tree(text)
    assert all(len(fault.place) == 2 for fault in tree.faults)


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(
    st.recursive(
        PRINTABLE | st.integers(-9, 9) | st.booleans() | st.none() | st.floats(-9, 9),
        lambda value: st.lists(value, max_size=3) | st.dictionaries(PRINTABLE, value, max_size=3),
        max_leaves=9,
    )
)
def test_json_is_read_as_json(value: object) -> None:
    """JSON of printable ASCII comes out as it went in."""
    tree = read_tree(json.dumps(value))
    assert tree.faults == []
    assert tree.value == value
