"""Tests of what an agent asked for before."""

from datetime import timedelta
from decimal import Decimal

from rules.review.money import Money
from rules.review.past import Past, last, shape_of, similar, spent
from rules.verdict import Tier, Verdict
from tests.rules.calls import http, tool
from tests.rules.review.held import NOW


def past(hours: float, **known: object) -> Past:
    """A call of some hours ago."""
    usual = {"tier": Tier.HIGH_RISK, "verdict": Verdict.HOLD, "words": "pay"}
    return Past(at=NOW - timedelta(hours=hours), **{**usual, **known})  # type: ignore[arg-type]


def euros(amount: str, currency: str = "EUR") -> Money:
    """A sum."""
    return Money(amount=Decimal(amount), currency=currency)


def test_what_went_out() -> None:
    """What ran within the window in the same currency, with the call itself on top."""
    calls = [
        past(1, money=euros("10"), ran=True),
        past(2, money=euros("20.50"), ran=True),
        past(2, money=euros("400"), ran=False),
        past(2, money=euros("7", "USD"), ran=True),
        past(30, money=euros("1000"), ran=True),
        past(1),
    ]
    since = NOW - timedelta(hours=24)
    assert spent(calls, euros("5"), since=since) == euros("35.50")
    assert spent([], euros("5"), since=since) == euros("5")
    assert spent(calls, Money(amount=Decimal(5)), since=since) is None


def test_similar_and_last() -> None:
    """Held calls of one shape, of any session; the session's own, of any shape."""
    calls = [past(n, shape=str(n % 2), hold_id=str(n), session="s" if n < 3 else "t") for n in range(6)]
    calls.append(past(9, shape="1"))
    assert [one.hold_id for one in similar(calls, "1", most=2)] == ["1", "3"]
    assert [one.hold_id for one in similar(calls, "1", most=9)] == ["1", "3", "5"]
    assert [one.hold_id for one in last(calls, "s", most=9)] == ["0", "1", "2"]


def test_shapes() -> None:
    """Calls that differ in ids alone have one; another rule, method or host is another."""
    one, other = http("DELETE a.example/users/17"), http("DELETE a.example/users/18")
    assert shape_of(one, "r") == shape_of(other, "r")
    assert shape_of(one, "r") != shape_of(one, None)
    assert shape_of(one, "r") != shape_of(http("GET a.example/users/17"), "r")
    assert shape_of(tool("s", "t", a=1), None) == shape_of(tool("s", "t", a=2), None)
    assert shape_of(tool("s", "t"), None) != shape_of(tool("s", "u"), None)
