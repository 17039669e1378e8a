"""Tests of the sum that a call moves."""

from typing import Any

import pytest

from rules.account import Account
from rules.review.inert import visible
from rules.review.money import grouped, money_of
from tests.rules.calls import http, tool

PLAIN = {
    "flat": ({"amount": 250.5, "currency": "eur"}, "250.5 EUR"),
    "as text": ({"amount": "250.00", "currency": "EUR"}, "250.00 EUR"),
    "an object": ({"amount": {"value": 3, "currency_code": "USD"}}, "3 USD"),
    "wrapped": ({"data": {"totalAmount": 7, "currency": "CHF"}}, "7 CHF"),
    "a form": ("amount=90000&currency=usd", "90000 USD"),
    "no currency": ({"amount": 5}, None),
    "no number": ({"amount": "all", "currency": "eur"}, None),
    "a boolean": ({"amount": True, "currency": "eur"}, None),
    "a currency that is none": ({"amount": 1, "currency": "\u202eRUE"}, None),
    "as many digits as no sum has": ({"amount": int("9" * 15), "currency": "eur"}, "999999999999999 EUR"),
    "negative": ({"amount": -5, "currency": "eur"}, "-5 EUR"),
    "in a list": ([{"amount": 5, "currency": "eur"}], None),
    "no body": (None, None),
    "opaque": (b"\xff", None),
}


@pytest.mark.parametrize("case", PLAIN)
def test_by_names(case: str) -> None:
    """As it is written: nobody here knows whether it is in cents."""
    body, shown = PLAIN[case]
    found = money_of(http("POST bank.example/transfers", body), Account())
    assert (None if found is None else str(found)) == shown


RULED: dict[str, tuple[Any, str | None]] = {
    "where the rule says": ({"sum": 5, "unit": "eur"}, "5 EUR"),
    "without its unit": ({"sum": 5}, "5"),
    "in two spellings": ({"sum": 5, "SUM": 6}, "5"),
    "missing": ({"amount": 5, "currency": "eur"}, None),
}


@pytest.mark.parametrize("case", RULED)
def test_by_its_rule(case: str) -> None:
    """The rule's word goes before every name; what is not certain is not shown."""
    arguments, shown = RULED[case]
    account = Account(amount=("sum",), currency=("unit",))
    found = money_of(tool("bank", "pay", **arguments), account)
    assert (None if found is None else str(found)) == shown


GROUPED = {
    "18250 EUR": "18'250 EUR",
    "1825 EUR": "1'825 EUR",
    "182.50 EUR": "182.50 EUR",
    "-1234567.1234 CHF": "-1'234'567.1234 CHF",
    "1000000": "1'000'000",
    "0.0001 2000X": "0.0001 2000X",
    "": "",
}


@pytest.mark.parametrize("text", GROUPED)
def test_digits_in_threes(text: str) -> None:
    """Those before the decimal mark and no others; nothing in them is strange to any surface."""
    assert grouped(text) == GROUPED[text]
    assert visible(grouped(text)) == GROUPED[text]
