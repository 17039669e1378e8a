"""Pairs: two different actions never have the digest of one."""

import pytest

from tests.evasion.corpus import Case, Segment, Transport
from tests.evasion.digests import compare
from tests.evasion.judging import Judged

HEAD = b"POST /v1/charges HTTP/1.1\r\nHost: pay.test\r\nContent-Length: "
ONE = HEAD + b'8\r\n\r\n{"a": 1}'
PAIRS = {
    "the same twice": (ONE, ONE, Judged.ESCAPED),
    "another body": (ONE, HEAD + b'8\r\n\r\n{"a": 2}', Judged.EXPECTED),
    "another host": (ONE, ONE.replace(b"pay.test", b"mail.test"), Judged.EXPECTED),
    "another scheme": (ONE.replace(b" /", b" http://pay.test/"), ONE, Judged.EXPECTED),
    "one is refused": (ONE, ONE.replace(b"POST", b"post"), Judged.EXPECTED),
    "both are refused alike": (ONE.replace(b"POST", b"put"), ONE.replace(b"POST", b"post"), Judged.EXPECTED),
    "one is no request": (ONE, b"EHLO a\r\n", Judged.EXPECTED),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name: str) -> None:
    """What is refused has no digest, so nothing can share it."""
    first, second, judged = PAIRS[name]
    case = Case(
        id="H-1",
        layer="canonical-hash",
        title=name,
        level="must",
        transport=Transport.HASH_PAIR,
        connect=None,
        sni=None,
        alpn=(),
        segments=(Segment(data=first, delay=0), Segment(data=second, delay=0)),
        expected=frozenset({"hash-differs"}),
        forbidden=(),
    )
    assert compare(case).judged is judged
