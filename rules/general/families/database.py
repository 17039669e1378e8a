"""Databases that take statements over HTTP: the statement says what a request does, not the path."""

import re
from collections.abc import Iterator

from rules.call import HttpCall, PayloadKind
from rules.general.effect import Effect, Evidence
from rules.general.families.sql import read_sql
from rules.general.names.places import last_names

_PLACES = frozenset({"sql", "query", "queries", "statement", "statements"})
_NAMES = frozenset({"sql", "statement", "stmt", "query", "q"})
_STATEMENT = re.compile(
    r"[\s(]*(?:--|/\*|(?:select|with|values|show|describe|explain|insert|update|delete|merge|replace|drop"
    r"|alter|create|truncate|grant|revoke|call|exec|execute|set|copy|kill|optimize|vacuum)\b)",
    re.IGNORECASE,
)
_UNREAD = Evidence(effect=Effect.CHANGE, because="its body may hold a statement that cannot be read")


def operations(call: HttpCall) -> Iterator[Evidence]:
    """What each statement does; nothing where no database takes any."""
    last = last_names(call.segments)[1].lower().removeprefix("_")
    if last not in _PLACES:
        return
    if call.payload.kind is PayloadKind.OPAQUE or isinstance(call.payload.value, list):
        yield _UNREAD
    for text in _texts(call):
        if _STATEMENT.match(text):
            yield read_sql(text)


def _texts(call: HttpCall) -> Iterator[str]:
    members = call.payload.value if isinstance(call.payload.value, dict) else {}
    named = [*call.query, *members.items()]
    for name, value in named:
        if name.lower() in _NAMES:
            yield from (
                text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)
            )
