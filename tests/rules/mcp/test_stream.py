"""Answers edited on their way back, in whatever pieces they arrive."""

import json
from typing import Any

import pytest

from rules.headers import Fields
from rules.mcp.message import Message, Notification, Request, Result
from rules.mcp.stream import MAX_MESSAGE_BYTES, Rewriting

_EVENTS: Fields = ((b"Content-Type", b"text/event-stream"), (b"Content-Length", b"7"), (b"X", b"y"))
_JSON: Fields = ((b"content-type", b"application/json; charset=utf-8"),)


def _edit(message: Message) -> Message | None:
    """Results get a mark, notifications are dropped, requests become pings."""
    match message:
        case Result(id=id_, result=result):
            return Result(id=id_, result=result | {"marked": True})
        case Request(id=id_):
            return Request(id=id_, method="ping")
        case Notification():
            return None
        case _:
            return message


def _through(text: bytes, fields: Fields = _EVENTS, *, pieces: bool = False) -> bytes:
    rewriting = Rewriting(_edit, documents=True)
    assert rewriting.head(200, fields) is not None
    chunks = [text[n : n + 1] for n in range(len(text))] if pieces else [text]
    return b"".join(map(rewriting.data, chunks)) + rewriting.end()


def _messages(stream: bytes) -> list[Any]:
    lines = [line for line in stream.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line[6:]) for line in lines]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("pieces", [False, True], ids=["whole", "bytes"])
def test_events_are_edited_one_by_one(end: bytes, pieces: bool) -> None:
    """Whatever ends their lines, and however they arrive; other fields stay."""
    lines = [
        b": hello",
        b"",
        b"event: message",
        b"id: 7",
        b'data: {"jsonrpc":"2.0","id":1,',
        b'data: "result":{}}',
        b"",
        b"id: 8",
        b'data: {"jsonrpc":"2.0","method":"notifications/message"}',
        b"",
        b'data: {"jsonrpc":"2.0","id":"s","method":"sampling/createMessage"}',
        b"",
        b"",
    ]
    out = _through(end.join(lines), pieces=pieces)
    result, ping = _messages(out)
    assert result["result"] == {"marked": True}
    assert (ping["id"], ping["method"]) == ("s", "ping")
    assert b": hello\n\n" in out
    assert b"event: message\nid: 7\ndata: " in out
    assert b"id: 8\n\n" in out
    assert b"notifications/message" not in out


@pytest.mark.parametrize("believed", [True, False])
def test_where_messages_are_posted_is_told_first(believed: bool) -> None:
    """As the server wrote it, if it is believed; what is no name of that event is read as ever."""
    told = list[bytes]()

    def named(data: bytes) -> bool:
        told.append(data)
        return believed

    rewriting = Rewriting(_edit, documents=False, named=named)
    assert rewriting.head(200, _EVENTS) is not None
    out = rewriting.data(b": ping\r\n\r\nevent: endpoint\r\ndata: /post?id=7\r\n\r\n")
    assert told == [b"/post?id=7"]
    assert out == b": ping\n\n" + (b"event: endpoint\r\ndata: /post?id=7\n\n" if believed else b"")
    assert rewriting.data(b"event: endpoints\ndata: /other\n\n") == b""


def test_an_event_that_has_no_end_or_no_reading_is_none() -> None:
    """Nothing that was not read reaches the agent."""
    request = b'{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage"}'
    assert _through(b"data: " + request) == b""
    assert _through(b"data: " + request.replace(b'"id"', b'"id":1,"id"') + b"\n\n") == b""
    assert _through(b"data: starting ...\n\n") == b""


def test_a_document_is_edited_whole() -> None:
    """Its length is not known before its end."""
    out = _through(b'{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}', _JSON, pieces=True)
    assert json.loads(out)["result"] == {"tools": [], "marked": True}


@pytest.mark.parametrize(
    ("status", "fields", "documents"),
    [
        (200, _JSON, False),
        (404, _JSON, True),
        (200, ((b"Content-Type", b"text/html"),), True),
        (200, (*_EVENTS, (b"Content-Encoding", b"gzip")), True),
        (200, (), True),
    ],
    ids=["not asked for", "error", "page", "encoded", "no type"],
)
def test_other_answers_are_left_alone(status: int, fields: Fields, documents: bool) -> None:
    """What is no message is not held back."""
    assert Rewriting(_edit, documents=documents).head(status, fields) is None


def test_the_length_of_an_edited_answer_is_not_told() -> None:
    """It would be the old one."""
    assert Rewriting(_edit, documents=True).head(200, _EVENTS) == (_EVENTS[0], _EVENTS[2])


@pytest.mark.parametrize("fields", [_EVENTS, _JSON], ids=["events", "document"])
def test_a_message_without_bound_is_dropped(fields: Fields) -> None:
    """Memory is bounded, and what comes after it is read again."""
    rewriting = Rewriting(_edit, documents=True)
    rewriting.head(200, fields)
    piece = b"data: " + b"x" * (1024 * 1024)
    out = b"".join(rewriting.data(piece) for _ in range(MAX_MESSAGE_BYTES // len(piece) + 2))
    out += rewriting.data(b'tail\n\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n') + rewriting.end()
    assert len(out) < 200
    assert [message["id"] for message in _messages(out)] == ([1] if fields is _EVENTS else [])
