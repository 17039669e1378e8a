"""The answers in the bytes that an agent got back."""

import pytest

from tests.evasion import wire2
from tests.evasion.hearing import Answer, answers

PROBLEM = b'{"reason_id": "rule"}'
HELD = (
    b"HTTP/1.1 403 Held\r\nContent-Type: application/problem+json\r\n"
    b"Sidegate-Hold: H\r\nContent-Length: 21\r\n\r\n"
)
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CASES: dict[str, tuple[bytes, list[bytes], list[Answer]]] = {
    "nothing": (b"", [b"GET"], []),
    "one": (PLAIN, [b"GET"], [Answer(status=200)]),
    "a hold": (HELD + PROBLEM, [b"GET"], [Answer(status=403, hold="H", reason_id="rule")]),
    "two in a row": (
        PLAIN + HELD + PROBLEM,
        [b"GET", b"POST"],
        [Answer(status=200), Answer(status=403, hold="H", reason_id="rule")],
    ),
    "one for HEAD": (HELD + PLAIN, [b"HEAD", b"GET"], [Answer(status=403, hold="H"), Answer(status=200)]),
    "an interim one first": (b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, [b"GET"], [Answer(status=200)]),
    "not whole yet": (PLAIN[:-1], [b"GET"], []),
    "http/2": (wire2.welcome() + wire2.answer(1, b"{}"), [b"GET"], [Answer(status=200)]),
    "http/2, not whole yet": (wire2.answer(1, b"{}")[:-1], [b"GET"], []),
    "garbage": (b"\x15\x03\x01\x00\x02\x02\x28 and more of it", [b"GET"], []),
}


@pytest.mark.parametrize("name", CASES)
def test_answers(name: str) -> None:
    """Complete final answers only, with the gate's own words."""
    data, methods, expected = CASES[name]
    assert answers(data, methods) == expected


def test_what_refuses() -> None:
    """A failed upstream is no refusal: something was let through to it."""
    assert Answer(status=400).refuses
    assert not Answer(status=200).refuses
    assert not Answer(status=502, reason_id="upstream_failed").refuses
