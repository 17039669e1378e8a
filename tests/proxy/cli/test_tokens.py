"""Tests of `sidegate tokens`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.cli import main
from proxy.console.people.tokens import ApiTokens
from rules.reviewer import Role

type Capture = pytest.CaptureFixture[str]


def tokens(folder: Path, *arguments: str) -> int:
    """Run the command on `folder`."""
    return main(["tokens", *arguments, "--data-dir", str(folder)])


def test_add_list_revoke(tmp_path: Path, capsys: Capture) -> None:
    """The token is printed once, alone on its line."""
    assert tokens(tmp_path, "list") == 0
    assert capsys.readouterr().out == "no tokens\n"
    assert tokens(tmp_path, "add", "ci", "--role", "viewer", "--host", "a.example", "--days", "7") == 0
    secret = capsys.readouterr().out.strip()
    kept = ApiTokens(tmp_path / "people", now=lambda: datetime.now(UTC))
    found = kept.find(secret.encode())
    assert found is not None
    assert (found.owner, found.role) == ("operator", Role.VIEWER)
    assert found.expires is not None
    assert abs(found.expires - datetime.now(UTC) - timedelta(days=7)) < timedelta(hours=1)
    assert tokens(tmp_path, "list") == 0
    listed = capsys.readouterr().out
    assert listed.startswith("ci: of operator, viewer, host a.example, until 20")
    assert secret not in listed
    assert tokens(tmp_path, "revoke", "ci") == 0
    assert kept.find(secret.encode()) is None


WRONG = {
    "no name": (["add"], 2, "`add` needs a name"),
    "an odd name": (["add", "a b"], 1, "is no token's name"),
    "none": (["revoke", "ci"], 1, "there is no token `ci`"),
    "no role": (["add", "ci", "--role", "root"], 2, "role: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused(tmp_path: Path, capsys: Capture, case: str) -> None:
    """With the cure."""
    arguments, code, words = WRONG[case]
    assert tokens(tmp_path, *arguments) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "\u0661", "9" * 30, "", "soon"])
def test_days(tmp_path: Path, days: str) -> None:
    """A whole number of them, and not for ever."""
    with pytest.raises(SystemExit, match="2"):
        tokens(tmp_path, "add", "ci", f"--days={days}")
