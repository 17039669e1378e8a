"""Statements that calls carry under names that say so: SQL, Cypher, GraphQL, and stages of pipelines.

What is found only ever makes a call graver.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from functools import lru_cache
from itertools import islice

from rules.decode.graphql_document import MAX_TOKENS, read_document
from rules.general.effect import Effect, Evidence
from rules.general.families.graphql import of_field
from rules.general.families.sql import MAX_TEXT, read_sql
from rules.general.names.words import split, words_of
from rules.request.strict_json import Json

MAX_VALUES = 200

_MAX_DEPTH = 4
_NAMES = words_of(
    """
    sql sqls statement statements stmt stmts query queries q querystring
    cypher gql graphql mutation document
    """
)
# `sqlText` and `query_string` are named by the word before.
_FORMS = words_of("text string str body script")
_STAGES = frozenset({"$out", "$merge"})

# More than a first word, for a search may well begin with `drop` or `update`.
_SURE = re.compile(
    r"(?is)[\s(;]*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(?:delete\s+from\b|insert\s+(?:into|overwrite)\b|merge\s+into\b"
    r"|update\s+\S+\s+set\b|truncate\s+(?:table\b|\S+\s*;?\s*\Z)|replace\s+into\b"
    r"|(?:drop|alter|create(?:\s+or\s+replace)?)\s+(?:\w+\s+)?(?:table|database|schema|view|index|user|role"
    r"|function|procedure|trigger|warehouse|stage|measurement|bucket|system|keyspace|namespace|dataset)\b"
    r"|(?:grant|revoke)\s+.{1,200}?\s(?:to|from)\s)"
)
_LIKELY = re.compile(
    r"\s*(?:--|/\*|select|with|insert|update|delete|merge|drop|alter|create|truncate|grant|revoke|call|exec)",
    re.IGNORECASE,
)
_CYPHER = re.compile(
    r"(?is)\s*+(?:optional\s+match|match|merge|create|unwind|foreach|with)\b.{0,4000}?\(\s*+\w*+\s*+[:){]"
)
# What never ends is no text to leave out: somebody may read on behind it.
_CYPHER_TEXT = re.compile(
    r"""(?s)'(?:\\.?|[^'\\])*+(?:'|(?P<single>\Z)) | "(?:\\.?|[^"\\])*+(?:"|(?P<double>\Z))
    | `[^`]*+(?:`|(?P<tick>\Z)) | //[^\n]*+ | /\*(?:[^*]|\*(?!/))*+(?:\*/|(?P<comment>\Z))""",
    re.VERBOSE,
)
_CYPHER_WRITES = re.compile(r"(?i)\b(?:(detach|delete|remove|drop)|set|create|merge|foreach|load)\b")
_DOCUMENT = re.compile(
    r"(?s)(?:[\s,\ufeff]|\#[^\r\n]*)*+(?:(?:mutation|subscription|fragment)\b[^{]*\{|query\b\s*\w*\s*[({@]"
    r"|\{.*\bmutation\b)"
)
_UNREADABLE = Evidence(effect=Effect.UNKNOWN, because="its graphql document cannot be read with certainty")
_STAGE = Evidence(effect=Effect.CHANGE, because="a stage of its pipeline writes")


class _Kind(Enum):
    """What the name of a member says of its value."""

    SQL = auto()
    """A statement in SQL."""
    TEXT = auto()
    """A statement of some language, or words to search for."""
    STAGE = auto()
    """Where a pipeline writes what it has found."""


def statements_in(value: Json, *, sure: bool) -> Iterator[Evidence]:
    """What statements in SQL and Cypher do, and stages.

    `sure`: only what nobody would take for words to search for.
    """
    for kind, text in _stated(value):
        if kind is _Kind.STAGE:
            yield _STAGE
        elif kind is _Kind.SQL and not sure:
            yield read_sql(text)
        else:
            yield from statement(text, sure=sure)


def statement(text: str, *, sure: bool) -> Iterator[Evidence]:
    """What a text does that may be a statement in SQL or Cypher."""
    if _is_sql(text, sure=sure):
        yield read_sql(text)
    if _CYPHER.match(text) and (writes := _CYPHER_WRITES.findall(_without_texts(text))):
        effect = Effect.DELETION if any(writes) else Effect.CHANGE
        yield Evidence(effect=effect, because=f"its cypher statement {effect.says}")


def documents_in(value: Json) -> Iterator[Evidence]:
    """What the GraphQL documents in `value` do that may do more than read."""
    for _, text in _stated(value):
        if not _DOCUMENT.match(text):
            continue
        document = read_document(text, tokens=MAX_TOKENS)
        if document is None:
            yield _UNREADABLE
            continue
        for name in document.names:
            kind, _, field = name.partition(".")
            yield of_field(kind, field)


def states(name: str) -> bool:
    """Whether the value of a parameter of that name may be a statement: `sql_query`, `q`."""
    return _kind(name) in (_Kind.SQL, _Kind.TEXT)


def _is_sql(text: str, *, sure: bool) -> bool:
    """Whether it is a statement, or one that may be words is followed by one that is none."""
    if _SURE.match(text):
        return True
    if not _LIKELY.match(text):
        return False
    return not sure or len(text) > MAX_TEXT or any(map(_SURE.match, text.split(";")))


def _without_texts(cypher: str) -> str:
    """A statement without its literals, quoted names and comments; whole where one of them never ends."""
    endless = any(found.lastgroup for found in _CYPHER_TEXT.finditer(cypher))
    return cypher if endless else _CYPHER_TEXT.sub(" ", cypher)


@lru_cache(maxsize=4096)
def _kind(name: str) -> _Kind | None:
    if name in _STAGES:
        return _Kind.STAGE
    words = split(name)
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    if not words or words[-1] not in _NAMES:
        return None
    return _Kind.TEXT if "sql" not in words else _Kind.SQL


def _stated(value: Json) -> Iterator[tuple[_Kind, str]]:
    """Every text by the name of a statement, and those in lists by such a name; and stages, without one."""
    waiting: list[tuple[str, Json, int]] = [("", value, 0)]
    for name, below, depth in islice(_popped(waiting), MAX_VALUES):
        named = below.items() if isinstance(below, dict) else ((name, one) for one in _listed(below))
        for key, one in named:
            if (kind := _kind(key)) is _Kind.STAGE:
                yield kind, ""
            if type(one) is str:  # most values, so this is where the time goes
                if kind is not None and kind is not _Kind.STAGE:
                    yield kind, one
            elif type(one) in (dict, list) and depth < _MAX_DEPTH:
                waiting.append((key, one, depth + 1))


def _popped[T](waiting: list[T]) -> Iterator[T]:
    while waiting:
        yield waiting.pop()


def _listed(value: Json) -> list[Json]:
    return value[:MAX_VALUES] if isinstance(value, list) else []
