"""Calls that carry no document have no operations, and keep what was read of those that do."""

from dataclasses import replace

from hypothesis import given

from rules.call import HttpCall
from rules.decode import operations
from rules.message import Message
from rules.normalize import normalize
from tests.rules.calls import http, messages
from tests.rules.messages import MESSAGES, readable


def test_most_calls_speak_no_such_language() -> None:
    """Reads, forms, JSON and unknown bodies at other places ask for no operation."""
    for call in (
        http("GET pay.test/v1/x?query=shoes"),
        http("POST pay.test/v1/x", {"query": "shoes", "amount": 5}),
        http("POST pay.test/v1/x", "query=red+shoes"),
        http("POST pay.test/v1/x", [1, "query", None]),
        http("PUT pay.test/v1/x", b"{ me }"),
        http("GET pay.test/graphql-docs/"),
        http("GET code.test/graphql/graphql-js"),
    ):
        assert operations(call) == ()


@given(request=MESSAGES | readable() | messages())
def test_a_call_carries_what_was_read_of_it(request: Message) -> None:
    """Reading again gives what normalization has kept; nothing makes it raise."""
    call = normalize(request)
    if isinstance(call, HttpCall):
        assert operations(replace(call, operations=())) == call.operations
