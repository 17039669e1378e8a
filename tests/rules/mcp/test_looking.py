"""Answers that are given on as they are, and looked at."""

import pytest

from rules.headers import Fields
from rules.mcp.looking import MAX_BYTES, Looking
from rules.mcp.message import Message, Result
from rules.mcp.stream import Rewriting

_JSON: Fields = ((b"Content-Type", b"application/json"), (b"Content-Length", b"40"))
_TEXT = b'{ "jsonrpc":"2.0", "id":1, "result":{} }'


def _looking(seen: list[Message]) -> Looking:
    return Looking(Rewriting(lambda message: message, documents=False), seen.append)


def test_a_document_is_given_on_at_once_and_read_at_its_end() -> None:
    """Byte for byte; its length is the gate's to write."""
    seen = list[Message]()
    looking = _looking(seen)
    assert looking.head(200, _JSON) == _JSON[:1]
    assert b"".join(looking.data(_TEXT[n : n + 1]) for n in range(len(_TEXT))) == _TEXT
    assert seen == []
    assert looking.end() == b""
    assert seen == [Result(id=1, result={})]


def test_events_are_edited_as_ever() -> None:
    """They are looked at where they are edited."""
    seen = list[Message]()
    looking = _looking(seen)
    assert looking.head(200, ((b"Content-Type", b"text/event-stream"),)) is not None
    assert looking.data(b"data: " + _TEXT + b"\n\n") == b'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'
    assert looking.end() == b""
    assert seen == []


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (202, _JSON),
        (200, ((b"Content-Type", b"text/html"),)),
        (200, (*_JSON, (b"Content-Encoding", b"gzip"))),
    ],
    ids=["no answer", "page", "encoded"],
)
def test_all_else_is_left_alone(status: int, fields: Fields) -> None:
    """Nothing of it can be read."""
    assert _looking([]).head(status, fields) is None


@pytest.mark.parametrize("text", [b"", b"no message", b"x" * (MAX_BYTES + 1)], ids=["empty", "text", "long"])
def test_what_cannot_be_read_is_given_on(text: bytes) -> None:
    """Whatever it is, it is the agent's."""
    seen = list[Message]()
    looking = _looking(seen)
    looking.head(200, _JSON)
    assert looking.data(text) + looking.data(b"!") + looking.end() == text + b"!"
    assert seen == []
