"""Decision links: what a case writes for one is replaced by the link that a reviewer was really sent.

A case says `/d/h_1?act=approve&sig=VALID` of the first hold that waits, `SIG_OF_h_2` for the signature that
belongs to another one, and `exp` in the past for a link whose time is over. A signature of any other words
is sent as it is.
"""

import re
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from urllib.parse import parse_qsl, urlencode

from tests.acceptance.processes import until
from tests.evasion.agent import send
from tests.evasion.corpus import Case, Segment, Transport
from tests.evasion.subject import Subject
from tests.proxy.channels.mail.postbox import Postbox

_SHORT_SECONDS = 4
_CONFIG = """\
console: {{names: [console.test]}}
channels:
  allow: [127.0.0.1]
  mail:
    host: localhost
    port: {port}
    security: none
    sender: sidegate@books.example
    recipients: [{{address: ada@books.example, reviewer: operator}}]
"""
# The hold outlives the link: nothing but the link's own time stands between it and a decision.
_SHORT = f"""\
windows: {{decision: {_SHORT_SECONDS}, grace_tier_3: 0, grace_tier_4: 0}}
review: {{on_timeout: keep_waiting}}
"""
_LINE = re.compile(rb"(?P<method>[A-Z]+) /d/(?P<hold>[^ ?]*)\?(?P<query>[^ ]*) HTTP/1\.1\r\n")
_SENT = re.compile(r"http://\S+/channels/mail/(?P<hold_id>\w+)/(?P<seal>\S+)")
_UNTIL = re.compile(r"waits for a decision until (\S+)\.\s")
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A link as a case has it. `rest`: what its query says besides the signature."""

    method: str
    hold: str
    signature: str
    rest: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, data: bytes) -> Self | None:
        """What a case's bytes begin with, or None where that is no decision link."""
        if not (found := _LINE.match(data)):
            return None
        query = parse_qsl(found["query"].decode("latin-1"), keep_blank_values=True)
        return cls(
            method=found["method"].decode(),
            hold=found["hold"].decode("latin-1"),
            signature=next((value for name, value in query if name == "sig"), ""),
            rest=tuple(pair for pair in query if pair[0] != "sig"),
        )

    @property
    def late(self) -> bool:
        """Whether its time shall be over."""
        ends = dict(self.rest).get("exp", "")
        return ends.isdecimal() and int(ends) < time.time()

    @property
    def signed_for(self) -> str | None:
        """The hold to whose link the signature belongs, or None where nobody has made it."""
        if self.signature == "VALID":
            return self.hold
        name = self.signature.removeprefix("SIG_OF_")
        return name if name != self.signature else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The link in a letter. `ends`: until when it can be used, in seconds since 1970."""

    hold_id: str
    seal: str
    ends: float


def config(case: Case, box: Postbox) -> str:
    """What the sidecar's configuration says of letters for this case."""
    asked = Asked.of(case.data)
    return _CONFIG.format(port=box.port) + (_SHORT if asked is not None and asked.late else "")


def filled(case: Case, subject: Subject, box: Postbox) -> Case:
    """The case with a real link, whose holds wait now. Raises AssertionError if no letter comes."""
    asked = Asked.of(case.data)
    if asked is None:
        return case
    names = dict.fromkeys(name for name in (asked.hold, asked.signed_for) if name)
    sent = {name: _letter_of(subject, box, name) for name in names}
    if asked.late:
        until(lambda: time.time() > sent[asked.hold].ends, deadline=_PATIENCE_SECONDS, what="its time to end")
    seal = sent[asked.signed_for].seal if asked.signed_for else asked.signature
    path = f"/channels/mail/{sent[asked.hold].hold_id}/{seal}?{urlencode(asked.rest)}"
    head = f"{asked.method} {path} HTTP/1.1\r\n".encode()
    data = _with_form(_LINE.sub(lambda _: head, case.data, count=1), asked)
    return replace(case, segments=(Segment(data=data, delay=0),))


def _with_form(data: bytes, asked: Asked) -> bytes:
    """A POST that says in its address alone what it wants says it in our form too."""
    if asked.method != "POST" or not data.endswith(b"\r\n\r\n"):
        return data
    form = urlencode({"decision": dict(asked.rest).get("act", "")})
    fields = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}"
    return data[:-2] + fields.encode()


def _letter_of(subject: Subject, box: Postbox, name: str) -> Sent:
    body = f'{{"to": "{name}@example.com"}}'
    ask = (
        f"POST /send HTTP/1.1\r\nHost: mail.test\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    heard = send(_request(ask.encode()), port=subject.port)
    hold_id = next((answer.hold for answer in heard.answers if answer.hold), None)
    assert hold_id, f"the call for `{name}` is not held: {heard.data[:200]!r}"
    return until(lambda: _delivered(box, hold_id), deadline=_PATIENCE_SECONDS, what="the letter")


def _request(data: bytes) -> Case:
    return Case(
        id="asks",
        layer="",
        title="",
        level="",
        transport=Transport.CONNECT_TLS,
        connect="mail.test:443",
        sni="mail.test",
        alpn=(),
        segments=(Segment(data=data, delay=0),),
        expected=frozenset({"hold"}),
        forbidden=(),
    )


def _delivered(box: Postbox, hold_id: str) -> Sent | None:
    for letter in box.letters:
        plain = letter.get_body(("plain",))
        text = str(plain.get_content()) if plain else ""
        link, ends = _SENT.search(text), _UNTIL.search(text)
        if link and ends and link["hold_id"] == hold_id:
            # The letter leaves out the fraction of a second.
            last = datetime.fromisoformat(ends[1]).timestamp() + 1
            return Sent(hold_id=hold_id, seal=link["seal"], ends=last)
    return None
