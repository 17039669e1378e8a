"""Whether a tool is what it was when it was first seen, and whether its text tries anything.

Two hashes for each: of all that people and models read, and of the shape of its input. Notation alone
(the order of members, an empty `required`) changes neither.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.mcp.message import Members
from rules.request.strict_json import Json, canonical

_WORDS = frozenset({"title", "description"})
_NOTATION = frozenset({"$schema", "$id", "$comment", "default", "examples"}) | _WORDS
# What hides text from people and not from models; a joiner in an emoji or a script is no such thing.
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
_INJECTED = re.compile(
    r"(?i)<\s*(?:important|system|secret|instructions?)\s*>"
    r"|\b(?:ignore|disregard|forget)\b.{0,30}\b(?:previous|prior|above|other|all)\b.{0,20}\binstructions?\b"
    r"|\b(?:do not|don't|never)\b.{0,20}\b(?:tell|mention|inform|show|reveal)\b.{0,20}\b(?:the )?user\b"
    r"|\bbefore (?:using|calling|invoking) (?:this|any)\b.{0,20}\btools?\b.{0,40}\b(?:read|send|call)\b"
    r"|\bsystem prompt\b"
)


class Change(StrEnum):
    """What is different about a tool. The value continues "the tool ..."."""

    NEW = "is new on a server whose tools are known"
    """The server has pins, and none for it."""
    TEXT = "describes itself in other words than when it was first seen"
    """What people and models read has changed."""
    SCHEMA = "takes other arguments than when it was first seen"
    """What it takes has changed."""
    HIDDEN = "has characters in its description that people cannot see"
    """Text that only a model reads."""
    INJECTED = "has a description that instructs its reader"
    """Text that is addressed to a model."""
    UNACCEPTED = "was never accepted by a reviewer, which its server asks for"
    """Nothing of the server is pinned, and its first list is not trusted."""
    UNLISTED = "is on no list that could be had of its server"
    """Nobody can compare it with anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What a tool was: SHA-256 of its text and of the shape of its input."""

    text: str
    schema: str
    by: str = ""
    """The reviewer who accepted it, empty for what was only seen first."""

    def same(self, other: "Pin") -> bool:
        """Whether the tool is the same in both."""
        return (self.text, self.schema) == (other.text, other.schema)


def pin(tool: Members) -> Pin:
    """The pin of a tool as its server lists it."""
    shape = {"in": _shape(tool.get("inputSchema")), "out": _shape(tool.get("outputSchema"))}
    said = {name: tool.get(name) for name in ("name", "title", "description", "annotations", "execution")}
    words = [*_words(tool.get("inputSchema")), *_words(tool.get("outputSchema"))]
    texts: list[Json] = [*sorted(words)]
    return Pin(text=_digest(said | {"words": texts}), schema=_digest(shape))


def change(tool: Members, pinned: Mapping[str, Pin], *, trusting: bool = True) -> Change | None:
    """The gravest that is to be said of `tool`, None where it is as `pinned`.

    `trusting`: where nothing is pinned yet, the tool is trusted as it is.
    """
    before, now = pinned.get(str(tool.get("name"))), pin(tool)
    if before is not None and before.by and before.same(now):
        return None  # whoever accepted it has seen what it says
    if found := flaw(tool):
        return found
    if before is None:
        return Change.NEW if pinned else None if trusting else Change.UNACCEPTED
    if before.schema != now.schema:
        return Change.SCHEMA
    return Change.TEXT if before.text != now.text else None


def is_hidden(character: str) -> bool:
    """Whether models read `character` and people do not see it."""
    if character in "\n\r\t" or character in _JOINERS:
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs")


def flaw(tool: Members) -> Change | None:
    """What is suspect about the texts of `tool`, whatever it was before."""
    texts = [text for name in ("name", "title", "description") if isinstance(text := tool.get(name), str)]
    texts += [*_words(tool.get("inputSchema")), *_words(tool.get("outputSchema"))]
    if any(map(_hides, texts)):
        return Change.HIDDEN
    return Change.INJECTED if any(map(_INJECTED.search, texts)) else None


def _hides(text: str) -> bool:
    if text.isascii() and text.isprintable():
        return False
    return any(is_hidden(character) for character in text)


def _words(schema: Json) -> Iterator[str]:
    """Every title and description inside a schema."""
    if isinstance(schema, list):
        for item in schema:
            yield from _words(item)
    elif isinstance(schema, dict):
        for name, value in schema.items():
            if name in _WORDS and isinstance(value, str):
                yield value
            else:
                yield from _words(value)


def _shape(schema: Json) -> Json:
    """A schema without words and without what only its notation decides."""
    if isinstance(schema, list):
        return [_shape(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: Members = {}
    for name, value in schema.items():
        if name == "properties" and isinstance(value, dict):
            kept[name] = {member: _shape(inner) for member, inner in value.items()}
        elif name == "required" and isinstance(value, list):
            kept |= {name: sorted(value, key=str)} if value else {}
        elif name not in _NOTATION:
            kept[name] = _shape(value)
    return kept


def _digest(value: Members) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()
