"""Tests of load: which answers are right, early, or wrong."""

import pytest

from tests.bench.load import WrongAnswer, get_request, is_right_answer

ITEM = b'{"a": 1}'
RIGHT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n" + ITEM


def test_right_answer() -> None:
    """A 200 with the whole item is right, wherever its content-length stands."""
    assert is_right_answer(RIGHT, ITEM)
    assert is_right_answer(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nx: y\r\n\r\n" + ITEM, ITEM)


@pytest.mark.parametrize("cut", range(len(RIGHT)))
def test_an_answer_cut_anywhere_is_unfinished(cut: int) -> None:
    """Every beginning of a right answer is waited on."""
    assert not is_right_answer(RIGHT[:cut], ITEM)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(RIGHT.replace(b"200 OK", b"403 Held"), id="held"),
        pytest.param(RIGHT.replace(b"200 OK", b"503 Gate"), id="refused"),
        pytest.param(RIGHT.replace(b"HTTP/1.1", b"HTTP/1.0"), id="older version"),
        pytest.param(RIGHT.replace(b"1}", b"2}"), id="another body"),
        pytest.param(RIGHT + b"x", id="a byte too many"),
        pytest.param(RIGHT.replace(b"Length: 8", b"Length: 88"), id="another length"),
        pytest.param(RIGHT.replace(b"Content-Length: 8", b"X: content-length: 8"), id="no length"),
    ],
)
def test_wrong_answers(answer: bytes) -> None:
    """Anything but the upstream's own answer fails the run."""
    with pytest.raises(WrongAnswer):
        is_right_answer(answer, ITEM)


def test_the_request_names_the_authority_of_the_tunnel() -> None:
    """Host and port agree with CONNECT, or the gate would refuse the call."""
    assert b"\r\nhost: localhost:8443\r\n" in get_request("/item", 8443)
