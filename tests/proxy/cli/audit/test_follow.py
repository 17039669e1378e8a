"""Tests of `sidegate audit follow`."""

from pathlib import Path

import pytest

from tests.proxy.cli.audit.trails import audit, data_dir
from tests.rules.audit.chains import chain, text_of

type Capture = pytest.CaptureFixture[bytes]


def more(folder: Path, since: int, until: int) -> None:
    """Let the chain grow, into a file of its own."""
    file = folder / "audit" / "serve" / f"{since + 1:012}.jsonl"
    file.write_bytes(text_of(chain()[since:until]))


def test_each_record_is_given_once(tmp_path: Path, capfdbinary: Capture) -> None:
    """Over calls that share a cursor, and over files."""
    folder, cursor = data_dir(tmp_path, chain()[:8]), tmp_path / "cursor"
    given = b""
    for since, until in ((8, 8), (8, 12), (12, 12), (12, 20)):
        if until > since:
            more(folder, since, until)
        assert audit("follow", "--once", "--cursor", cursor, "--data-dir", folder) == 0
        given += capfdbinary.readouterr().out
    assert given == text_of(chain())
    assert cursor.stat().st_mode & 0o777 == 0o600


def test_without_a_cursor_all_are_given(tmp_path: Path, capfdbinary: Capture) -> None:
    """Again, each time."""
    folder = data_dir(tmp_path)
    for _ in range(2):
        assert audit("follow", "--once", "--data-dir", folder) == 0
        assert capfdbinary.readouterr().out == text_of(chain())


def test_what_is_no_record_is_said_and_passed_over(
    tmp_path: Path, capfdbinary: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are given."""
    assert audit("follow", "--once", "--data-dir", data_dir(tmp_path, [*chain(5), b"x"])) == 0
    captured = capfdbinary.readouterr()
    assert captured.out == text_of(chain(5))
    assert "is no record" in caplog.text


def test_before_there_is_anything(tmp_path: Path, capfdbinary: Capture) -> None:
    """It may be started before the sidecar."""
    assert audit("follow", "--once", "--data-dir", tmp_path) == 0
    assert capfdbinary.readouterr().out == b""


def test_files_that_were_given_whole_are_not_read_again(tmp_path: Path, capfdbinary: Capture) -> None:
    """Whatever became of them; their first line may be anything."""
    folder, cursor = data_dir(tmp_path, chain()[:8]), tmp_path / "cursor"
    more(folder, 8, 12)
    assert audit("follow", "--once", "--cursor", cursor, "--data-dir", folder) == 0
    first = folder / "audit" / "serve" / "000000000001.jsonl"
    first.write_bytes(text_of([*chain()[:8], b"x"]))
    assert audit("follow", "--once", "--cursor", cursor, "--data-dir", folder) == 0
    assert capfdbinary.readouterr().err == b""
    first.write_bytes(b"x\n")
    assert audit("follow", "--once", "--cursor", cursor, "--data-dir", folder) == 0


@pytest.mark.parametrize("content", [b"", b"[]", b"x", b'{"a": null}'])
def test_a_cursor_that_says_nothing_is_not_taken_for_the_beginning(tmp_path: Path, content: bytes) -> None:
    """Everything would be told again."""
    (tmp_path / "cursor").write_bytes(content)
    words = ("follow", "--once", "--cursor", tmp_path / "cursor")
    assert audit(*words, "--data-dir", data_dir(tmp_path)) == 1
