"""What is known of everybody's factors."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.console.people.factors.kept import Factors, Kept, Passkey

KEY = Passkey(id="i", key="k", count=0, label="desk", made=datetime(2026, 1, 1, tzinfo=UTC))


def test_each_person_has_their_own(tmp_path: Path) -> None:
    """Changing one leaves the other; removing leaves nothing of it in the file."""
    kept = Kept(tmp_path)
    assert not kept.of("ada").any
    kept.change("ada", lambda before: before.model_copy(update={"secret": "S3CRET"}))
    kept.change("bob", lambda before: before.model_copy(update={"passkeys": (KEY,)}))
    assert (kept.of("ada").secret, kept.of("bob").passkeys) == ("S3CRET", (KEY,))
    kept.remove("ada")
    assert kept.of("ada") == Factors(name="ada")
    assert kept.of("bob").any
    assert "S3CRET" not in (tmp_path / "factors.json").read_text()
    assert (tmp_path / "factors.json").stat().st_mode & 0o777 == 0o600


def test_a_change_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    """Whoever refuses it says so."""
    kept = Kept(tmp_path)

    def refuse(_: Factors) -> Factors:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        kept.change("ada", refuse)
    assert not (tmp_path / "factors.json").exists()
