"""Who writes: in order, in groups, durably where asked; and what happens when the disk does not take it."""

import asyncio
import errno
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.audit import trail as module
from proxy.audit.segments import AuditError
from proxy.audit.trail import Cadence, Trail
from proxy.metrics import Metrics
from rules.audit.checking import Flaw
from rules.audit.record import Kind
from tests.proxy.audit.trails import Disk, files, findings, opened, records, tear, until_written
from tests.proxy.redis_child import eventually

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of one chain."""
    return tmp_path / "audit"


@pytest.fixture
def metrics() -> Metrics:
    """Give the numbers of one process."""
    return Metrics()


@pytest.fixture
def living(folder: Path, metrics: Metrics) -> Iterator[tuple[Trail, Disk]]:
    """Give a started trail, and its disk."""
    trail, disk = opened(folder, metrics=metrics)
    trail.start({"agent": "a"})
    yield trail, disk
    disk.fault = disk.slow = None
    trail.close()


def number(metrics: Metrics, name: str) -> float:
    """A metric without labels."""
    return metrics.registry.get_sample_value(f"sidegate_{name}") or 0.0


async def test_everything_is_written_in_its_order_and_signed(folder: Path) -> None:
    """A start and an end, each under a checkpoint, and all between them."""
    trail, _ = opened(folder)
    trail.start({"agent": "a"})
    for n in range(500):
        assert trail.note(Kind.VERDICT, {"n": n})
    await trail.record(Kind.ATTEMPT, {"hold": "h"})
    kinds = [record.kind for record in records(folder)]
    assert kinds == ["started", "checkpoint", *["verdict"] * 500, "attempt"]
    trail.close()
    assert [record.kind for record in records(folder)][-2:] == ["stopped", "checkpoint"]
    assert [record.facts["n"] for record in records(folder, "verdict")] == list(range(500))
    assert findings(folder) == []


async def test_many_at_once_share_a_write(folder: Path, living: tuple[Trail, Disk]) -> None:
    """Each waits for its own, and none for all others' writes."""
    trail, _ = living
    async with asyncio.TaskGroup() as tasks:
        for n in range(200):
            tasks.create_task(trail.record(Kind.ATTEMPT, {"n": n}))
    assert sorted(record.facts["n"] for record in records(folder, "attempt")) == list(range(200))
    assert findings(folder) == []


async def test_a_chain_goes_on_after_a_restart(folder: Path) -> None:
    """Whether the process ended in order or not; what was torn is named in it."""
    for _ in range(2):
        trail, disk = opened(folder)
        trail.start({})
        await trail.record(Kind.NOTE, {})
        disk.close()
        tear(folder, b'{"torn')
    trail, _ = opened(folder)
    trail.start({})
    trail.close()
    starts = records(folder, "started")
    assert [record.epoch for record in starts] == [1, 2, 3]
    assert [record.facts.get("torn_bytes") for record in starts] == [None, 6, 6]
    assert findings(folder) == []


async def test_full_files_are_followed_by_others(folder: Path) -> None:
    """Each ends under a checkpoint, and the chain goes on through all of them."""
    trail, _ = opened(folder, file_bytes=4_000)
    trail.start({})
    for n in range(60):
        await trail.record(Kind.NOTE, {"n": n})
    trail.close()
    assert len(files(folder)) > 2
    ends = [text.splitlines()[-1] for file in files(folder) if (text := file.read_bytes())]
    assert all(b'"checkpoint"' in end for end in ends)
    assert findings(folder) == []


@pytest.mark.parametrize(("keep", "left"), [(timedelta(days=183), True), (None, False)])
async def test_old_files_go_and_the_chain_says_so(
    folder: Path, keep: timedelta | None, *, left: bool
) -> None:
    """Without a time of keeping, as under a legal hold, nothing goes."""
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    trail, _ = opened(folder, file_bytes=2_000, cadence=Cadence(keep=keep), now=lambda: clock[0])
    trail.start({})
    for _ in range(30):
        await trail.record(Kind.NOTE, {})
        clock[0] += timedelta(days=10)
    trail.close()
    assert (files(folder)[0].stem == "000000000001", bool(records(folder, "pruned"))) == (not left, left)
    assert findings(folder) == []


async def test_what_was_pruned_without_a_record_is_missed(folder: Path) -> None:
    """An attacker who deletes the oldest file is not our own tidying up."""
    trail, _ = opened(folder, file_bytes=2_000)
    trail.start({})
    for _ in range(30):
        await trail.record(Kind.NOTE, {})
    trail.close()
    files(folder)[0].unlink()
    assert [finding.flaw for finding in findings(folder)] == [Flaw.BEHEADED]


async def test_a_full_disk_fails_who_waits_and_keeps_what_happened(
    folder: Path, living: tuple[Trail, Disk], metrics: Metrics
) -> None:
    """Who waits did not act; what was noted has happened, and is written once there is room."""
    trail, disk = living
    disk.fault = FULL
    trail.note(Kind.TRANSITION, {"n": 1})
    with pytest.raises(AuditError, match="No space left"):
        await trail.record(Kind.ATTEMPT, {"n": 2})
    assert number(metrics, "audit_up") == 0
    disk.fault = None
    await trail.record(Kind.ATTEMPT, {"n": 3})
    assert number(metrics, "audit_up") == 1
    assert [record.facts["n"] for record in records(folder) if "n" in record.facts] == [1, 3]
    assert findings(folder) == []


