"""What this machine knows of grants."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from proxy.grants.spent import Spent
from tests.rules.granting.test_grant import GRANT
from tests.rules.test_decision import NOW


def spent(folder: Path) -> Spent:
    """The file in that folder, opened anew."""
    return Spent(folder / "grants", now=lambda: NOW)


def test_each_hold_once_and_no_more_than_granted(tmp_path: Path) -> None:
    """Whoever asks, and after a restart too."""
    two = replace(GRANT, count=2)
    assert [spent(tmp_path).take(two, hold) for hold in ("a", "a", "b", "c")] == [True, False, True, False]
    assert spent(tmp_path).take(replace(GRANT, grant_id="01OTHER"), "a")


def test_taken_back(tmp_path: Path) -> None:
    """Nothing is spent of it any more."""
    assert not spent(tmp_path).revoked(GRANT.grant_id)
    spent(tmp_path).revoke(GRANT.grant_id, GRANT.until)
    assert spent(tmp_path).revoked(GRANT.grant_id)
    assert not spent(tmp_path).take(GRANT, "a")


def test_old_ones_are_forgotten(tmp_path: Path) -> None:
    """A day after their end, when they count nowhere any more."""
    old = replace(GRANT, grant_id="01OLD", at=NOW - timedelta(days=3), until=NOW - timedelta(days=2))
    spent(tmp_path).take(old, "a")
    spent(tmp_path).take(GRANT, "b")
    assert "01OLD" not in (tmp_path / "grants" / "grants.json").read_text()


def test_a_broken_file(tmp_path: Path) -> None:
    """Nothing is spent by guessing."""
    spent(tmp_path).take(GRANT, "a")
    (tmp_path / "grants" / "grants.json").write_text("{")
    with pytest.raises(ValueError, match="broken"):
        spent(tmp_path).take(GRANT, "b")
