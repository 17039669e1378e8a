"""Heads: what we accept is what h11, which knows nothing of our reader, accepts and reads the same."""

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from addons.http1.body import Inbox, Unreadable
from addons.http1.head import (
    AnswerHead,
    RequestHead,
    as_chunk,
    take_answer_head,
    take_request_head,
    writable,
    written,
)
from rules.headers import Fields

REQUEST = b"POST /v1/x?y=1 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"

_PIECES = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b"\x7f", b"\xff", b":", b",", b";", b"0", b"+", b"-",
    b"Host: h\r\n", b"Content-Length: 2\r\n", b"Content-Length: 02\r\n", b"Content-Length: 2, 2\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: Chunked\r\n", b"Transfer-Encoding:\tx\r\n",
    b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b" folded\r\n", b"X: \xe9\r\n",
    b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0", b"GET", b"HEAD", b"CONNECT", b"204", b"304", b"101",
]  # fmt: skip


@st.composite
def bent(draw: st.DrawFn, message: bytes) -> bytes:
    """`message` with pieces put in, bytes replaced, and bytes taken out."""
    data = bytearray(message)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 3))
        data[at : at + length] = draw(st.sampled_from(_PIECES) | st.binary(max_size=2))
    return bytes(data)


def request(data: bytes) -> tuple[RequestHead, bytes] | None:
    """Our reading of the first head and what it leaves, None if there is none."""
    inbox = Inbox()
    inbox.data += data
    try:
        head = take_request_head(inbox, most=65_536)
    except Unreadable:
        return None
    return (head, bytes(inbox.data)) if head else None


def answer(data: bytes, method: bytes) -> tuple[AnswerHead, bytes] | None:
    """Our reading of the first answer's head and what it leaves, None if there is none."""
    inbox = Inbox()
    inbox.data += data
    try:
        head = take_answer_head(inbox, method=method, most=65_536)
    except Unreadable:
        return None
    return (head, bytes(inbox.data)) if head else None


def theirs(message: h11.Request | h11.Response) -> list[tuple[bytes, bytes]]:
    """What h11 read; it writes the one coding that it knows in lower case."""
    return [(bytes(name), bytes(value)) for name, value in message.headers.raw_items()]


def ours(fields: Fields) -> list[tuple[bytes, bytes]]:
    """What we read, written as h11 does."""
    return [
        (name, value.lower() if name.lower() == b"transfer-encoding" else value) for name, value in fields
    ]


def test_a_request_head() -> None:
    """Everything is read as it stands."""
    read = request(REQUEST + b"hi")
    assert read is not None
    head, rest = read
    assert (head.method, head.target, head.version) == (b"POST", b"/v1/x?y=1", "HTTP/1.1")
    assert head.fields == (
        (b"Host", b"h"),
        (b"X-A", b"1"),
        (b"Content-Length", b"2"),
        (b"Connection", b"close"),
    )
    assert (head.length, head.keep_alive, head.expects_continue, rest) == (2, False, False, b"hi")


@given(bent(REQUEST))
@example(b"GET / HTTP/1.0\r\n\r\n")
def test_no_other_reader_sees_another_request(data: bytes) -> None:
    """What we accept, h11 accepts, with the same line, fields, length of the body and rest."""
    read = request(data)
    if read is None:
        return
    head, rest = read
    hosts = [name for name, _ in head.fields if name.lower() == b"host"]
    if len(hosts) != 1 and (hosts or head.version == "HTTP/1.1"):
        return  # h11 asks for one; that is for the gate to say
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(data)
    event = reader.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (head.method, head.target)
    assert theirs(event) == ours(head.fields)
    assert reader.trailing_data[0] == rest
    if head.length is not None and len(rest) >= head.length:
        body = b""
        while isinstance(part := reader.next_event(), h11.Data):
            body += part.data
        assert isinstance(part, h11.EndOfMessage)
        assert body == rest[: head.length]


@given(bent(ANSWER), st.sampled_from([b"GET", b"HEAD", b"POST"]))
@example(b"HTTP/1.1 200 OK\nX-A: 1\n b\n\n", b"GET")
def test_no_other_reader_sees_another_answer(data: bytes, method: bytes) -> None:
    """What we accept of a final answer, h11 accepts, with the same status, fields and body."""
    read = answer(data, method)
    if read is None or read[0].status < 200 or not 200 <= read[0].status <= 999:
        return
    head, rest = read
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(data)
    event = reader.next_event()
    assert isinstance(event, h11.Response)
    assert (event.status_code, bytes(event.reason)) == (head.status, head.phrase)
    assert theirs(event) == ours(head.fields)
    if head.length is not None and len(rest) >= head.length:
        body = b""
        while isinstance(part := reader.next_event(), h11.Data):
            body += part.data
        assert isinstance(part, h11.EndOfMessage)
        assert body == rest[: head.length]


@given(st.binary(max_size=200))
def test_random_bytes_never_do_worse_than_being_unreadable(data: bytes) -> None:
    """Nothing but Unreadable comes out of hostile input."""
    request(data)
    answer(data, b"GET")


_TEXT = st.text(st.characters(max_codepoint=255), max_size=8).map(lambda text: text.encode("latin-1"))


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=5).map(tuple))
@example(((b"bad name", b"x\r\nA: b"),))
def test_what_is_writable_is_read_as_it_was(fields: Fields) -> None:
    """A field that passes the check cannot become two, or the end of the head."""
    if not writable(fields):
        return
    read = answer(written(b"HTTP/1.1 200 OK", ((b"Content-Length", b"0"), *fields)), b"HEAD")
    if read is not None:
        assert read[0].fields[1:] == tuple((name, value.strip(b" \t")) for name, value in fields)
        assert read[1] == b""


def test_a_chunk_is_its_size_and_its_bytes() -> None:
    """No bytes make the last chunk."""
    assert as_chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert as_chunk(b"") == b"0\r\n\r\n"
