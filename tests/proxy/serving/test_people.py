"""Tests of reviewers' tokens."""

from hashlib import sha256
from pathlib import Path

import pytest

from proxy.config import Config
from proxy.console.people.entry import ConsoleEntry
from proxy.serving.people import people, reviewers
from rules.reviewer import Role

TOKENS: dict[str, tuple[bytes | None, int, str | None]] = {
    "good": (b"a-long-enough-token-1\n", 0o600, None),
    "missing": (None, 0o600, "there is no token file `"),
    "readable by others": (b"a-long-enough-token-1\n", 0o640, "chmod 600"),
    "empty": (b"", 0o600, "holds no token"),
    "short": (b"fifteen-letters\n", 0o600, "holds no token: write 16 to 512 letters"),
    "endless": (b"a" * 513, 0o600, "holds no token"),
    "two lines": (b"a-long-enough-token-1\na-long-enough-token-2\n", 0o600, "holds no token"),
    "binary": (bytes(range(32)), 0o600, "holds no token"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_a_reviewers_token(tmp_path: Path, case: str) -> None:
    """What no reviewer could send is refused with the file and the cure, and never quoted."""
    content, mode, words = TOKENS[case]
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    if words is None:
        found = reviewers(tmp_path, {"ada": path})
        assert found["ada"] == sha256(b"a-long-enough-token-1").digest()
        return
    with pytest.raises((ValueError, PermissionError)) as raised:
        reviewers(tmp_path, {"ada": path})
    assert words in str(raised.value)
    assert f"`{path}`" in str(raised.value)
    assert "enough-token" not in str(raised.value)


def test_the_operators_own(tmp_path: Path) -> None:
    """Made once, for its owner alone, and kept."""
    made = reviewers(tmp_path, {})
    path = tmp_path / "operator.token"
    assert path.stat().st_mode & 0o777 == 0o600
    assert reviewers(tmp_path, {}) == made == {"operator": sha256(path.read_bytes().strip()).digest()}


def test_one_token_for_two(tmp_path: Path) -> None:
    """No vote would say any more whose it is."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"a-long-enough-token-1")
        (tmp_path / name).chmod(0o600)
    with pytest.raises(ValueError, match="have the same token"):
        reviewers(tmp_path, {"ada": tmp_path / "a", "bob": tmp_path / "b"})


OPEN = Config(version=1, console=ConsoleEntry(authentication="none"))


@pytest.mark.parametrize(
    ("demo", "host"),
    [("", "127.0.0.1"), ("1", "::"), ("1", "10.0.0.1"), ("1", "localhost"), ("0", "::1")],
)
def test_no_console_that_lets_anybody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo: str, host: str
) -> None:
    """Nothing starts with it, but the demo on a loopback address."""
    monkeypatch.setenv("SIDEGATE_DEMO", demo)
    with pytest.raises(ValueError, match="none` lets anybody in"):
        people(tmp_path, OPEN, console=(host, 8081))


def test_the_demo_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is at this machine is the operator there, and nowhere else."""
    monkeypatch.setenv("SIDEGATE_DEMO", "1")
    everyone = people(tmp_path, OPEN, console=("127.0.0.1", 0)).everyone
    assert everyone is not None
    assert everyone.role is Role.ADMIN
    assert people(tmp_path, Config(version=1), console=("127.0.0.1", 0)).everyone is None


def test_a_broken_file_of_people_is_found_at_the_start(tmp_path: Path) -> None:
    """And not when somebody cannot log in."""
    path = tmp_path / "people" / "users.json"
    path.parent.mkdir()
    path.write_text("{")
    path.chmod(0o600)
    with pytest.raises(ValueError, match="was changed by hand or broken"):
        people(tmp_path, Config(version=1), console=("127.0.0.1", 0))
