"""Where the operations of a document are."""

from typing import Any

import pytest

from rules.openapi.flaw import Flaw
from rules.openapi.parts import Node
from rules.openapi.servers import Base, bases_at, bases_of, read_host

SERVERS: dict[str, tuple[list[Any], list[tuple[str, tuple[str, ...]]]]] = {
    "plain": ([{"url": "https://API.x.example/v1/"}], [("/v1", ("api.x.example",))]),
    "a port": ([{"url": "http://x.example:8080"}], [("", ("x.example",))]),
    "two hosts": (
        [{"url": "https://a.example/v1"}, {"url": "https://b.example/v1"}],
        [("/v1", ("a.example", "b.example"))],
    ),
    "two paths": (
        [{"url": "https://a.example/v1"}, {"url": "https://a.example/v2"}],
        [("/v1", ("a.example",)), ("/v2", ("a.example",))],
    ),
    "listed values": (
        [{"url": "https://{r}.x.example", "variables": {"r": {"enum": ["eu", "us"], "default": "eu"}}}],
        [("", ("eu.x.example", "us.x.example"))],
    ),
    "any value": (
        [{"url": "https://{t}.x.example/{v}", "variables": {"t": {"default": "t"}, "v": {"default": "v1"}}}],
        [("/v1", ("*.x.example",))],
    ),
    "any scheme": (
        [{"url": "{s}://x.example/a", "variables": {"s": {"default": "s"}}}],
        [("/a", ("x.example",))],
    ),
}
WRONG: dict[str, list[Any]] = {
    "no host": [{"url": "/v1"}],
    "any domain": [{"url": "https://{d}.example", "variables": {"d": {"default": "d"}}}],
    "a part of a label": [{"url": "https://a{d}.x.example", "variables": {"d": {"default": "d"}}}],
    "two of any": [{"url": "https://{a}.{b}.x.example"}],
    "an odd host": [{"url": "https://0x7f.1/"}],
    "a person": [{"url": "https://me@x.example/"}],
    "a query": [{"url": "https://x.example/?a=b"}],
    "another scheme": [{"url": "ftp://x.example/"}],
    "no default": [{"url": "https://x.example/{v}"}],
    "no mapping": ["https://x.example"],
    "no text": [{"url": 7}],
    "values of another kind": [{"url": "https://{r}.x.example", "variables": {"r": {"enum": [1]}}}],
    "too many": [
        {
            "url": "https://{a}.{b}.x.example",
            "variables": {n: {"enum": [f"h{i}" for i in range(99)]} for n in "ab"},
        }
    ],
}


@pytest.mark.parametrize("case", SERVERS)
def test_servers(case: str) -> None:
    """Hosts by the path below which operations are."""
    servers, expected = SERVERS[case]
    found = bases_at({"servers": servers}, at=(), host=None)
    assert found == tuple(Base(path=path, hosts=hosts) for path, hosts in expected)


@pytest.mark.parametrize("case", WRONG)
def test_hostile_servers(case: str) -> None:
    """A flaw in the servers, with a cure, before any rule is made."""
    with pytest.raises(Flaw) as caught:
        bases_at({"servers": WRONG[case]}, at=(), host=None)
    assert caught.value.path[0] == "servers"


def test_a_host_that_is_named_counts() -> None:
    """In place of those in the document, with their paths."""
    assert bases_at({"servers": [{"url": "/v1"}]}, at=(), host="h.example") == (
        Base(path="/v1", hosts=("h.example",)),
    )
    assert bases_at({}, at=(), host="h.example") == (Base(path="", hosts=("h.example",)),)
    assert bases_at({}, at=("paths", "/a"), host="h.example") is None
    swagger: Node = {"host": "a.example", "basePath": "/v2/"}
    assert bases_of(swagger, swagger=True, host=None) == (Base(path="/v2", hosts=("a.example",)),)
    assert bases_of(swagger, swagger=True, host="h.example") == (Base(path="/v2", hosts=("h.example",)),)
    assert bases_of({}, swagger=True, host=None) is None


@pytest.mark.parametrize("text", ["", "*", "*.com", "https://x.example", "x.example/v1", "0x7f.1"])
def test_no_host(text: str) -> None:
    """What a person may name by mistake."""
    with pytest.raises(ValueError, match="write a name such as"):
        read_host(text)


def test_hosts_in_their_one_spelling() -> None:
    """As rules write them."""
    assert read_host("API.x.example") == "api.x.example"
    assert read_host("*.X.example") == "*.x.example"
