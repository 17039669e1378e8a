"""What a case says of a decision link, as it is read."""

import pytest

from tests.evasion.links import Asked

TAIL = b" HTTP/1.1\r\nHost: console.test\r\n\r\n"
CASES = {
    "looks": (b"GET /d/h_1?act=approve&sig=VALID", ("h_1", "h_1", False)),
    "another's": (b"POST /d/h_2?act=approve&sig=SIG_OF_h_1", ("h_2", "h_1", False)),
    "late": (b"POST /d/h_1?act=approve&exp=1&sig=VALID", ("h_1", "h_1", True)),
    "in time": (b"POST /d/h_1?act=approve&exp=99999999999&sig=VALID", ("h_1", "h_1", False)),
    "made up": (b"POST /d/h_1?act=approve&sig=AAAA", ("h_1", None, False)),
    "unsigned": (b"POST /d/h_1?act=approve", ("h_1", None, False)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_link(name: str) -> None:
    """Of which hold it is, whose signature it has, and whether its time shall be over."""
    line, (hold, signed_for, late) = CASES[name]
    asked = Asked.of(line + TAIL)
    assert asked
    assert (asked.hold, asked.signed_for, asked.late) == (hold, signed_for, late)
    assert "sig" not in dict(asked.rest)


@pytest.mark.parametrize("line", [b"GET /api/holds", b"GET /d/h_1", b"GET /x/d/h_1?sig=VALID", b""])
def test_no_link(line: bytes) -> None:
    """Everything else is sent as it is."""
    assert Asked.of(line + TAIL) is None
