"""The comparison of upstreams and witness, checked without either."""

from dataclasses import replace
from pathlib import Path

import pytest

from proxy.witness import Witness
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.acceptance.witnessed import Trace, traces, unjudged
from tests.proxy.replays import action_to

JUDGED = Judgement(tier=Tier.READ_ONLY, verdict=Verdict.PASS, reason_id=ReasonId.DEFAULT_READ, reason="")
ONE = Trace.executed(7000, "POST", "/pay?to=x", b"7")


def test_both_sides_speak_of_the_same_request(tmp_path: Path) -> None:
    """What the witness wrote is what the upstream's side makes of the bytes; a torn line is nothing."""
    file = tmp_path / "witness"
    Witness(file).record(action_to(7000, "/pay?to=x", body=b"7"), JUDGED)
    with file.open("a") as torn:
        torn.write('{"time": "2026')
    assert traces(file) == [ONE]
    assert traces(tmp_path / "none") == []


OTHERS = {
    "port": replace(ONE, port=7001),
    "method": replace(ONE, method="PUT"),
    "path": replace(ONE, path="/pay/"),
    "query": Trace.executed(7000, "POST", "/pay?to=y", b"7"),
    "no query": Trace.executed(7000, "POST", "/pay", b"7"),
    "body": Trace.executed(7000, "POST", "/pay?to=x", b"7000"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_every_difference_counts(case: str) -> None:
    """A record of something else is no record."""
    assert unjudged([ONE], [OTHERS[case]]) == [ONE]


def test_each_execution_needs_its_own_record() -> None:
    """One record covers one execution; a record without one is a request that did not arrive."""
    assert unjudged([ONE, ONE], [ONE]) == [ONE]
    assert unjudged([ONE], [ONE, ONE]) == []
