"""The text of a document: what has one reading is read, the rest is refused with its place."""

import pytest

from rules.openapi.flaw import Flaw
from rules.openapi.source import read_source

WRONG = {
    "json that breaks off": ('{"a": ', "line 1, column 7"),
    "json with a key twice": ('{"paths": {"/a": 1, "/a": 2}}', "`/a` stands twice"),
    "json with nan": ('{"a": NaN}', "`NaN` is no number"),
    "json nested too deep": ('{"a": ' + "[" * 100_000, "nested too deep"),
    "a number of too many digits": ('{"a": ' + "1" * 5_000 + "}", "too many digits"),
    "yaml that breaks off": ("a: [", "this is not yaml"),
    "yaml with a key twice": ("paths: {/a: 1, /a: 2}", "stands twice"),
    "an alias where it counts": ("a: &x {}\npaths: *x", "not read"),
    "yaml nested too deep": ("[" * 100, "nested deeper"),
    "huge yaml": ("a: " + "b" * 5_000_000, "convert it to json"),
}


@pytest.mark.parametrize("case", WRONG)
def test_refused(case: str) -> None:
    """One flaw that says what is wrong."""
    text, said = WRONG[case]
    with pytest.raises(Flaw) as caught:
        read_source(text)
    assert said in caught.value.message


def test_both_spellings_give_the_same() -> None:
    """Of YAML the places are known too."""
    as_yaml = read_source("paths:\n  /a: {get: {deprecated: true}}\n")
    as_json = read_source('\ufeff\n{"paths": {"/a": {"get": {"deprecated": true}}}}')
    assert as_yaml.value == as_json.value
    assert as_yaml.place(("paths", "/a", "put")) == (2, 3)
    assert as_json.place(("paths",)) is None


def test_what_is_not_read_may_be_odd() -> None:
    """An anchor or an octal number in an example says nothing about an operation."""
    text = "paths:\n  /a:\n    get: {responses: {200: {example: 0777}}}\nx: {schema: &a {}}\n"
    assert isinstance(read_source(text).value, dict)
