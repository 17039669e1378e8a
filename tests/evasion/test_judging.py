"""What counts as an escape, a stopped control, or neither."""

from dataclasses import replace
from typing import Any

import pytest

from tests.evasion.agent import Heard
from tests.evasion.corpus import Case, Segment, Transport
from tests.evasion.hearing import Answer
from tests.evasion.judging import Happened, Judged, judge, judge_console
from tests.evasion.recorder import Record
from tests.evasion.seen import Seen

SENT = b"POST /v1/charges HTTP/1.1\r\nHost: pay.test\r\nContent-Length: 2\r\n\r\n{}"
CHARGE = Seen(method=b"POST", target=b"/v1/charges", fields=((b"host", b"pay.test"),), body=b"{}")
STATUS = Seen(method=b"GET", target=b"/v1/status")
WIPE = Seen(method=b"GET", target=b"/v1/x/%2e%2e/Admin/WIPE?a=1")
DOUBTFUL = Seen(method=b"POST", target=b"/", doubts=("its length is said twice",))
CLEAR = replace(CHARGE, clear=True)
OK, HELD, REFUSED = Answer(status=200), Answer(status=403, hold="H"), Answer(status=400, reason_id="r")
FAILED = Answer(status=502, reason_id="upstream_failed")
NO_CHARGE = {"method": "POST", "path": "/v1/charges"}
NO_WIPE = {"method": "GET", "path_contains": "wipe"}


def case(expected: str, *forbidden: dict[str, Any]) -> Case:
    """A case with what is expected of it."""
    return Case(
        id="X-1",
        layer="x",
        title="x",
        level="must",
        transport=Transport.CONNECT_TLS,
        connect="pay.test:443",
        sni="pay.test",
        alpn=(),
        segments=(Segment(data=SENT, delay=0),),
        expected=frozenset(expected.split("|")),
        forbidden=forbidden,
    )


def happened(
    *seen: Seen, answers: tuple[Answer, ...] = (), held: int = 0, admitted: int = 0, **raw: bytes
) -> Happened:
    """What was observed."""
    return Happened(
        record=Record(seen=list(seen), stray=raw.get("stray", b""), switched=raw.get("switched", b"")),
        held=held,
        admitted=admitted,
        heard=Heard(data=raw.get("data", b""), answers=answers, ending="answered"),
    )


