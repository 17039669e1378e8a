"""Operations of GraphQL documents."""

import pytest

from rules.general.effect import Effect
from rules.general.http import read_http
from tests.rules.calls import http

PLACE = "POST a.test/graphql"
CALLS: dict[str, tuple[str, object, Effect]] = {
    "a query": (PLACE, {"query": "{ me { name } }"}, Effect.READ),
    "a query by GET": ("GET a.test/graphql?query=%7Bme%7D", None, Effect.READ),
    "a mutation": (PLACE, {"query": "mutation { issueCreate(x: 1) { id } }"}, Effect.CHANGE),
    "a mutation by GET": ("GET a.test/graphql?query=mutation%7BdeleteX%7D", None, Effect.DELETION),
    "a deletion": (PLACE, {"query": "mutation { issueDelete(x: 1) { id } }"}, Effect.DELETION),
    "a star": (PLACE, {"query": "mutation { addStar(x: 1) { id } }"}, Effect.REVERSIBLE),
    "a mutation named as a read": (PLACE, {"query": "mutation { getToken }"}, Effect.CHANGE),
    "a query named as a write": (PLACE, {"query": "{ me deleteUser(id: 1) }"}, Effect.DELETION),
    "a query beside a mutation": (
        PLACE,
        {"query": "query a { me } mutation b { sendX }"},
        Effect.COMMUNICATION,
    ),
    "no document": (PLACE, {"query": "{"}, Effect.UNKNOWN),
    "a stored document": (PLACE, {"id": "abc"}, Effect.UNKNOWN),
    "a document at a search": ("POST a.test/search", {"query": "{ me }"}, Effect.CHANGE),
    "a filter by GET": ("GET a.test/metrics?query=%7Bjob%3D%22x%22%7D", None, Effect.READ),
}


@pytest.mark.parametrize("name", CALLS)
def test_documents(name: str) -> None:
    """The gravest operation of the document stands."""
    line, body, effect = CALLS[name]
    assert read_http(http(line, body)).effect is effect
