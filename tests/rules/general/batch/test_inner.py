"""The calls that one request in a batch may be."""

from typing import Any

import pytest

from rules.call import HttpCall, PayloadKind
from rules.general.batch.inner import Asked, calls_of, payload_of
from tests.rules.calls import http

_TARGETS = {
    "from the root": ("/me", ["/v1/me", "/me"]),
    "without a slash": ("me?top=1", ["/v1/me?top=1", "/me?top=1"]),
    "whole, at the same host": ("https://g.test/v1/me?top=1", ["/v1/me?top=1"]),
    "whole, without a path": ("https://g.test", None),
    "whole, at another host": ("https://other.test/me", None),
    "whole, with a user": ("https://g.test@other.test/me", None),
    "with dot segments": ("/a/../b", None),
    "another batch": ("/$batch", None),
    "with a method in the query": ("/me?_method=DELETE", None),
}


def batch() -> HttpCall:
    """The call that carries the batch."""
    return http("POST g.test/v1/$batch", {"requests": []})


@pytest.mark.parametrize(("address", "targets"), _TARGETS.values(), ids=_TARGETS)
def test_where_it_may_lead(address: str, targets: list[str] | None) -> None:
    """Servers count an address from the host or from the service; one with two readings leads nowhere."""
    found = calls_of(batch(), Asked(method="get", address=address))
    assert (None if found is None else [inner.target for inner in found]) == targets


def test_what_it_inherits() -> None:
    """The host is that of the batch; the method, the fields and the body are its own."""
    fields = ((b"Accept", b"text/plain"),)
    [inner, _] = calls_of(batch(), Asked(method="put", address="/a", fields=fields, body=b"x")) or []
    assert (inner.host, inner.method, inner.fields, inner.body) == ("g.test", "PUT", fields, b"x")


@pytest.mark.parametrize("method", ["BREW", "", "GET "])
def test_a_method_that_nobody_knows(method: str) -> None:
    """It is not readable."""
    assert calls_of(batch(), Asked(method=method, address="/a")) is None


_BODIES: dict[str, tuple[Any, PayloadKind, Any]] = {
    "none": (None, PayloadKind.EMPTY, None),
    "an empty text": ("", PayloadKind.EMPTY, None),
    "a value": ({"a": 1}, PayloadKind.JSON, {"a": 1}),
    "json in a text": ('{"a": 1}', PayloadKind.JSON, {"a": 1}),
    "a form in a text": ("a=1&b=2", PayloadKind.FORM, {"a": "1", "b": "2"}),
    "a form that says a thing twice": ("a=1&a=2", PayloadKind.OPAQUE, None),
    "any other text": ("hello", PayloadKind.OPAQUE, None),
    "json that says a thing twice": ('{"a": 1, "a": 2}', PayloadKind.OPAQUE, None),
}


@pytest.mark.parametrize(("body", "kind", "value"), _BODIES.values(), ids=_BODIES)
def test_a_body(body: Any, kind: PayloadKind, value: Any) -> None:
    """A value, or a text that is read as one; what has two readings has none."""
    payload = payload_of(body)
    assert (payload.kind, payload.value) == (kind, value)
