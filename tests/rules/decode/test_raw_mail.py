"""Mail that a body carries whole."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.decode.raw_mail import MAX_HEAD, recipients


def encoded(text: str) -> str:
    """The mail as Gmail takes it."""
    return base64.urlsafe_b64encode(text.encode()).decode()


CASES: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "one": (encoded("From: a@b.test\r\nTo: c@d.test\r\n\r\nhi"), ("c@d.test",)),
    "several": (
        encoded('To: "D, C" <c@d.test>, e@f.test\r\nCc: c@d.test\r\nBcc: g@h.test\r\n\r\nhi'),
        ("c@d.test", "e@f.test", "g@h.test"),
    ),
    "folded": (encoded("To: c@d.test,\r\n e@f.test\r\n\r\nhi"), ("c@d.test", "e@f.test")),
    "without padding": (encoded("To: c@d.test\r\n\r\nhello").rstrip("="), ("c@d.test",)),
    "in the plain alphabet": (
        base64.b64encode("To: c@d.test\nX: \xff\xfe?>\n\nhi".encode()).decode(),
        ("c@d.test",),
    ),
    "in lines": (
        "\r\n".join(encoded("To: c@d.test\r\n\r\nhi")[n : n + 8] for n in range(0, 40, 8)),
        ("c@d.test",),
    ),
    "what looks like one in its text": (encoded("From: a@b.test\n\nTo: c@d.test"), ()),
    "to nobody": (encoded("From: a@b.test\r\n\r\nhi"), ()),
    "no mail": (encoded("hello"), None),
    "another text": (encoded("a: b\n\nc"), None),
    "no base64": ("To: c@d.test", None),
    "half of a group": ("VG86I", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize("name", CASES)
def test_recipients(name: str) -> None:
    """Who gets it; None where it is no mail."""
    text, expected = CASES[name]
    assert recipients(text) == expected


def test_large_mail_is_read_at_its_head() -> None:
    """What is attached costs nothing."""
    assert recipients(encoded("To: c@d.test\r\n\r\n" + "a" * MAX_HEAD * 2)) == ("c@d.test",)


@given(st.text() | st.binary().map(lambda content: base64.urlsafe_b64encode(content).decode()))
def test_it_never_raises(text: str) -> None:
    """Whatever stands there."""
    recipients(text)
