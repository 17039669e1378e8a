"""One line of the witness."""

from pathlib import Path

import pytest

from proxy.witness import Witness
from rules.observed.line import Seen, read_line
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.rules.calls import http
from tests.rules.observed.lines import line

WRONG: dict[str, bytes] = {
    "nothing": b"",
    "a torn line": line("GET a.example/x")[:40],
    "a list": b"[]",
    "nested too deep": b"[" * 100_000,
    "a huge number": b'{"tier": ' + b"1" * 5_000 + b"}",
    "a huge line": b'{"a": "' + b"a" * 300_000 + b'"}',
    "no utf-8": b'{"method": "\xff"}',
    "another method": line("BREW a.example/x"),
    "a tier as text": line("GET a.example/x", tier=3).replace(b'"tier": 3', b'"tier": "3"'),
    "a tier beyond": line("GET a.example/x", 9),
    "a tier as truth": line("GET a.example/x", True),
    "a rule as number": line("GET a.example/x", rule=7),
    "no rule": line("GET a.example/x").replace(b'"rule"', b'"ruler"'),
    "no reason": line("GET a.example/x", reason_id=None),
    "no path": line("GET a.example"),
    "an odd host": line("GET 0x7f.1/x"),
    "another scheme": line("GET a.example/x", target="ftp://a.example/x"),
    "a broken host": line("GET a.example/x", target="https://[a.example/x"),
    "controls": line("GET a.example/x", target="https://a.example/x\n- id: evil"),
}


@pytest.mark.parametrize("case", WRONG)
def test_malformed_lines(case: str) -> None:
    """Refused with a cure."""
    with pytest.raises(ValueError, match="give the file that"):
        read_line(WRONG[case])


def test_reads_what_the_witness_writes(tmp_path: Path) -> None:
    """The real writer's line, of a call with an address for a host too."""
    path = tmp_path / "witness.jsonl"
    witness = Witness(path)
    judgement = Judgement(
        tier=Tier.READ_ONLY, verdict=Verdict.PASS, reason_id=ReasonId.DEFAULT_READ, reason="r"
    )
    witness.record(http("GET pets.example/v1/pets?token=x"), judgement)
    witness.close()
    assert read_line(path.read_bytes()) == Seen(
        method="GET",
        host="pets.example",
        path="/v1/pets",
        tier=Tier.READ_ONLY,
        rule=None,
        reason_id="default_read",
        empty=True,
    )


def test_bodies() -> None:
    """Empty only where the digest says so."""
    assert read_line(line("PUT a.example/x")).empty
    assert not read_line(line("PUT a.example/x", body=True)).empty
    assert not read_line(line("PUT a.example/x", body_sha256=None)).empty
