"""CPU time and memory of a process and its children, read from /proc."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STORE_NAMES = ("redis", "valkey")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStat:
    """The fields of one /proc/<pid>/stat line that a measurement needs."""

    pid: int
    name: str
    parent: int
    cpu_ticks: int
    """User and system time of the process, its ended threads and its reaped children."""
    started: int
    """Start time in ticks since boot: with the pid it names one process for ever."""
    rss_bytes: int

    @property
    def is_store(self) -> bool:
        """Whether this is the embedded store, whose CPU is counted apart."""
        return self.name.startswith(STORE_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a proxy has used so far, its embedded store counted apart."""

    cpu_seconds: float
    store_cpu_seconds: float
    rss_bytes: int


def parse_stat(line: str) -> ProcessStat:
    """Read one /proc/<pid>/stat line; the process name may itself hold spaces and brackets."""
    head, _, tail = line.rpartition(")")
    pid, _, name = head.partition(" (")
    fields = tail.split()
    return ProcessStat(
        pid=int(pid),
        name=name,
        parent=int(fields[1]),
        cpu_ticks=sum(int(field) for field in fields[11:15]),
        started=int(fields[19]),
        rss_bytes=int(fields[21]) * PAGE_BYTES,
    )


def usage_of(family: Iterable[ProcessStat]) -> Usage:
    """Add up a family of processes."""
    members = tuple(family)
    ours = [member for member in members if not member.is_store]
    stores = [member for member in members if member.is_store]
    return Usage(
        cpu_seconds=sum(member.cpu_ticks for member in ours) / TICKS_PER_SECOND,
        store_cpu_seconds=sum(member.cpu_ticks for member in stores) / TICKS_PER_SECOND,
        rss_bytes=sum(member.rss_bytes for member in ours),
    )


def family_of(pid: int, folder: Path) -> tuple[ProcessStat, ...]:
    """Return process `pid`, all its descendants, and any process started with a path in `folder`.

    The folder finds a store that cut its tie to the parent so as to outlive it.
    """
    everyone = _all_processes()
    wanted = {pid} | {stat.pid for stat in everyone if _names_folder(stat.pid, folder)}
    grown = 0
    while grown != len(wanted):
        grown = len(wanted)
        wanted |= {stat.pid for stat in everyone if stat.parent in wanted}
    return tuple(stat for stat in everyone if stat.pid in wanted)


def refreshed(family: Iterable[ProcessStat]) -> tuple[ProcessStat, ...]:
    """Read the same processes again, without those that have ended."""
    now = ((member, _stat_of(member.pid)) for member in family)
    return tuple(stat for member, stat in now if stat and stat.started == member.started)


def waited(pid: int) -> float:
    """Seconds for which the main thread of `pid` was ready to run and had no core."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def _all_processes() -> tuple[ProcessStat, ...]:
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return tuple(stat for stat in map(_stat_of, pids) if stat)


def _stat_of(pid: int) -> ProcessStat | None:
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def _names_folder(pid: int, folder: Path) -> bool:
    try:
        return os.fsencode(f"{folder}/") in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
