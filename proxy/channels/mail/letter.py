"""A hold as a letter: plain text and HTML, in which what others wrote neither acts nor hides."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from functools import cache

from jinja2 import Environment

from proxy.channels.told import Lines
from proxy.console.pages.rendering import environment
from rules.review.inert import in_ascii, mail

_MOST_SUBJECT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a letter is of. `link`: where this reviewer decides; `here`: whether that needs no login."""

    hold_id: str
    tier: int
    words: str
    lines: Lines
    link: str
    here: bool
    until: str
    again: str = ""
    """What stands before it where it is told once more."""


def letter(subject: Subject, *, sender: str, address: str, at: float) -> EmailMessage:
    """The letter to one reviewer."""
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = address
    words, before = in_ascii(subject.words), f"{subject.again}: " if subject.again else ""
    made["Subject"] = f"[sidegate] {in_ascii(before)}tier {subject.tier}: {words[:_MOST_SUBJECT]}"
    made["Date"] = formatdate(at)
    made["Message-Id"] = f"<{subject.hold_id}.{int(at)}@sidegate.invalid>"
    # No answering machine shall answer, and every letter of a hold is one conversation.
    made["Auto-Submitted"] = "auto-generated"
    made["References"] = f"<{subject.hold_id}@sidegate.invalid>"
    made.set_content(_plain(subject))
    made.add_alternative(
        _templates().get_template("letter.html").render({"subject": subject}), subtype="html"
    )
    return made


@cache
def _templates() -> Environment:
    return environment()


def _plain(subject: Subject) -> str:
    facts = "\n".join(f"{label}:\n{_quoted(value)}" for label, value in subject.lines)
    return (
        f"An agent asks to:\n{_quoted(subject.words)}\n\n"
        f"It is tier {subject.tier}, and waits for a decision until {subject.until}.\n"
        f"{_way(subject)}:\n\n{subject.link}\n\n"
        f"Lines that begin with > are the call's, not ours.\n\n{facts}\n"
    )


def _way(subject: Subject) -> str:
    if subject.here:
        return "Look at it and decide there; the link is yours alone, and good for one decision"
    return "It is decided on the console"


def _quoted(text: str) -> str:
    return mail(text).replace("\r\n", "\n")
