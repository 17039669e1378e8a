"""Audit records read as they are written: in order, each once, in bounded pieces."""

import os
from pathlib import Path

import pytest

from proxy.audit import following
from proxy.audit.following import Follower
from tests.rules.audit.chains import chain, text_of


def written(folder: Path, lines: list[bytes], *, name: str = "serve", first: int = 1) -> Path:
    """A file of a chain in `folder`."""
    path = folder / name / f"{first:012}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text_of(lines))
    return path


def taken(follower: Follower) -> list[bytes]:
    """All that is there."""
    found = list[bytes]()
    while lines := follower.more():
        follower.take(lines)
        found += [line.text for line in lines]
    return found


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """As files grow and follow each other; also after a restart, by numbers alone."""
    lines = chain(20)
    path, follower = written(tmp_path, lines[:5]), Follower(folder=tmp_path)
    assert taken(follower) == lines[:5]
    assert taken(follower) == []
    with path.open("ab") as file:
        file.write(text_of(lines[5:8]) + lines[8][:10])
    written(tmp_path, lines[8:14], first=9)
    assert taken(follower) == lines[5:14]
    written(tmp_path, lines[14:], first=15)
    again = Follower(folder=tmp_path, seen=dict(follower.seen))
    assert taken(again) == lines[14:]


def test_what_was_read_and_not_taken_is_read_again(tmp_path: Path) -> None:
    """Nobody may have got it."""
    written(tmp_path, chain(5))
    follower = Follower(folder=tmp_path)
    assert [line.text for line in follower.more()] == [line.text for line in follower.more()] == chain(5)


def test_what_may_still_change_is_not_given(tmp_path: Path) -> None:
    """And nothing after it."""
    lines = chain(10)
    written(tmp_path, lines)
    follower = Follower(folder=tmp_path, ready=lambda record: record.seq <= 4)
    assert taken(follower) == lines[:4]


def test_pieces_are_bounded_and_chains_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy chain holds up no other one."""
    monkeypatch.setattr(following, "MOST", 5)
    written(tmp_path, chain(20, name="a"), name="a")
    written(tmp_path, chain(20, name="b"), name="b")
    follower, turns = Follower(folder=tmp_path), list[str]()
    while lines := follower.more():
        assert len(lines) <= 5
        follower.take(lines)
        turns.append(lines[0].record.chain)
    assert turns == ["a", "b"] * 4


def test_what_was_deleted_before_it_was_taken_is_counted(tmp_path: Path) -> None:
    """It is not passed over in silence."""
    lines = chain(20)
    first, follower = written(tmp_path, lines[:5]), Follower(folder=tmp_path)
    taken(follower)
    first.unlink()
    written(tmp_path, lines[9:], first=10)
    assert taken(follower) == lines[9:]
    assert follower.missed == 4


def test_a_chain_that_begins_late_misses_nothing(tmp_path: Path) -> None:
    """What was deleted before anybody followed it is not missed."""
    written(tmp_path, chain(20)[9:], first=10)
    follower = Follower(folder=tmp_path)
    assert len(taken(follower)) == 11
    assert follower.missed == 0


@pytest.mark.parametrize("garbage", [b"x", b"{}", b"\0" * 200_000, b"[" * 70_000], ids=range(4))
def test_what_is_no_record_is_said_once_and_passed_over(
    tmp_path: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever stands there."""
    lines = chain(6)
    written(tmp_path, [*lines[:3], garbage, *lines[3:]])
    follower = Follower(folder=tmp_path)
    assert taken(follower) == lines
    assert taken(follower) == []
    assert "is no record" in caplog.text


def test_a_file_that_goes_while_it_is_read(tmp_path: Path) -> None:
    """It was pruned."""
    path = written(tmp_path, chain(5))
    follower = Follower(folder=tmp_path)
    taken(follower)
    os.unlink(path)  # noqa: PTH108 (as another process does)
    assert taken(follower) == []
