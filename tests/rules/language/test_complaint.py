"""Complaints in words for the person who wrote the file."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError

from rules.language.complaint import explain, quote, suggest


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("a`b", "`a'b`"),
        ("a\nb\x1b[31m", r"`a\nb\x1b[31m`"),
        ("\u202eabc\u200b", r"`\u202eabc\u200b`"),
        ("\u00e9", "`\u00e9`"),
        ("x" * 200, f"`{'x' * 80}...`"),
        ("\ud800", r"`\ud800`"),
    ],
)
def test_quotes_cannot_forge_a_message(text: str, shown: str) -> None:
    """What a file says is shown on one line, cut, without characters that move or hide others."""
    assert quote(text) == shown


@pytest.mark.parametrize(
    ("word", "cure"),
    [
        ("hots", "did you mean `host`?"),
        ("HOST", "did you mean `host`?"),
        ("zzz", "write one of `host`, `path`"),
    ],
)
def test_suggestions(word: str, cure: str) -> None:
    """A near word is suggested, else all of them are named."""
    assert suggest(word, ["path", "host"]) == cure


class Box(BaseModel):
    """A model with the errors that few documents meet."""

    pair: Annotated[tuple[int, ...], Field(min_length=2, max_length=3)] = (1, 2)
    word: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    count: int | None = None


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ('{"pair": []}', ["there is nothing in it; fill it or leave the key out"]),
        ('{"pair": [1]}', ["must be at least 2 long, not a list"]),
        ('{"pair": [1, 2, 3, 4]}', ["must be at most 3 long, not a list"]),
        ('{"pair": [1, {}]}', ["must be a whole number, not a mapping"]),
        ('{"word": "A"}', ["string should match pattern '^[a-z]+$', not `A`"]),
        ('{"count": [1]}', ["must be a whole number, not a list"]),
    ],
)
def test_the_words_for_rare_errors(text: str, messages: list[str]) -> None:
    """Every error of a model has words, also one that nobody foresaw."""
    with pytest.raises(ValidationError) as caught:
        Box.model_validate_json(text, strict=True)
    assert [complaint.message for complaint in explain(Box, caught.value)] == messages