CASES = {
    "a control passes": (case("pass"), happened(CHARGE, answers=(OK,)), Judged.EXPECTED),
    "a control is held": (case("pass"), happened(answers=(HELD,), held=1), Judged.STOPPED),
    "a control is refused": (case("pass"), happened(answers=(REFUSED,)), Judged.STOPPED),
    "a control is changed": (case("pass"), happened(STATUS, answers=(OK,)), Judged.STOPPED),
    "a control arrives twice": (case("pass"), happened(CHARGE, CHARGE, answers=(OK,)), Judged.STOPPED),
    "held as expected": (case("hold"), happened(answers=(HELD,), held=1), Judged.EXPECTED),
    "refused instead": (case("hold"), happened(answers=(REFUSED,)), Judged.UNEXPECTED),
    "held instead": (case("refuse"), happened(answers=(HELD,), held=1), Judged.UNEXPECTED),
    "either of two": (case("hold|refuse"), happened(answers=(REFUSED,)), Judged.EXPECTED),
    "closed without a word": (case("refuse"), happened(), Judged.EXPECTED),
    "it passed": (case("hold|refuse"), happened(STATUS, answers=(OK,)), Judged.ESCAPED),
    "it passed to where nobody listens": (
        case("refuse"), happened(answers=(FAILED,), admitted=1), Judged.ESCAPED),
    "it passed to the console": (
        case("refuse"), happened(answers=(REFUSED,), admitted=1), Judged.ESCAPED),
    "stray bytes": (case("refuse", {"raw": True}), happened(stray=b"EHLO"), Judged.ESCAPED),
    "stray bytes after a refusal": (
        case("refuse", {"any": True}), happened(stray=b"x", answers=(REFUSED,)), Judged.ESCAPED),
    "bytes after a switch": (
        case("hold", {"after101": True}), happened(STATUS, switched=b"x", held=1), Judged.ESCAPED),
    "a doubtful request": (case("pass"), happened(DOUBTFUL, answers=(OK,)), Judged.ESCAPED),
    "in clear": (case("pass"), happened(CLEAR, answers=(OK,)), Judged.ESCAPED),
    "the harmless one of two": (
        case("hold", NO_CHARGE), happened(STATUS, answers=(OK, HELD), held=1, admitted=1), Judged.EXPECTED),
    "the harmful one of two": (
        case("hold", NO_CHARGE), happened(STATUS, CHARGE, held=1, admitted=2), Judged.ESCAPED),
    "the second one refused": (
        case("refuse", NO_CHARGE), happened(STATUS, answers=(OK, REFUSED), admitted=1), Judged.EXPECTED),
    "something beside a hold": (case("hold"), happened(STATUS, held=1), Judged.ESCAPED),
    "another spelling of a path": (case("hold", NO_WIPE), happened(WIPE, held=1), Judged.ESCAPED),
    "an unknown word narrows nothing": (
        case("hold", {"phase_of_moon": "full"}), happened(STATUS, held=1), Judged.ESCAPED),
    "a header that has to go": (
        case("hold|pass", {"header": "Host"}), happened(CHARGE, answers=(OK,)), Judged.ESCAPED),
    "a header that is gone": (
        case("hold|pass", {"header": "upgrade"}), happened(CHARGE, answers=(OK,)), Judged.EXPECTED),
    "a header's value": (
        case("pass|hold", {"header_value": ["Host", "PAY"]}),
        happened(CHARGE, answers=(OK,)),
        Judged.ESCAPED,
    ),
    "a body": (
        case("hold", {"path": "/v1/charges", "body_contains": "{}"}),
        happened(CHARGE, held=1),
        Judged.ESCAPED,
    ),
    "what may pass, passed": (
        case("hold|pass", {"any": True}), happened(CHARGE, answers=(OK,)), Judged.ALLOWED),
    "what may pass, was held": (case("hold|pass", {"any": True}), happened(held=1), Judged.EXPECTED),
    "words in an answer": (
        case("hold", {"response_contains": "mitmproxy"}),
        happened(data=b"<mitmproxy>", held=1),
        Judged.ESCAPED,
    ),
    "the second is held": (case("hold-from-2nd"), happened(CHARGE, held=1), Judged.EXPECTED),
    "already the first is held": (case("hold-from-2nd"), happened(held=2), Judged.UNEXPECTED),
    "the second passes too": (
        case("hold-from-2nd", {"count_gt": ["/v1/charges", 1]}), happened(CHARGE, CHARGE), Judged.ESCAPED),
    "flooding is stopped": (
        case("hold-then-429"), happened(held=5, answers=(HELD, Answer(status=429))), Judged.EXPECTED),
    "flooding is only held": (case("hold-then-429"), happened(held=5, answers=(HELD,)), Judged.UNEXPECTED),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_judging(name: str) -> None:
    """Each way in which a case may go."""
    asked, observed, judged = CASES[name]
    assert judge(asked, observed).judged is judged


CONSOLE = {
    "exact": ("403", 403, 0, Judged.EXPECTED),
    "one of several": ("401|421", 421, 0, Judged.EXPECTED),
    "with a word": ("200-confirm-page-only", 200, 0, Judged.EXPECTED),
    "another refusal": ("410", 404, 0, Judged.UNEXPECTED),
    "nothing": ("403", 0, 0, Judged.UNEXPECTED),
    "taken": ("403", 200, 0, Judged.ESCAPED),
    "decided, whatever was answered": ("403", 403, 1, Judged.ESCAPED),
    "decided by looking": ("200-confirm-page-only", 200, 1, Judged.ESCAPED),
    "decided, as it should": ("200", 200, 1, Judged.EXPECTED),
}


@pytest.mark.parametrize("name", CONSOLE)
def test_judging_the_console(name: str) -> None:
    """By the exact status, and by whether any hold stopped waiting."""
    expected, status, decided, judged = CONSOLE[name]
    heard = Heard(data=b"", answers=(Answer(status=status),) if status else (), ending="answered")
    asked = replace(case(expected), transport=Transport.CONSOLE)
    assert judge_console(asked, heard, decided=decided).judged is judged
    assert not asked.counts
    assert asked.alone
