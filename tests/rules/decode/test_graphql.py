"""Which calls carry documents: every way to send one, and every way to hide another."""

import gzip
import json
from dataclasses import replace

import pytest

from rules.call import HttpCall
from rules.decode.graphql import MAX_BATCH, operations
from rules.decode.graphql_document import MAX_TOKENS
from rules.normalize import normalize
from tests.rules.calls import http, message

ME, WIPE = "graphql.query.me", "graphql.mutation.wipe"
QUERY, MUTATION = "{ me }", "mutation { wipe }"
BOTH = "query A { me } mutation B { wipe }"
PLACE = "POST gql.test/graphql"


def typed(line: str, body: bytes, **headers: str) -> HttpCall:
    """The call of any bytes, under headers of any name with `_` for `-`."""
    plain = message(line, headers={name.replace("_", "-"): value for name, value in headers.items()})
    call = normalize(replace(plain, body=body))
    assert isinstance(call, HttpCall), call
    return call


CASES: dict[str, tuple[HttpCall, tuple[str, ...] | None]] = {
    "json": (http(PLACE, {"query": QUERY}), (ME,)),
    "a mutation in json": (http(PLACE, {"query": MUTATION, "variables": {"a": 1}}), (WIPE,)),
    "null members": (http(PLACE, {"query": QUERY, "operationName": None, "extensions": None}), (ME,)),
    "the client's own extension": (
        http(PLACE, {"query": QUERY, "extensions": {"clientLibrary": {"name": "x"}}}),
        (ME,),
    ),
    "a path below, in capitals, with a slash": (http("POST gql.test/api/GraphQL/", {"query": QUERY}), (ME,)),
    "a path with an ending": (http("POST gql.test/api/graphql.json", {"query": QUERY}), (ME,)),
    "the short path": (http("POST gql.test/gql", {"query": QUERY}), (ME,)),
    "a form": (http(PLACE, "query=%7B+me+%7D"), (ME,)),
    "the query": (http("GET gql.test/graphql?query=%7Bme%7D&variables=%7B%7D"), (ME,)),
    "the query with a mutation": (http("GET gql.test/graphql?query=mutation%7Bwipe%7D"), (WIPE,)),
    "the query of a post": (http(f"{PLACE}?query=mutation%7Bwipe%7D"), (WIPE,)),
    "a parameter of other meaning": (http(f"{PLACE}?op=Me", {"query": QUERY}), (ME,)),
    "its own type": (typed("POST gql.test/x", b"{ me }", content_type="application/graphql"), (ME,)),
    "its own type with a character set": (
        typed("POST gql.test/x", b"{ me }", content_type="Application/GraphQL; charset=UTF-8"),
        (ME,),
    ),
    "its own type beside a document in the query": (
        typed("POST gql.test/x?query=mutation%7Bwipe%7D", b"{ me }", content_type="application/graphql"),
        (WIPE, ME),
    ),
    "two documents, in query and body": (
        http(f"{PLACE}?query=mutation%7Bwipe%7D", {"query": QUERY}),
        (WIPE, ME),
    ),
    "several operations": (http(PLACE, {"query": BOTH}), (ME, WIPE)),
    "several operations and a name": (http(PLACE, {"query": BOTH, "operationName": "A"}), (ME, WIPE)),
    "a batch": (http(PLACE, [{"query": QUERY}, {"query": MUTATION}]), (ME, WIPE)),
    "a page for people": (http("GET gql.test/graphql"), ()),
    "nothing sent": (http(PLACE), ()),
    "a search that is no document": (http("POST x.test/search", {"query": "me {x}"}), ()),
}

UNCERTAIN: dict[str, HttpCall] = {
    "a persisted id": http(PLACE, {"id": "wipeEverything", "variables": {}}),
    "a persisted id beside a document": http(PLACE, {"query": QUERY, "documentId": "1"}),
    "a persisted hash beside a document": http(
        PLACE, {"query": QUERY, "extensions": {"persistedQuery": {"sha256Hash": "0"}}}
    ),
    "a persisted hash in the query": http("GET gql.test/graphql?extensions=%7B%22persistedQuery%22%3A1%7D"),
    "an unknown id in the query": http(f"{PLACE}?doc_id=1", {"query": QUERY}),
    "a second document by a look-alike name": http(f"{PLACE}?Query=mutation%7Bwipe%7D", {"query": QUERY}),
    "a document by a look-alike name": http(PLACE, {"Query": MUTATION}),
    "a name by a look-alike name": http(PLACE, {"query": BOTH, "OperationName": "B"}),
    "a document twice in the query": http("GET gql.test/graphql?query=%7Bme%7D&query=mutation%7Bwipe%7D"),
    "a document twice in a form": http(PLACE, "query=%7Bme%7D&query=mutation%7Bwipe%7D"),
    "a document as a list": http(PLACE, {"query": [QUERY]}),
    "extensions as text": http(PLACE, {"query": QUERY, "extensions": "{}"}),
    "no document": http(PLACE, {"variables": {}}),
    "only a name": http("GET gql.test/graphql?operationName=Wipe"),
    "a text": http(PLACE, "x"),
    "an unknown body": http(PLACE, b"{ me }"),
    "a batch with a persisted member": http(PLACE, [{"query": QUERY}, {"id": "1"}]),
    "a batch with a text": http(PLACE, [{"query": QUERY}, MUTATION]),
    "an empty batch": http(PLACE, []),
    "too long a batch": http(PLACE, [{"query": QUERY}] * (MAX_BATCH + 1)),
    "too much in a batch": http(PLACE, [{"query": "{" + " a" * (MAX_TOKENS // 2) + "}"}] * 3),
    "its own type in another character set": typed(
        "POST gql.test/graphql", b"{ me }", content_type="application/graphql; charset=utf-7"
    ),
    "its own type, compressed": typed(
        "POST gql.test/x",
        gzip.compress(b"{ me }"),
        content_type="application/graphql",
        content_encoding="gzip",
    ),
    "its own type, not utf-8": typed("POST gql.test/x", b"{ me } #\xff", content_type="application/graphql"),
    "a document at another path": http("POST gql.test/query", {"query": QUERY}),
    "a mutation at another path": http("POST gql.test/", {"query": "# x\n,mutation { wipe }"}),
    "a mutation at another path, in capitals": http("POST gql.test/", {"QUERY": MUTATION}),
    "a batch at another path": http("POST gql.test/", [{"query": MUTATION}]),
    "a document in another query": http("GET gql.test/?query=mutation%7Bwipe%7D"),
    "a description first": http("POST gql.test/", {"query": '"about" mutation { wipe }'}),
}


@pytest.mark.parametrize("name", CASES)
def test_operations(name: str) -> None:
    """Every way to send a document gives its operations."""
    call, expected = CASES[name]
    read = operations(call)
    assert read is not None
    assert tuple(operation.name for operation in read) == expected


@pytest.mark.parametrize("name", UNCERTAIN)
def test_what_is_uncertain(name: str) -> None:
    """Where another document may run than the one that is seen, nothing is certain."""
    assert operations(UNCERTAIN[name]) is None


def test_compressed_json_is_read() -> None:
    """What the gate decodes for other conditions, it decodes for operations."""
    body = gzip.compress(json.dumps({"query": MUTATION}).encode())
    call = typed(PLACE, body, content_type="application/json", content_encoding="gzip")
    assert [operation.name for operation in operations(call) or ()] == [WIPE]
