"""Requests inside a request."""

from typing import Any

import pytest

from rules.general.batch import MAX_INNER, inner_calls
from tests.rules.calls import compiled, http, judged

EMPTY = compiled("")
RULES = compiled(
    """
rules:
  - {id: secret, match: {host: g.test, path: "/v1/secrets/**"}, tier: 4}
  - {id: never, match: {host: g.test, path: /root}, forbidden: true}
"""
)


def batch(*inner: Any, **more: Any) -> dict[str, Any]:
    """A batch's body."""
    return {"requests": list(inner), **more}


def get(url: str = "/me", **more: Any) -> dict[str, Any]:
    """A request in a batch."""
    return {"id": "1", "method": "GET", "url": url, **more}


JUDGED: dict[str, tuple[Any, tuple[int, str]]] = {
    "reads": (batch(get(), get("users/7")), (1, "pass")),
    "a read and a deletion": (batch(get(), get(method="DELETE")), (4, "hold")),
    "a method in lower case": (batch(get(method="delete")), (4, "hold")),
    "a posted search": (batch(get("/users/search", method="POST", body={"a": 1})), (1, "pass")),
    "a posted mail": (batch(get("/me/sendMail", method="POST", body={"a": 1})), (4, "hold")),
    "a read of what a rule holds": (batch(get("/secrets/7")), (4, "hold")),
    "the same below the host": (batch(get("/v1/secrets/7")), (4, "hold")),
    "a read of what a rule forbids": (batch(get("/root")), (4, "block")),
    "a batch in a batch": (batch(get("/$batch", method="POST", body=batch())), (4, "hold")),
    "an override in a header": (batch(get(headers={"X-HTTP-Method-Override": "DELETE"})), (4, "hold")),
    "an override in the query": (batch(get("/me?_method=DELETE")), (4, "hold")),
    "an override in the body": (batch(get("/a/search", method="POST", body={"_method": "x"})), (4, "hold")),
    "a usual header": (batch(get(headers={"Accept": "text/plain"})), (1, "pass")),
    "headers of another type": (batch(get(headers=["a"])), (4, "hold")),
    "graphql inside": (batch(get("/graphql", method="POST", body={"query": "{me}"})), (1, "pass")),
    "an unknown method": (batch(get(method="BREW")), (4, "hold")),
    "a method of another type": (batch(get(method=1)), (4, "hold")),
    "an address in two readings": (batch(get("/a/../b")), (4, "hold")),
    "another host": (batch(get("https://other.test/x")), (4, "hold")),
    "no address": (batch({"method": "GET"}), (4, "hold")),
    "no object": (batch("GET /me"), (4, "hold")),
    "no requests": (batch(), (4, "hold")),
    "something besides": (batch(get(), more=1), (4, "hold")),
    "no list": ({"requests": get()}, (4, "hold")),
    "no body": (None, (4, "hold")),
    "a body that nobody understands": (b"--x", (4, "hold")),
    "too many": (batch(*[get()] * (MAX_INNER + 1)), (4, "hold")),
}


@pytest.mark.parametrize("name", JUDGED)
def test_batches(name: str) -> None:
    """The gravest request inside stands, under the rules as well; what cannot be read is tier 4."""
    body, expected = JUDGED[name]
    assert judged(http("POST g.test/v1/$batch", body), RULES)[:2] == expected


def test_addresses_are_read_both_ways() -> None:
    """Below the service and below the host."""
    inner = inner_calls(http("POST g.test/v1/%24batch", batch(get("/me"), get("users?x=1"))))
    assert inner is not None
    assert [call.target for call in inner] == ["/v1/me", "/me", "/v1/users?x=1"]


@pytest.mark.parametrize("line", ["GET g.test/$batch", "POST g.test/batch", "POST g.test/$batch/x"])
def test_no_batch(line: str) -> None:
    """Only what is posted to where batches are taken."""
    body = None if line.startswith("GET") else batch(get())
    assert inner_calls(http(line, body)) is None
