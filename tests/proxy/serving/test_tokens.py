"""Tests of reviewers' tokens."""

from hashlib import sha256
from pathlib import Path

import pytest

from proxy.serving.tokens import reviewers

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
