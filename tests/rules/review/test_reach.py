"""Tests of whom a call reaches and how much it touches."""

import base64

import pytest

from rules.account import Account
from rules.call import Call
from rules.review.reach import Several, party, recipients, rows
from tests.rules.calls import http, tool

RAW = base64.urlsafe_b64encode(b"From: a@x.example\r\nTo: b@x.example, C <c@x.example>\r\n\r\nhi").decode()
MANY = [f"u{n}@x.example" for n in range(10_000)]

REACHED: dict[str, tuple[object, tuple[int, tuple[str, ...]] | None]] = {
    "a text": ({"to": "a@x.example", "text": "hi"}, (1, ("a@x.example",))),
    "a text of several": ({"to": "a@x, b@x"}, (2, ("a@x", "b@x"))),
    "a list": ({"to": ["a@x"], "cc": ["b@x"], "bcc": ["c@x", "d@x"]}, (4, ("a@x", "b@x", "c@x"))),
    "objects": ({"to": [{"email": "a@x", "name": "A"}]}, (1, ("a@x",))),
    "graph": (
        {"message": {"toRecipients": [{"emailAddress": {"address": "a@x"}}]}},
        (1, ("a@x",)),
    ),
    "sendgrid": (
        {"personalizations": [{"to": [{"email": "a@x"}]}, {"to": [{"email": "b@x"}]}]},
        (2, ("a@x", "b@x")),
    ),
    "a mail whole": ({"raw": RAW}, (2, ("b@x.example", "c@x.example"))),
    "ten thousand": ({"to": MANY}, (10_000, tuple(MANY[:3]))),
    "one of them twice": ({"to": ["a@x", "a@x"]}, (1, ("a@x",))),
    "nobody": ({"text": "hi"}, None),
    "no body": (None, None),
    "something unexpected": ({"to": [None, True, [], {}]}, (1, ("{}",))),
}


@pytest.mark.parametrize("case", REACHED)
def test_recipients(case: str) -> None:
    """All are counted, the first few named."""
    body, expected = REACHED[case]
    found = recipients(http("POST mail.example/send", body))
    assert found == (None if expected is None else Several(count=expected[0], first=expected[1]))


PARTIES: dict[str, tuple[Call, Account, str | None]] = {
    "by its rule": (tool("b", "pay", who="acme"), Account(counterparty=("who",)), "acme"),
    "by its rule, twice": (tool("b", "pay", who="a", WHO="b"), Account(counterparty=("who",)), "a"),
    "by a name": (tool("b", "pay", beneficiary="acme"), Account(), "acme"),
    "a number": (http("POST b.example/x", {"toAccount": 77}), Account(), "77"),
    "nobody": (http("POST b.example/x", {"memo": "x"}), Account(), None),
    "a list": (http("POST b.example/x", ["to"]), Account(), None),
}


@pytest.mark.parametrize("case", PARTIES)
def test_the_other_side(case: str) -> None:
    """What the rule names goes before every name."""
    call, account, expected = PARTIES[case]
    assert party(call, account) == expected


@pytest.mark.parametrize(
    ("body", "count"),
    [([1, 2], 2), ({"records": [{}] * 500}, 500), ({"ids": []}, 0), ({"a": [1]}, None), (None, None)],
)
def test_rows(body: object, count: int | None) -> None:
    """A list of things, at the top or by a name for things."""
    assert rows(http("POST a.example/batch", body)) == count
