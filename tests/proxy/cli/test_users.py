"""Tests of `sidegate users`."""

import io
from pathlib import Path

import pytest

from proxy.cli import main
from proxy.console.people.users import Passwords, fits
from rules.reviewer import Role

type Capture = pytest.CaptureFixture[str]

WORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody who types the password once."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{WORD}\n" * 9))
    return tmp_path / "data"


def users(folder: Path, *arguments: str) -> int:
    """Run the command on `folder`."""
    return main(["users", *arguments, "--data-dir", str(folder)])


def test_add_list_password_remove(folder: Path, capsys: Capture) -> None:
    """Each says what it did; no password is shown."""
    bounds = ("--group", "finance", "--host", "*.bank.example", "--tier", "4", "--amount", "EUR=1000.50")
    assert users(folder, "add", "eve", "--role", "lead", *bounds) == 0
    told = "eve: lead, group finance, host *.bank.example, tier 4, up to EUR 1000.50\n"
    assert capsys.readouterr().out == f"added {told}"
    assert users(folder, "list") == 0
    assert capsys.readouterr().out == told
    eve = Passwords(folder / "people").find("eve")
    assert eve is not None
    assert (eve.role, fits(eve, WORD)) == (Role.LEAD, True)
    assert users(folder, "password", "eve") == 0
    assert users(folder, "remove", "eve") == 0
    assert users(folder, "list") == 0
    said = capsys.readouterr().out
    assert WORD not in said
    assert said.splitlines()[-1] == "no local users"
    assert Passwords(folder / "people").all() == ()


def test_a_password_for_whom_the_configuration_names(folder: Path, capsys: Capture) -> None:
    """What that person may do stands there."""
    assert users(folder, "add", "ada", "--configured") == 0
    assert capsys.readouterr().out == "added ada: as the configuration says\n"
    ada = Passwords(folder / "people").find("ada")
    assert ada is not None
    assert not ada.standing


WRONG = {
    "no name": (["add"], 2, "`add` needs a name"),
    "a name too many": (["list", "eve"], 2, "`list` takes no name"),
    "the operator": (["add", "operator"], 1, "is the operator of this machine"),
    "an odd name": (["add", "a b"], 1, "is no reviewer's name"),
    "a name that turns": (["add", "a\u202eb"], 1, "is no reviewer's name"),
    "nobody": (["remove", "eve"], 1, "there is no local user `eve`"),
    "nobody's password": (["password", "eve"], 1, "there is no local user `eve`"),
    "no role": (["add", "eve", "--role", "root"], 2, "role: "),
    "a group of spaces": (["add", "eve", "--group", "  "], 2, "is no group"),
    "any host": (["add", "eve", "--host", "*"], 2, "is no host of a scope"),
    "less than nothing": (["add", "eve", "--amount", "EUR=-1"], 2, "scope.amounts.EUR: "),
    "no number": (["add", "eve", "--amount", "EUR=NaN"], 2, "scope.amounts.EUR: "),
    "a small currency": (["add", "eve", "--amount", "eur=1"], 2, "is no currency"),
    "an auditor's scope": (["add", "eve", "--role", "auditor", "--tier", "3"], 2, "sees everything"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused(folder: Path, capsys: Capture, case: str) -> None:
    """With the cure; nothing is written, and nothing hidden is printed."""
    arguments, code, words = WRONG[case]
    assert users(folder, *arguments) == code
    told = capsys.readouterr().err
    assert words in told
    assert "\u202e" not in told
    assert not (folder / "people" / "users.json").exists()


@pytest.mark.parametrize("typed", ["", "short\n", "x" * 300 + "\n"], ids=["nothing", "short", "endless"])
def test_a_password_that_will_not_do(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    """Nobody is added with it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert users(folder, "add", "eve") == 1
    assert "12 to 256 characters" in capsys.readouterr().err


@pytest.mark.parametrize("amount", ["EUR", "EUR=x", "="])
def test_an_amount_that_is_none(folder: Path, amount: str) -> None:
    """The flag itself says so."""
    with pytest.raises(SystemExit, match="2"):
        users(folder, "add", "eve", "--amount", amount)


def test_a_broken_file_is_said(folder: Path, capsys: Capture) -> None:
    """And not written over."""
    assert users(folder, "add", "eve") == 0
    path = folder / "people" / "users.json"
    path.write_text("{")
    assert users(folder, "add", "bob") == 1
    assert "was changed by hand or broken" in capsys.readouterr().err
    assert path.read_text() == "{"
