"""The words of the rules file: what is taken, and the cure for what is not."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rules.language import vocabulary
from rules.verdict import Tier

TAKEN: list[tuple[str, object, object]] = [
    ("Version", 1, 1),
    ("Level", 4, Tier.HIGH_RISK),
    ("Scalar", 1.0, 1),
    ("Scalar", True, True),
    ("RuleId", "a.b-c_1", "a.b-c_1"),
    ("Hosts", "api.pay.test", ("api.pay.test",)),
    ("Hosts", ["*.pay.test", "*"], ("*.pay.test", "*")),
    ("Methods", ["GET", "POST"], ("GET", "POST")),
    ("Paths", "/v1/{id}", ("/v1/{id}",)),
    ("MemberPath", "items.*.kind", "items.*.kind"),
    ("HeaderName", "x-mode", "x-mode"),
    ("Servers", "*", ("*",)),
]
REFUSED: list[tuple[str, object, str]] = [
    ("Version", 2, "version: 1"),
    ("Version", True, "version: 1"),
    ("Version", "1", "version: 1"),
    ("Level", 0, "from 1"),
    ("Level", 5, "to 4"),
    ("Level", True, "from 1"),
    ("Scalar", ["a"], "in: [...]"),
    ("Scalar", None, "must stand here"),
    ("Number", "5", "write a number"),
    ("Number", True, "write a number"),
    ("RuleId", "A b", "lower-case"),
    ("Reason", "two\nlines", "one line"),
    ("Reason", " ", "one line"),
    ("Hosts", [], "at least 1"),
    ("Hosts", "API.pay.test", "write `api.pay.test`"),
    ("Hosts", "https://pay.test/x", "without scheme"),
    ("Hosts", "pay.test:443", "leave it out"),
    ("Hosts", "a.*.test", "before the last two"),
    ("Hosts", "a.*.*.pay.test", "before the last two"),
    ("Hosts", "a.b*.pay.test", "before the last two"),
    ("Hosts", "*.*.pay.test", "before the last two"),
    ("Hosts", "A.*.pay.test", "write `a.*.pay.test`"),
    ("Hosts", "0x7f.1", "more than one way"),
    ("Methods", "post", "`POST`"),
    ("Servers", "ma*", "every server"),
    ("MemberPath", "a..b", "dotted path"),
    ("HeaderName", "X-Mode", "lower case"),
    ("HeaderName", "authorization", "match on something else"),
]


def read(word: str, value: object) -> Any:
    """`value` as the word of that name reads it."""
    return TypeAdapter[Any](getattr(vocabulary, word)).validate_python(value)


@pytest.mark.parametrize(("word", "value", "read_as"), TAKEN)
def test_taken(word: str, value: object, read_as: object) -> None:
    """What may stand there, in its one type."""
    found = read(word, value)
    assert found == read_as
    assert type(found) is type(read_as)


@pytest.mark.parametrize(("word", "value", "cure"), REFUSED)
def test_refused_with_a_cure(word: str, value: object, cure: str) -> None:
    """The message says what to write instead."""
    with pytest.raises(ValidationError) as caught:
        read(word, value)
    assert cure in str(caught.value)
