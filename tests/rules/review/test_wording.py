"""Tests of what a call does, in plain words."""

import pytest

from rules.account import NOTHING
from rules.call import Call
from rules.general.effect import Effect
from rules.review.facts import words_of_call
from rules.review.wording import effect_of, quoted
from rules.verdict import Category
from tests.rules.calls import http, tool

PAY = {"amount": "250.00", "currency": "EUR", "to": "ACME"}
SAID: dict[str, tuple[Call, str]] = {
    "a payment": (http("POST bank.example/payments", PAY), "pay 250.00 EUR to `ACME` at `bank.example`"),
    "a large payment": (
        http("POST bank.example/payments", PAY | {"amount": 18250}),
        "pay 18'250 EUR to `ACME` at `bank.example`",
    ),
    "money without a sum": (
        http("POST bank.example/payments", b"\xff"),
        "move money, a sum that is not plain here, by `payments` at `bank.example`",
    ),
    "a repository": (
        http("DELETE git.example/repos/books/ledger"),
        "delete or take away `repos/books/ledger` at `git.example`",
    ),
    "mail to three": (
        http("POST mail.example/messages/send", {"to": ["a@x", "b@x", "c@x"], "text": "hi"}),
        "send a message to 3 recipients: `a@x`, `b@x`, `c@x` at `mail.example`",
    ),
    "mail to many": (
        http("POST mail.example/messages/send", {"to": [f"{n}@x" for n in range(50)], "text": "hi"}),
        "send a message to 50 recipients: `0@x`, `1@x`, `2@x` and 47 more at `mail.example`",
    ),
    "a change": (http("PUT crm.example/contacts/7", {"a": 1}), "replace `contacts/7` at `crm.example`"),
    "a tool that pays": (
        tool("bank", "create_payment", **PAY),
        "pay 250.00 EUR to `ACME` with the tool `create_payment` of `bank`",
    ),
    "a tool that deletes": (
        tool("files", "delete_file", path="/x"),
        "delete or take away `delete_file` with the tool `delete_file` of `files`",
    ),
    "a hostile tool": (
        tool("files\u202e", "x`y\n", path="/x"),
        "use `x'y\\n` with the tool `x'y\\n` of `files\\u{202e}`",
    ),
    "a hostile path": (
        http("POST crm.example/a%5B2J/%E2%80%AEgnp", {}),
        "create or change `a[2J/\\u{202e}gnp` at `crm.example`",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_in_words(case: str) -> None:
    """One line that a person understands, every value of others in backticks and inert."""
    call, words = SAID[case]
    assert words_of_call(call, NOTHING, None) == words


@pytest.mark.parametrize(
    ("category", "effect"),
    [
        (Category.FINANCIAL, Effect.FINANCIAL),
        (Category.DEPLOY, Effect.DEPLOYMENT),
        (Category.PRIVILEGE, Effect.PRIVILEGE),
        (Category.THIRD_PARTY, Effect.CHANGE),
        (None, Effect.CHANGE),
    ],
)
def test_the_rules_word_goes_first(category: Category | None, effect: Effect) -> None:
    """Where it has none, the general reading speaks."""
    assert effect_of(http("POST crm.example/contacts", {}), category) is effect


def test_quoting() -> None:
    """No value ends its quotes."""
    assert quoted("a`, and approved by `b") == "`a', and approved by 'b`"
