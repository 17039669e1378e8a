"""The small private files: whole, private, and never guessed at."""

import threading
from pathlib import Path

import pytest

from proxy.data_dir.ledger import Ledger
from rules.language.document import Strict


class Words(Strict):
    """Something to keep."""

    words: tuple[str, ...] = ()


def add(ledger: Ledger[Words], word: str) -> None:
    """One more word."""
    ledger.change(lambda before: Words(words=(*before.words, word)))


def test_what_one_wrote_another_reads(tmp_path: Path) -> None:
    """It is empty at first, read anew when it was changed, and for its owner alone."""
    path = tmp_path / "people" / "words.json"
    one, other = Ledger(path, Words), Ledger(path, Words)
    assert other.content() == Words()
    for n, word in enumerate("abc"):
        add(one, word)
        assert other.content().words == tuple("abc"[: n + 1])
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each has a ledger of its own, as processes have."""
    path = tmp_path / "words.json"
    threads = [threading.Thread(target=lambda n=n: add(Ledger(path, Words), str(n))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(Ledger(path, Words).content().words, key=int) == [str(n) for n in range(20)]


BROKEN = {
    "no json": b"{",
    "another shape": b"[]",
    "an unknown member": b'{"words": [], "more": 1}',
    "another type": b'{"words": [1]}',
    "not utf-8": b'{"words": ["\xff"]}',
    "empty": b"",
    "endless": b" " * (4 * 1024 * 1024 + 1),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_was_changed_by_hand_is_nobodys(tmp_path: Path, case: str) -> None:
    """It says which file and the cure, quotes nothing of it, and does not write over it."""
    path = tmp_path / "words.json"
    path.write_bytes(BROKEN[case])
    path.chmod(0o600)
    for use in (lambda: Ledger(path, Words).content(), lambda: add(Ledger(path, Words), "x")):
        with pytest.raises(ValueError, match="was changed by hand or broken: restore it"):
            use()
    assert path.read_bytes() == BROKEN[case]


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With the cure."""
    path = tmp_path / "words.json"
    path.write_bytes(b"{}")
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        Ledger(path, Words).content()
