"""Which calls carry GraphQL documents, and the operations in them.

What counts as a place for GraphQL is a path whose last segment is `graphql` or `gql`, whatever its case and
ending (`graphql.json`), and the type `application/graphql` anywhere. There, whatever is not plainly one of
the ways to send a document is uncertain. Elsewhere, a `query` that looks like a document is uncertain too:
many servers answer at `/` or `/query`, but nothing proves it of this one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from rules.call import HttpCall, Pairs, PayloadKind
from rules.decode.graphql_document import MAX_CHARACTERS, MAX_TOKENS, read_document
from rules.decode.operation import Operation
from rules.headers import first
from rules.request.spelling import fold
from rules.request.strict_json import Json

MAX_BATCH = 20

_PLACES = frozenset({"graphql", "gql"})
_MEMBERS = frozenset({"query", "operationName", "variables", "extensions", "onError"})
# What may name a document that the server keeps, or be read as one of the members above.
_REFERENCE = re.compile(r"persist|hash|doc|query|mutation|operation|extension|variable|id$")
_TYPE = re.compile(rb'(?i)application/graphql[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?')
# The tokens that a document can start with, after what its readers skip.
_DOCUMENT = re.compile(r'(?:[\s,\ufeff]|#[^\r\n]*+)*+(?:\{|"|(?:query|mutation|subscription|fragment)\b)')


def operations(call: HttpCall) -> tuple[Operation, ...] | None:
    """As `rules.decode.operations`, of this family."""
    typed = call.payload.kind is PayloadKind.OPAQUE and _is_typed(call)
    if not typed and not _is_place(call.segments):
        return None if _resembles(call) else ()
    if not call.query and call.payload.kind is PayloadKind.EMPTY:
        return ()
    documents = _documents(call, typed=typed)
    return None if documents is None else _named(documents)


def _is_place(segments: Sequence[str]) -> bool:
    last = segments[-1] or (segments[-2] if len(segments) > 1 else "")
    return fold(last).partition(".")[0] in _PLACES


def _is_typed(call: HttpCall) -> bool:
    return _TYPE.fullmatch(first(call.fields, b"content-type") or b"") is not None


def _resembles(call: HttpCall) -> bool:
    """Whether `call`, at any path, carries what could be a document."""
    texts = [value for name, value in call.query if name.lower() == "query"]
    value = call.payload.value
    for member in value[:MAX_BATCH] if isinstance(value, list) else (value,):
        if isinstance(member, dict):
            texts += [v for name, v in member.items() if isinstance(v, str) and name.lower() == "query"]
    return any("{" in text and _DOCUMENT.match(text) for text in texts)


def _documents(call: HttpCall, *, typed: bool) -> list[str] | None:
    """Every document that a server could take from the query and the body, None where one is hidden."""
    of_url = _of_url(call.query)
    of_body = _of_typed(call) if typed else _of_payload(call)
    if of_url is None or of_body is None:
        return None
    return [*of_url, *of_body] or None


def _of_url(query: Pairs) -> list[str] | None:
    """The document in the query; parameters of other meaning may stand beside it."""
    found = [(name, value) for name, value in query if name in _MEMBERS or _REFERENCE.search(fold(name))]
    members = dict(found)
    if len(members) != len(found):
        return None
    # Beside a document in the body, these two name no other one.
    return [] if members.keys() <= {"operationName", "variables"} else _of_members(members)


def _of_payload(call: HttpCall) -> list[str] | None:
    value = call.payload.value
    match call.payload.kind, value:
        case PayloadKind.EMPTY, _:
            return []
        case ((PayloadKind.JSON | PayloadKind.FORM), dict()):
            return _of_members(value)
        case PayloadKind.JSON, list() if 0 < len(value) <= MAX_BATCH:
            several = [_of_members(item) if isinstance(item, dict) else None for item in value]
            return None if None in several else [text for texts in several for text in texts or ()]
        case _:
            return None


def _of_typed(call: HttpCall) -> list[str] | None:
    if first(call.fields, b"content-encoding") is not None:
        return None
    try:
        return [call.body.decode("utf-8")]
    except UnicodeDecodeError:
        return None


def _of_members(members: Mapping[str, Json]) -> list[str] | None:
    """The one document in `members`, None where they may mean another one."""
    document = members.get("query")
    if not members.keys() <= _MEMBERS or not isinstance(document, str):
        return None
    return None if _refers(members.get("extensions")) else [document]


def _refers(extensions: Json) -> bool:
    """Whether `extensions` may name a document that runs instead of the one sent along."""
    if isinstance(extensions, dict):
        return any(_REFERENCE.search(fold(name)) for name in extensions)
    return extensions is not None


def _named(documents: Sequence[str]) -> tuple[Operation, ...] | None:
    names: dict[str, None] = {}
    for found in _read(documents):
        if found is None:
            return None
        names |= dict.fromkeys(found)
    return tuple(Operation(name=f"graphql.{name}") for name in names)


def _read(documents: Sequence[str]) -> Iterator[tuple[str, ...] | None]:
    """The root fields of each document, within one bound for all of them."""
    if sum(map(len, documents)) > MAX_CHARACTERS:
        yield None
        return
    tokens = MAX_TOKENS
    for document in documents:
        read = read_document(document, tokens=tokens)
        if read is None:
            yield None
            return
        yield read.names
        tokens -= read.tokens
