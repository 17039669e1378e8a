"""Tests of procfs: reading and adding up /proc/<pid>/stat."""

import os
from pathlib import Path

import pytest

from tests.bench.procfs import PAGE_BYTES, TICKS_PER_SECOND, family_of, parse_stat, usage_of, waited

REST = "S 41 42 42 0 -1 4194560 900 0 0 0 {user} {system} {reaped} 3 20 0 4 0 7700 9000000 25 18"


def made_line(name: str, *, user: int = 10, system: int = 5, reaped: int = 2) -> str:
    """Return a stat line of process 42, whose parent is 41."""
    return f"42 ({name}) " + REST.format(user=user, system=system, reaped=reaped)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("python", id="plain"),
        pytest.param("tmux: server", id="a space"),
        pytest.param("a) R 1 (b", id="brackets that look like fields"),
    ],
)
def test_parse_stat(name: str) -> None:
    """Fields are found whatever the process calls itself."""
    stat = parse_stat(made_line(name))
    assert (stat.pid, stat.name, stat.parent, stat.started) == (42, name, 41, 7700)
    assert stat.cpu_ticks == 10 + 5 + 2 + 3
    assert stat.rss_bytes == 25 * PAGE_BYTES


def test_the_store_is_counted_apart() -> None:
    """The embedded store's CPU is not the proxy's, nor is its memory."""
    lines = [made_line("python3"), made_line("valkey-server"), made_line("redis-server")]
    usage = usage_of(map(parse_stat, lines))
    assert usage.cpu_seconds == 20 / TICKS_PER_SECOND
    assert usage.store_cpu_seconds == 40 / TICKS_PER_SECOND
    assert usage.rss_bytes == 25 * PAGE_BYTES


def test_this_process_is_found_with_its_cpu(tmp_path: Path) -> None:
    """The family of a live process holds that process, under its parent."""
    family = family_of(os.getpid(), tmp_path)
    mine = next(member for member in family if member.pid == os.getpid())
    assert mine.parent == os.getppid()
    assert mine.rss_bytes > 0


def test_waiting_for_a_core_is_seen() -> None:
    """It is there for a live process, and never shrinks."""
    before = waited(os.getpid())
    assert 0 <= before <= waited(os.getpid())
