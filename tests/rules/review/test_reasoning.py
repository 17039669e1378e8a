"""Tests of what the agent says for itself."""

import pytest

from rules.action import Principal, bind
from rules.headers import framed
from rules.mcp.message import Members, Notification, Request, Result, meta_of
from rules.review.reasoning import META_KEY, MOST, said_by, said_in, unsaid
from tests.rules.calls import http

SAID = {"Sidegate-Reasoning": "the invoice is due"}


@pytest.mark.parametrize("name", ["Sidegate-Reasoning", "sidegate-reasoning", "SIDEGATE_REASONING"])
def test_it_is_never_sent_and_never_bound(name: str) -> None:
    """Neither the upstream nor the digest knows of it, in any spelling of its name."""
    call = http("POST bank.example/transfers", {"a": 1}, headers={name: "x"})
    plain = http("POST bank.example/transfers", {"a": 1})
    who = Principal(agent="a")
    assert all(b"reasoning" not in field.lower() for field, _ in framed(call.fields, b"POST", call.body))
    actions = [bind(each, who, credentials=frozenset()) for each in (call, plain)]
    assert actions[0].digest == actions[1].digest


def test_what_is_read() -> None:
    """UTF-8, bounded, with what is no text replaced; nothing where nothing is said."""
    assert said_by(http("GET a.example/", headers=SAID).fields) == "the invoice is due"
    assert said_by(http("GET a.example/").fields) == ""
    assert said_by(((b"Sidegate-Reasoning", b"\xff caf\xc3\xa9"),)) == "\ufffd café"
    assert len(said_by(((b"sidegate-reasoning", b"x" * 9000),))) == MOST


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (Request(id=1, method="tools/call", params={"_meta": {META_KEY: "x", "other": 1}}), {"other": 1}),
        (Notification(method="n", params={"_meta": {META_KEY: "x"}}), {}),
        (Request(id=1, method="tools/call", params={"_meta": {"other": 1}}), {"other": 1}),
        (Request(id=1, method="tools/call"), {}),
    ],
)
def test_no_server_hears_it(message: Request | Notification, kept: Members) -> None:
    """Nothing else of the message is touched."""
    sent = unsaid(message)
    assert isinstance(sent, Request | Notification)
    assert meta_of(sent) == kept
    assert sent.method == message.method
    assert unsaid(Result(id=1, result={"_meta": {META_KEY: "x"}})) == Result(
        id=1, result={"_meta": {META_KEY: "x"}}
    )


def test_what_mcp_says() -> None:
    """A text in `_meta`; anything else is nothing."""
    assert said_in({META_KEY: " because "}) == "because"
    assert said_in({META_KEY: ["because"]}) == ""
    assert said_in({}) == ""
    assert len(said_in({META_KEY: "x" * 9000})) == MOST
