"""Bodies: every framing, in any pieces, and nothing that another reader reads differently."""

import re

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.http1.body import Body, Chunked, Inbox, Sized, Unreadable, UntilClose


def feed(body: Body, *pieces: bytes) -> tuple[bytes, bytes]:
    """What the body takes of the pieces, and what it leaves."""
    inbox, taken = Inbox(), b""
    for piece in pieces:
        inbox.data += piece
        taken += body.take(inbox)
    return taken, bytes(inbox.data)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """`data` in pieces of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def test_a_sized_body_takes_its_length() -> None:
    """Not a byte more, and it is complete with the last."""
    body = Sized(5)
    assert feed(body, b"he", b"llo", b"next") == (b"hello", b"next")
    assert body.done
    assert body.end()


def test_an_empty_body_is_complete_before_it_begins() -> None:
    """Nothing is waited for."""
    assert Sized(0).done


@pytest.mark.parametrize("body", [Sized(6), Chunked()], ids=["sized", "chunked"])
def test_a_body_whose_sender_leaves_early_is_not_complete(body: Body) -> None:
    """The end of the connection is not the end of the body."""
    feed(body, b"5\r\nhe")
    assert not body.done
    assert not body.end()


def test_a_body_until_close_ends_with_the_connection() -> None:
    """Everything belongs to it."""
    body = UntilClose()
    assert feed(body, b"hel", b"lo") == (b"hello", b"")
    assert not body.done
    assert body.end()
    assert body.done


@given(st.lists(st.binary(min_size=1, max_size=300)), st.lists(st.integers(1, 50)), st.binary(max_size=20))
def test_chunks_in_any_pieces(parts: list[bytes], sizes: list[int], rest: bytes) -> None:
    """Where segments end means nothing, and what follows is left."""
    sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    body = Chunked()
    assert feed(body, *cut(sent + rest, sizes)) == (b"".join(parts), rest)
    assert body.done
    assert not body.trailers


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (b"5;x=y\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b'5 ;x="y;z"\r\nhello\r\n0;last\r\n\r\n', b"hello"),
        (b"5  \r\nhello\r\n0  \r\n\r\n", b"hello"),
        (b"0005\r\nhello\r\n000\r\n\r\n", b"hello"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
    ],
    ids=["extension", "quoted extension", "padding", "leading zeros", "upper case"],
)
def test_what_chunks_may_carry(sent: bytes, taken: bytes) -> None:
    """Extensions mean nothing, and servers pad."""
    assert feed(Chunked(), sent) == (taken, b"")


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n",
        b"x\r\n",
        b"-5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5\nhello\n",
        b"5\r\nhello!\r\n",
        b"5\r\nhello\n\r",
        b"5\r\nhell\r\n0\r\n\r\n",
        b"5;\0\r\nhello\r\n",
        b"5;x\n;y\r\nhello\r\n",
        b"1" * 16 + b"\r\n",
        b"5;" + b"x" * 2000,
    ],
)
def test_chunks_outside_the_grammar_are_unreadable(sent: bytes) -> None:
    """No second reader gets the chance to see another body."""
    with pytest.raises(Unreadable):
        feed(Chunked(), sent)


def test_trailers_are_noticed_and_left_out() -> None:
    """Whoever cannot have them can refuse them."""
    body = Chunked()
    assert feed(body, b"1\r\nx\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\nnext") == (b"x", b"next")
    assert body.done
    assert body.trailers


def test_endless_trailers_are_unreadable() -> None:
    """A trailer line has a bound."""
    with pytest.raises(Unreadable):
        feed(Chunked(), b"0\r\nX-T: " + b"x" * 20_000)


_CHUNKISH = st.lists(
    st.sampled_from(
        [b"0", b"1", b"5", b"a", b"\r\n", b"\n", b"\r", b";", b" ", b"hello", b"x", b"\0", b"X-T: 1"]
    )
).map(b"".join)


@given(_CHUNKISH)
def test_no_other_reader_sees_another_body(sent: bytes) -> None:
    """Where our reading completes without trailers, h11 reads the same body and leaves the same rest."""
    body = Chunked()
    try:
        taken, rest = feed(body, sent)
    except Unreadable:
        return
    if not body.done or body.trailers:
        return
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + sent)
    reader.next_event()
    theirs = b""
    while isinstance(event := reader.next_event(), h11.Data):
        theirs += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert (taken, rest) == (theirs, reader.trailing_data[0])


def test_a_head_may_arrive_byte_by_byte() -> None:
    """The end of a head is found wherever the segments end, and only there."""
    inbox, end = Inbox(), re.compile(rb"\r\n\r\n")
    found = []
    for byte in b"a\r\n\r\nb\r\n\r\n":
        inbox.data.append(byte)
        found.append(inbox.take_through(end, most=100))
    assert [each for each in found if each] == [b"a\r\n\r\n", b"b\r\n\r\n"]


@pytest.mark.parametrize(
    "sent", [b"x" * 101, b"x" * 98 + b"\r\n\r\n"], ids=["no end", "end beyond the bound"]
)
def test_a_head_has_a_bound(sent: bytes) -> None:
    """Nothing is kept that is longer than allowed, whether or not its end is there."""
    inbox = Inbox()
    inbox.data += sent
    with pytest.raises(Unreadable) as caught:
        inbox.take_through(re.compile(rb"\r\n\r\n"), most=100)
    assert caught.value.refusal.status == 431
