"""Audit trails of a test's own, and what is wrong with a disk."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proxy.audit.recorder import Recorder
from proxy.audit.segments import Segments
from proxy.audit.trail import Trail
from proxy.keys.signing import verify
from proxy.metrics import Metrics
from rules.audit.checking import Checker, Finding
from rules.audit.record import Record, read
from tests.rules.audit.chains import KEY, SIGNER


class Disk(Segments):
    """Files on a disk that can be full, or slow."""

    fault: OSError | None = None
    slow: Any = None

    def append(self, data: bytes, *, durable: bool) -> None:
        """Write, or fail as the disk does."""
        if self.slow is not None:
            self.slow.wait()
        if self.fault is not None:
            raise self.fault
        super().append(data, durable=durable)


def opened(folder: Path, *, file_bytes: int = 10**6, **how: Any) -> tuple[Trail, Disk]:
    """A trail in `folder`, not started, and its disk."""
    disk = Disk(folder, file_bytes=file_bytes)
    return Trail(disk, SIGNER, how.pop("metrics", None) or Metrics(), **how), disk


@contextmanager
def recorder(**how: Any) -> Iterator[tuple[Recorder, Path, Disk]]:
    """A started trail with its recorder, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as name:
        folder = Path(name) / "audit"
        trail, disk = opened(folder)
        trail.start({"agent": "tests"})
        try:
            yield Recorder(trail=trail, **how), folder, disk
        finally:
            disk.fault = None
            trail.close()


def files(folder: Path) -> list[Path]:
    """The files of a chain, the oldest first."""
    return sorted(folder.glob("*.jsonl"))


def tear(folder: Path, text: bytes) -> None:
    """Leave a part of a line at the end, as a crash does."""
    with files(folder)[-1].open("ab") as file:
        file.write(text)


def lines(folder: Path) -> list[bytes]:
    """All lines in the files of a chain."""
    return [text for path in files(folder) for text in path.read_bytes().splitlines()]


def records(folder: Path, kind: str = "") -> list[Record]:
    """All records, or those of one kind."""
    found = [read(text) for text in lines(folder)]
    return [record for record in found if record.kind == kind or not kind]


def findings(folder: Path) -> list[Finding]:
    """What is wrong with a chain."""
    checker = Checker(verify, keys={KEY})
    for number, text in enumerate(lines(folder), 1):
        checker.feed(text, where=str(number))
    return checker.end()


async def until_written(trail: Trail, before: int) -> None:
    """Until more is on disk for certain, by what a trail does by itself."""
    watching = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(trail.watch())
        end = watching.time() + 20
        while trail.durable == before:
            assert watching.time() < end
            await asyncio.sleep(0.01)
        watch.cancel()
