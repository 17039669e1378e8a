"""Taking in requests: one after the other, whole, and within bounds."""

import pytest

from addons.http1.body import Unreadable
from addons.http1.intake import Intake
from rules.request.body import MAX_BODY_BYTES

POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"


def test_one_request_at_a_time() -> None:
    """The next is not looked at before the first is forgotten."""
    intake = Intake()
    intake.receive(POST + b"hello" + POST + b"world")
    assert intake.request() == (intake.head, b"hello")
    assert len(intake) == len(POST) + 5
    intake.forget()
    assert intake.request() == (intake.head, b"world")
    intake.forget()
    assert intake.request() is None


def test_the_head_is_known_before_the_body() -> None:
    """A refusal in the middle of a body still knows what was asked."""
    intake = Intake()
    intake.receive(POST + b"hel")
    assert intake.request() is None
    assert intake.head is not None
    assert intake.head.method == b"POST"


def test_a_client_is_asked_once() -> None:
    """Only one that says so, before its body has begun."""
    intake = Intake()
    assert not intake.waits_to_be_asked()
    intake.receive(POST.replace(b"Host", b"Expect: 100-continue\r\nHost"))
    intake.request()
    assert [intake.waits_to_be_asked(), intake.waits_to_be_asked()] == [True, False]


def test_the_rest_is_another_protocols() -> None:
    """Bytes behind a request can be taken out."""
    intake = Intake()
    intake.receive(POST + b"hello\x16\x03")
    intake.request()
    assert intake.rest() == b"\x16\x03"
    assert len(intake) == 0


@pytest.mark.parametrize("size", [MAX_BODY_BYTES, MAX_BODY_BYTES + 1])
def test_an_announced_body_has_a_bound(size: int) -> None:
    """What is announced is enough to refuse."""
    intake = Intake()
    intake.receive(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
    if size == MAX_BODY_BYTES:
        assert intake.request() is None
    else:
        with pytest.raises(Unreadable) as caught:
            intake.request()
        assert caught.value.refusal.status == 413
