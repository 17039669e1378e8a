"""Requests inside a request."""

from typing import Any

import pytest

from rules.general.batch.inner import MAX_INNER
from rules.general.batch.reading import inner_calls
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


def test_addresses_are_read_from_each_root() -> None:
    """Below the batch, below what is above it, and below the host."""
    inner = inner_calls(http("POST g.test/a/v1/%24batch", batch(get("/me"), get("users?x=1"))))
    assert inner is not None
    read = ["/a/v1/me", "/a/me", "/me", "/a/v1/users?x=1", "/a/users?x=1", "/users?x=1"]
    assert [call.target for call in inner] == read


def test_a_whole_address_is_read_where_it_goes_to_the_same_host() -> None:
    """Only its path counts then."""
    inner = inner_calls(http("POST g.test/batch", batch(get("https://g.test/me?x=1"))))
    assert inner is not None
    assert [call.target for call in inner] == ["/me?x=1"]


@pytest.mark.parametrize("line", ["POST g.test/", "POST g.test/$batch/x", "POST g.test/v1/charges"])
def test_elsewhere_reads_lower_nothing(line: str) -> None:
    """A body that only looks like a batch of reads may be anything to the server."""
    assert judged(http(line, batch(get())), RULES)[0] >= 3


@pytest.mark.parametrize("line", ["GET g.test/$batch", "PUT g.test/batch"])
def test_no_batch(line: str) -> None:
    """Only what is posted."""
    assert inner_calls(http(line, None if line.startswith("GET") else batch(get()))) is None


VENDORS: dict[str, tuple[str, Any, int]] = {
    "graph by another name": ("g.test/v1/batch", batch(get()), 1),
    "azure": ("g.test/batch", batch({"httpMethod": "GET", "name": "1", "url": "/a?v=1"}), 1),
    "azure deletes": ("g.test/batch", batch({"httpMethod": "DELETE", "name": "1", "url": "/a?v=1"}), 4),
    "asana": ("g.test/1.0/batch", {"data": {"actions": [{"method": "get", "relative_path": "/a"}]}}, 1),
    "asana deletes": (
        "g.test/1.0/batch",
        {"data": {"actions": [{"method": "delete", "relative_path": "/a"}]}},
        4,
    ),
    "mailchimp": ("g.test/3.0/batches", {"operations": [{"method": "GET", "path": "/lists"}]}, 1),
    "a body as text": (
        "g.test/3.0/batches",
        {"operations": [get("/a/send", method="POST", body='{"a": 1}')]},
        4,
    ),
    "facebook": ("graph.facebook.com/v21.0", {"batch": [{"method": "GET", "relative_url": "me"}]}, 1),
    "facebook by form": ("graph.facebook.com/", 'batch=[{"method":"GET","relative_url":"me"}]', 1),
    "facebook deletes": ("graph.facebook.com/", 'batch=[{"method":"DELETE","relative_url":"7"}]', 4),
    "the same elsewhere": ("g.test/", 'batch=[{"method":"GET","relative_url":"me"}]', 3),
    "the same elsewhere deletes": ("g.test/", 'batch=[{"method":"DELETE","relative_url":"7"}]', 4),
    "salesforce": (
        "s.test/services/data/v62.0/composite",
        {"compositeRequest": [get("/services/data/v62.0/a")]},
        1,
    ),
    "salesforce deletes": (
        "s.test/services/data/v62.0/composite",
        {"allOrNone": True, "compositeRequest": [get("/services/data/v62.0/a", method="DELETE")]},
        4,
    ),
    "salesforce graphs": (
        "s.test/services/data/v62.0/composite/graph",
        {"graphs": [{"graphId": "1", "compositeRequest": [get(), get(method="DELETE")]}]},
        4,
    ),
    "two lists": ("g.test/batch", batch(get(), operations=[get()]), 4),
    "two addresses": ("g.test/batch", batch(get(path="/other")), 4),
    "two methods": ("g.test/batch", batch(get(httpMethod="GET")), 4),
    "two bodies": ("g.test/batch", batch(get(body={}, content={})), 4),
    "another host": ("g.test/batch", batch(get("https://other.test/me")), 4),
    "a list of mails": ("g.test/email/batch", [{"To": "a@b.test"}], 3),
    "a list of objects": ("g.test/batch", {"requests": [{"action": "addObject"}]}, 3),
}


@pytest.mark.parametrize("name", VENDORS)
def test_vendors(name: str) -> None:
    """Lists of requests by the names that vendors give them; what is unclear is no read."""
    where, body, tier = VENDORS[name]
    read = judged(http(f"POST {where}", body), RULES)[0]
    assert read == tier if tier != 3 else read >= 3
