"""People with a password."""

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest

from proxy.console.people.users import Passwords, User, fits, hashed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORD = "correct horse battery"


def user(name: str = "eve", word: str = WORD) -> User:
    """Somebody with that password."""
    return User(name=name, hash=hashed(word), changed=NOW)


def test_what_is_kept_is_an_argon2_hash(tmp_path: Path) -> None:
    """In a file for its owner alone, without the password."""
    passwords = Passwords(tmp_path)
    passwords.add(user())
    text = (tmp_path / "users.json").read_text()
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in text
    assert WORD not in text
    assert fits(passwords.find("EVE"), WORD)
    assert not fits(passwords.find("eve"), WORD + " ")


def test_a_password_is_changed_and_a_user_removed(tmp_path: Path) -> None:
    """The old one is worth nothing then."""
    passwords = Passwords(tmp_path)
    passwords.add(user())
    passwords.set("eve", hashed("another long word"), at=NOW)
    assert not fits(passwords.find("eve"), WORD)
    assert fits(passwords.find("eve"), "another long word")
    passwords.remove("Eve")
    assert passwords.all() == ()
    with pytest.raises(ValueError, match="there is no local user `eve`"):
        passwords.remove("eve")
    with pytest.raises(ValueError, match="there is no local user `eve`"):
        passwords.set("eve", "x", at=NOW)


@pytest.mark.parametrize("name", ["operator", "Operator", "", "a b", "a\u202eb", "x" * 65, "../eve", "a\n"])
def test_names_that_nobody_has(tmp_path: Path, name: str) -> None:
    """They are refused before anything is written."""
    with pytest.raises(ValueError, match=r"is no reviewer's name|is the operator"):
        Passwords(tmp_path).add(user().model_copy(update={"name": name}))
    assert not (tmp_path / "users.json").exists()


def test_one_name_once(tmp_path: Path) -> None:
    """Whatever its case."""
    passwords = Passwords(tmp_path)
    passwords.add(user())
    with pytest.raises(ValueError, match="already"):
        passwords.add(user("EVE"))


@pytest.mark.parametrize("word", ["", "short", "x" * 257])
def test_a_password_has_some_length(word: str) -> None:
    """And is not endless."""
    with pytest.raises(ValueError, match="12 to 256 characters"):
        hashed(word)


def test_a_name_that_nobody_has_takes_as_long() -> None:
    """So that nobody learns who there is; measured by the middle of several tries."""

    def taken(who: User | None) -> float:
        found = []
        for _ in range(7):
            start = perf_counter()
            assert not fits(who, "not the word at all")
            found.append(perf_counter() - start)
        return sorted(found)[3]

    known, unknown = taken(user()), taken(None)
    assert 0.2 < known / unknown < 5


@pytest.mark.parametrize("word", ["", "\x00", "\udc80", "\U0001f600" * 300])
def test_any_text_is_only_wrong(word: str) -> None:
    """It fits nobody, and breaks nothing."""
    assert not fits(user(), word)
    assert not fits(None, word)
