"""Tests of a hold as a letter."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from proxy.channels.mail.letter import Subject, letter

LINK = "https://review.example/channels/mail/01X/abc"
EVIL = "x\r\nBcc: eve@evil.example\r\n\r\n.\r\n\u202e\u200b\x1b[31m<script>alert(1)</script>\U000e0041"


def subject(words: str = "pay 5 EUR", value: str = "rent", *, here: bool = True) -> Subject:
    """What a letter is of."""
    lines = [("request", value), ("sum", "5 EUR")]
    return Subject(hold_id="01X", tier=3, words=words, lines=lines, link=LINK, here=here, until="noon")


def sent(of: Subject) -> EmailMessage:
    """The letter as it arrives."""
    made = letter(of, sender="sidegate@books.example", address="ada@books.example", at=1.7e9)
    found = message_from_bytes(made.as_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def bodies(found: EmailMessage) -> tuple[str, str]:
    """Its text and its HTML."""
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain
    assert html
    return str(plain.get_content()), str(html.get_content())


def test_a_letter() -> None:
    """It says what, until when, and where, twice; our own words are not quoted."""
    found = sent(subject())
    plain, html = bodies(found)
    assert found["Subject"] == "[sidegate] tier 3: pay 5 EUR"
    assert (found["To"], found["Auto-Submitted"]) == ("ada@books.example", "auto-generated")
    for text in (plain, html):
        assert LINK in text
        assert "pay 5 EUR" in text
        assert "noon" in text
    assert "good for one decision" in plain
    assert "decided on the console" in bodies(sent(subject(here=False)))[0]


@pytest.mark.parametrize("where", ["words", "value"])
def test_what_others_wrote_does_nothing(where: str) -> None:
    """No header, no line that passes for ours, no script, nothing that hides or turns."""
    found = sent(subject(words=EVIL) if where == "words" else subject(value=EVIL))
    assert found["Bcc"] is None
    assert set(found.keys()) <= {
        *("From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "References"),
        *("MIME-Version", "Content-Type"),
    }
    plain, html = bodies(found)
    hidden = set("\u202e\u200b\x1b\U000e0041")
    assert not hidden & set(plain + html + str(found["Subject"]))
    assert "<script" not in html
    assert not any(line.startswith(("Bcc", ".")) for line in plain.splitlines())


def test_a_long_subject_is_cut() -> None:
    """However long and foreign the words are."""
    assert len(str(sent(subject(words="\u00e9" * 5000))["Subject"])) < 200
