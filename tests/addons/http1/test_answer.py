"""Our writing of answers: one answer and nothing else, framed for the client that asked."""

from dataclasses import replace

import pytest

from addons.http1.answer import Answer, sound, whole
from addons.http1.head import AnswerHead, RequestHead
from rules.headers import Fields
from rules.reply import Reply

GET = RequestHead(
    method=b"GET",
    target=b"/",
    version="HTTP/1.1",
    fields=(),
    length=0,
    keep_alive=True,
    expects_continue=False,
)
OLD = replace(GET, version="HTTP/1.0", keep_alive=False)
HEAD = replace(GET, method=b"HEAD")
OK = AnswerHead(
    status=200,
    phrase=b"OK",
    fields=((b"X-A", b"1"), (b"content-length", b"007")),
    length=7,
    chunked=False,
    keep_alive=True,
)
UNKNOWN = replace(OK, fields=((b"X-A", b"1"), (b"Transfer-Encoding", b"chunked")), length=None, chunked=True)


@pytest.mark.parametrize(
    ("request_head", "answer", "fields"),
    [
        (GET, OK, b"X-A: 1\r\nContent-Length: 7\r\n"),
        (OLD, OK, b"X-A: 1\r\nContent-Length: 7\r\nConnection: close\r\n"),
        (HEAD, OK, b"X-A: 1\r\ncontent-length: 007\r\n"),
        (GET, replace(OK, status=304, length=0), b"X-A: 1\r\ncontent-length: 007\r\n"),
        (GET, replace(OK, status=204, length=0), b"X-A: 1\r\n"),
        (GET, UNKNOWN, b"X-A: 1\r\nTransfer-Encoding: chunked\r\n"),
        (OLD, UNKNOWN, b"X-A: 1\r\nConnection: close\r\n"),
        (
            GET,
            replace(OK, fields=((b"Connection", b"content-length, x-a"), *OK.fields)),
            b"Content-Length: 7\r\n",
        ),
    ],
    ids=[
        "sized",
        "sized for an old client",
        "head",
        "304",
        "204",
        "unknown length",
        "unknown length for an old client",
        "length named as this hop's",
    ],
)
def test_a_head_carries_our_framing(request_head: RequestHead, answer: AnswerHead, fields: bytes) -> None:
    """Whatever the upstream said about lengths and connections, the client is told what it gets."""
    written = Answer(request_head).head(answer)
    assert written == b"HTTP/1.1 %d OK\r\n%b\r\n" % (answer.status, fields)


def test_chunks_only_where_they_were_announced() -> None:
    """The pieces fit the head."""
    chunked, plain = Answer(GET), Answer(GET)
    chunked.head(UNKNOWN)
    plain.head(OK)
    assert (chunked.data(b"hello"), chunked.end()) == (b"5\r\nhello\r\n", b"0\r\n\r\n")
    assert (plain.data(b"hello"), plain.end()) == (b"hello", b"")


def test_the_gates_answer_has_a_phrase_in_any_case() -> None:
    """Its own, or the one that the status usually has, or none."""
    assert whole(Reply(status=403, phrase="Held"), None, keep_alive=True).startswith(b"HTTP/1.1 403 Held\r\n")
    assert whole(Reply(status=403), None, keep_alive=True).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert whole(Reply(status=599), None, keep_alive=False) == (
        b"HTTP/1.1 599 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("status", "fields", "phrase", "expected"),
    [
        (403, ((b"X-A", b"1"),), "Held for approval 01H", True),
        (200, (), "", True),
        (99, (), "", False),
        (101, (), "", False),
        (600, (), "", False),
        (200, (), "OK\r\nX: 1", False),
        (200, (), "caf\u00e9", False),
        (200, ((b"X-A", b"1\r\nX-B: 2"),), "", False),
        (200, ((b"X-A\r\nX-B", b"2"),), "", False),
        (200, ((b"X A", b"2"),), "", False),
        (200, ((b"", b"2"),), "", False),
        (200, ((b"X-A", b"\0"),), "", False),
        (200, ((b"X-A:", b"x"),), "", False),
    ],
)
def test_only_what_stays_one_answer_is_sound(
    status: int, fields: Fields, phrase: str, expected: bool
) -> None:
    """A status, a phrase or a field that would become something else on the wire is found."""
    assert sound(Reply(status=status, fields=fields, phrase=phrase)) is expected


class Late:
    """A rewriting that gives everything on at the end, in capitals."""

    def __init__(self, *, leaves: bool = False) -> None:
        self._kept = b""
        self._leaves = leaves

    def head(self, status: int, fields: Fields) -> Fields | None:
        """Mark the head, or leave the answer alone."""
        return None if self._leaves else (*fields, (b"X-Late", b"1"))

    def data(self, data: bytes) -> bytes:
        """Keep it."""
        self._kept += data
        return b""

    def end(self) -> bytes:
        """Give it."""
        return self._kept.upper()


@pytest.mark.parametrize(
    ("request_head", "framing", "body"),
    [
        (GET, b"Transfer-Encoding: chunked\r\n", b"6\r\nABCDEF\r\n0\r\n\r\n"),
        (OLD, b"Connection: close\r\n", b"ABCDEF"),
    ],
    ids=["chunked", "old client"],
)
def test_a_rewritten_answer_has_no_length_and_no_empty_chunk(
    request_head: RequestHead, framing: bytes, body: bytes
) -> None:
    """An empty chunk in the middle would end it."""
    answer = Answer(request_head, Late())
    head = answer.head(OK)
    assert b"X-Late: 1\r\n" in head
    assert head.endswith(framing + b"\r\n")
    assert answer.data(b"abc") + answer.data(b"def") + answer.end() == body


def test_an_answer_that_is_left_alone_is_as_it_was() -> None:
    """Its length too."""
    answer = Answer(GET, Late(leaves=True))
    assert b"Content-Length: 7\r\n" in answer.head(OK)
    assert answer.data(b"1234567") + answer.end() == b"1234567"


class Watching(Late):
    """A rewriting that changes nothing."""

    def head(self, status: int, fields: Fields) -> Fields | None:
        """The very same."""
        return fields

    def data(self, data: bytes) -> bytes:
        """The same."""
        return data


def test_an_answer_that_is_only_looked_at_keeps_its_length() -> None:
    """Byte for byte what the upstream sent."""
    answer = Answer(GET, Watching())
    assert b"Content-Length: 7\r\n" in answer.head(OK)
    assert answer.data(b"1234567") + answer.end() == b"1234567"