async def test_a_slow_disk_holds_nobody_up_for_long(
    folder: Path, living: tuple[Trail, Disk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gave up waiting was refused: nothing of it is written later."""
    trail, disk = living
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    disk.slow = threading.Event()
    trail.note(Kind.NOTE, {"n": 0})
    await eventually(lambda: _true(trail.failing), what="the write to hang")
    with pytest.raises(AuditError, match="too slowly"):
        await trail.record(Kind.ATTEMPT, {"n": 1})
    disk.slow.set()
    monkeypatch.setattr(module, "_PATIENCE", 10.0)
    await trail.record(Kind.ATTEMPT, {"n": 2})
    assert [record.facts["n"] for record in records(folder) if "n" in record.facts] == [0, 2]
    assert findings(folder) == []


async def _true(value: bool) -> bool:
    return value


async def test_the_queue_is_bounded_and_what_does_not_fit_is_counted(
    folder: Path, living: tuple[Trail, Disk], metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the metrics at once, in the chain once there is room."""
    trail, disk = living
    disk.fault = FULL
    monkeypatch.setattr(module, "_MOST_WAITING", 10)
    assert [trail.note(Kind.NOTE, {"n": n}) for n in range(15)].count(False) == 5
    with pytest.raises(AuditError, match="queue is full"):
        await trail.record(Kind.ATTEMPT, {})
    disk.fault = None
    trail.close()
    assert number(metrics, "audit_lost_total") == 5
    assert [record.facts["n"] for record in records(folder, "note")] == list(range(10))
    assert sum(record.facts["lost"] for record in records(folder, "gap")) >= 5
    assert findings(folder) == []


async def test_a_part_of_a_line_that_a_full_disk_took_is_cut(folder: Path) -> None:
    """The next record follows the last whole one."""
    trail, _ = opened(folder)
    trail.start({})
    tear(folder, b'{"half')
    await trail.record(Kind.NOTE, {})
    trail.close()
    assert findings(folder) == []


async def test_time_alone_has_it_signed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet chain is not left unsigned, and a silent one is not written to."""
    monkeypatch.setattr(module, "_LOOK_EVERY", 0.01)
    trail, _ = opened(folder, cadence=Cadence(every=timedelta(milliseconds=20)))
    trail.start({})
    trail.note(Kind.NOTE, {})
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(trail.watch())
        await eventually(lambda: _true(len(records(folder, "checkpoint")) == 2), what="a checkpoint")
        await asyncio.sleep(0.1)
        watching.cancel()
    assert len(records(folder, "checkpoint")) == 2
    trail.close()


async def test_every_so_many_are_signed(folder: Path) -> None:
    """Whatever the time."""
    trail, _ = opened(folder, cadence=Cadence(records=10))
    trail.start({})
    for _ in range(35):
        await trail.record(Kind.NOTE, {})
    assert len(records(folder, "checkpoint")) == 4
    trail.close()


async def test_a_trail_that_cannot_begin_says_so(folder: Path) -> None:
    """A sidecar without an audit trail does not start."""
    trail, disk = opened(folder)
    disk.fault = FULL
    with pytest.raises(AuditError, match="make room"):
        trail.start({})
    trail.close()


async def test_after_its_end_nothing_is_taken(folder: Path, metrics: Metrics) -> None:
    """Who still asks is refused; who still notes is counted."""
    trail, _ = opened(folder, metrics=metrics)
    trail.start({})
    trail.close()
    with pytest.raises(AuditError):
        await trail.record(Kind.ATTEMPT, {})
    assert not trail.note(Kind.NOTE, {})
    assert number(metrics, "audit_lost_total") == 1


async def test_what_nobody_waits_for_is_on_disk_soon(living: tuple[Trail, Disk]) -> None:
    """Without any record that somebody waits for, and long before the next checkpoint."""
    trail, _ = living
    before = trail.durable
    trail.note(Kind.NOTE, {})
    await until_written(trail, before)
    assert trail.durable == before + 1


@pytest.mark.parametrize("days", [-400, -1, 400])
async def test_a_clock_that_jumps_breaks_no_chain(folder: Path, days: int) -> None:
    """What is said of time is what the clock said; order, checkpoints and durability do not depend on it."""
    moment = [datetime(2026, 11, 23, tzinfo=UTC)]
    trail, _ = opened(folder, now=lambda: moment[0], cadence=Cadence(records=5))
    trail.start({})
    for number in range(12):
        if number == 6:
            moment[0] += timedelta(days=days)
        await trail.record(Kind.NOTE, {"n": number})
    trail.close()
    assert findings(folder) == []
    numbers = [record.facts["n"] for record in records(folder, "note")]
    assert numbers == list(range(12))


async def test_a_clock_set_forward_prunes_nothing_that_it_calls_new(folder: Path) -> None:
    """Files go by the time of their last record: what was written after the jump stays after it is undone."""
    moment = [datetime(2026, 11, 23, tzinfo=UTC)]
    keep = Cadence(keep=timedelta(days=183))
    trail, _ = opened(folder, file_bytes=1, now=lambda: moment[0], cadence=keep)
    trail.start({})
    moment[0] += timedelta(days=180)
    await trail.record(Kind.NOTE, {})
    moment[0] -= timedelta(days=180)
    await trail.record(Kind.NOTE, {})
    trail.close()
    assert records(folder, "pruned") == []
    assert findings(folder) == []
