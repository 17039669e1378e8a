"""Tests of what is measured of the audit trail."""

from pathlib import Path

import pytest

from tests.bench import audit


@pytest.mark.parametrize(("rate", "met"), [(50_000.0, True), (49_999.0, False)])
def test_the_goal_is_the_rate_of_checking(rate: float, *, met: bool) -> None:
    """And the table has the waits."""
    section = audit.section(read=rate, written=1.0, waits={"one": [0.001, 0.002]})
    assert [goal.met for goal in section.goals] == [met]
    assert section.rows == (("one", "1.00", "2.00"),)


async def test_what_is_measured_is_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real records, in real files, checked with all signatures."""
    monkeypatch.setattr(audit, "RECORDS", 2_000)
    monkeypatch.setattr(audit, "APPENDS", 20)
    assert all(rate > 0 for rate in audit.rates(tmp_path / "serve"))
    assert len(await audit.appends(tmp_path / "one", at_once=4)) == 20
    assert len(audit.plain_syncs(tmp_path / "plain")) == 20
