"""Scenario `audit`: how fast records are checked, and what it takes to have one on disk."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from proxy.audit.making import begin
from proxy.audit.reading import check
from proxy.audit.settings import Audit
from proxy.keys.signing import Signer
from proxy.metrics import Metrics
from rules.audit.facts import of_attempt
from rules.audit.record import Kind
from rules.hold import State
from tests.bench.bench import Bench, say
from tests.bench.report import Goal, Section, percentile
from tests.rules.holds import a_hold

RECORDS = 100_000
APPENDS = 1_000
RATE_GOAL = 50_000.0

_SIGNER = Signer(key=b"b" * 32, domain="bench")
_HOLD = a_hold(state=State.CLAIMED, fence=1)


def run(bench: Bench) -> Section:
    """Write a long chain, check it, and wait for single records and for many at once."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        folder = Path(name)
        written, read = rates(folder / "serve")
        alone, crowd = (
            asyncio.run(appends(folder / "appends")),
            asyncio.run(appends(folder / "crowd", at_once=64)),
        )
        syncs = plain_syncs(folder / "plain")
    return section(
        read=read, written=written, waits={"one": alone, "64 at once": crowd, "fdatasync alone": syncs}
    )


def rates(folder: Path) -> tuple[float, float]:
    """Records written a second without waiting; checked in a second of CPU, with all signatures."""
    told = begin(folder, Audit(), _SIGNER, Metrics(), facts={})
    facts = of_attempt(_HOLD, attempt="01JD8Z6Q4W9V7T5R3P1N0M2K4A", event="send")
    began = time.perf_counter()
    for _ in range(RECORDS):
        while not told.trail.note(Kind.VERDICT, facts):
            time.sleep(0.001)
    told.trail.close()
    written = RECORDS / (time.perf_counter() - began)
    # CPU seconds: whoever else takes the core meanwhile is no cost of ours.
    began = time.thread_time()
    checked = check([folder], keys={_SIGNER.public.hex()})
    took = time.thread_time() - began
    if checked.findings or checked.records <= RECORDS:
        raise ValueError("the benchmark's own chain is not sound")
    say(f"audit: {checked.records / took:,.0f} records/s checked")
    return written, checked.records / took


async def appends(folder: Path, *, at_once: int = 1) -> list[float]:
    """Seconds until each record was on disk."""
    told = begin(folder, Audit(), _SIGNER, Metrics(), facts={})
    waits = list[float]()

    async def some() -> None:
        for _ in range(APPENDS // at_once):
            began = time.perf_counter()
            await told.sending(_HOLD, attempt="a", event="send")
            waits.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(some())
    await asyncio.to_thread(told.trail.close)
    return waits


def plain_syncs(path: Path) -> list[float]:
    """Seconds that the disk takes by itself for as many bytes: what no program can be quicker than."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write() -> None:
        os.write(file, b"x" * 700)
        os.fdatasync(file)

    try:
        return [_timed(write) for _ in range(APPENDS)]
    finally:
        os.close(file)


def section(*, read: float, written: float, waits: dict[str, list[float]]) -> Section:
    """Put it into a table."""
    return Section(
        name="audit",
        title="Audit trail: milliseconds until a record is on disk, with its fsync",
        header=("records", "median ms", "p99 ms"),
        rows=tuple(
            (name, f"{1e3 * percentile(each, 0.5):.2f}", f"{1e3 * percentile(each, 0.99):.2f}")
            for name, each in waits.items()
        ),
        notes=(f"{written:,.0f} records/s written without waiting for the disk",),
        goals=(
            Goal(
                text=f"{read:,.0f} audit records verified in a second of CPU (goal {RATE_GOAL:,.0f})",
                met=read >= RATE_GOAL,
            ),
        ),
        data={
            "verified_per_second": read,
            "written_per_second": written,
            "p99_ms": {name: 1e3 * percentile(each, 0.99) for name, each in waits.items()},
        },
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
