"""Messages as we write them."""

from decimal import Decimal

import pytest

from rules.mcp.message import Failure, Notification, Request, Result, meta_of, text_of, write
from rules.request.strict_json import Json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"b":1,"a":[true,null,"x"]}'),
        ({"n": Decimal("1.10"), "m": [Decimal("1E+2")]}, '{"n":1.10,"m":[1E+2]}'),
        ({"\u00e9\n": "\u2028"}, '{"\\u00e9\\n":"\\u2028"}'),
        (2**60 + 1, "1152921504606846977"),
    ],
    ids=["plain", "decimals", "escapes", "large"],
)
def test_values_are_written_exactly(value: Json, text: str) -> None:
    """Members in their order, numbers with their digits, nothing outside ASCII."""
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Request(id=1, method="ping"), b'{"jsonrpc":"2.0","id":1,"method":"ping"}'),
        (Notification(method="notifications/x"), b'{"jsonrpc":"2.0","method":"notifications/x"}'),
        (Result(id="a", result={}), b'{"jsonrpc":"2.0","id":"a","result":{}}'),
        (
            Failure(id=None, code=-1, message="m"),
            b'{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}',
        ),
    ],
    ids=["request", "notification", "result", "failure"],
)
def test_each_kind_has_its_members(message: Request | Notification | Result | Failure, text: bytes) -> None:
    """And no empty ones."""
    assert write(message) == text


def test_meta_is_an_object_or_nothing() -> None:
    """What is not there says nothing."""
    assert meta_of(Request(id=1, method="ping")) == {}
    assert meta_of(Request(id=1, method="ping", params={"_meta": {"a": 1}})) == {"a": 1}
