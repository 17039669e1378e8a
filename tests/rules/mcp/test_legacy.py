"""Where the messages of the oldest carrier are posted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.mcp.legacy import endpoint_in

_STREAM = "https://bank.example/sse?account=2"


@pytest.mark.parametrize(
    ("data", "url"),
    [
        (b"/messages/?session_id=7", "https://bank.example/messages/?session_id=7"),
        (b"messages", "https://bank.example/messages"),
        (b"?session=7", "https://bank.example/sse?session=7"),
        (b"https://bank.example/m", "https://bank.example/m"),
        (b"https://bank.example:444/m", None),
        (b"http://bank.example/m", None),
        (b"https://other.example/m", None),
        (b"//other.example/m", None),
        (b"https://a@bank.example/m", None),
        (b"https://[bank/m", None),
        (b"/messages#part", None),
        (b"/mess ages", None),
        ("/m\u00e9".encode(), None),
        (b"/m\n/n", None),
        (b"", None),
        (b"/" + b"m" * 4000, None),
    ],
    ids=[
        "path",
        "relative",
        "query",
        "whole",
        "port",
        "scheme",
        "host",
        "host without scheme",
        "user",
        "no url",
        "fragment",
        "space",
        "letters",
        "two lines",
        "nothing",
        "long",
    ],
)
def test_the_place_is_at_the_streams_own_origin(data: bytes, url: str | None) -> None:
    """Nobody is led elsewhere."""
    assert endpoint_in(data, _STREAM) == url


@given(st.binary(max_size=60))
def test_whatever_is_sent(data: bytes) -> None:
    """It does not raise, and what is found is at the origin."""
    url = endpoint_in(data, _STREAM)
    assert url is None or url.startswith("https://bank.example")
