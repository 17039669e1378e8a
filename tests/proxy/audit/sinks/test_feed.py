"""A sink is given every record in its order, however often it fails, and holds up nobody."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.audit.following import Follower, Line
from proxy.audit.sinks.feed import Feed
from proxy.channels.outgoing import Untold
from proxy.metrics import Metrics
from rules.audit.record import Entry, Kind, Place, line
from tests.proxy.audit.test_following import written
from tests.rules.audit.chains import chain

pytestmark = pytest.mark.observe


@dataclass
class Taker:
    """A sink that keeps what it is given, and fails as its test says."""

    taken: list[bytes] = field(default_factory=list)
    fault: Exception | None = None
    hangs: bool = False

    async def give(self, lines: Sequence[Line]) -> None:
        """Take them, or not."""
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault
        self.taken += [line.text for line in lines]

    async def close(self) -> None:
        """Nothing is open."""


def feeding(folder: Path, taker: Taker, metrics: Metrics) -> Feed:
    """What feeds it from the chains in `folder`."""
    follower = Follower(folder=folder)
    cursor = folder / "siem.cursor"
    return Feed(name="siem", sink=taker, follower=follower, cursor=cursor, metrics=metrics, patience=0.05)


def value(metrics: Metrics, name: str) -> float:
    """A series of the sink."""
    found = metrics.registry.get_sample_value(f"sidegate_audit_sink_{name}", {"sink": "siem"})
    assert found is not None
    return found


async def drained(feed: Feed) -> None:
    """Let it give all that there is."""
    while await feed.step() == 0:
        pass


@pytest.mark.parametrize(
    "fault",
    [Untold("it answered 500"), ConnectionRefusedError(111, "Connection refused"), None],
    ids=range(3),
)
async def test_what_fails_is_given_later_and_none_is_left_out(
    tmp_path: Path, fault: Exception | None
) -> None:
    """A sink that refuses, is gone or hangs is behind, which is counted; then it catches up."""
    lines, metrics = chain(12), Metrics()
    written(tmp_path, lines[:6])
    taker = Taker(fault=fault, hangs=fault is None)
    feed = feeding(tmp_path, taker, metrics)
    pauses = [await feed.step() for _ in range(7)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert (value(metrics, "up"), value(metrics, "failures_total")) == (0, 7)
    assert value(metrics, "lag_seconds") >= 0
    written(tmp_path, lines[6:], first=7)
    taker.fault, taker.hangs = None, False
    await drained(feed)
    assert taker.taken == lines
    assert (value(metrics, "up"), value(metrics, "records_total")) == (1, 12)
    assert (value(metrics, "lag_seconds"), value(metrics, "missed_total")) == (0, 0)


async def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    """From its cursor, which is as private as the records."""
    lines, taker = chain(12), Taker()
    written(tmp_path, lines[:6])
    await drained(feeding(tmp_path, taker, Metrics()))
    cursor = tmp_path / "siem.cursor"
    assert json.loads(cursor.read_bytes()) == {"serve-1": 6}
    assert cursor.stat().st_mode & 0o777 == 0o600
    written(tmp_path, lines[6:], first=7)
    await drained(feeding(tmp_path, taker, Metrics()))
    assert taker.taken == lines


@pytest.mark.parametrize("noted", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"serve-1": "x"}'], ids=range(5))
async def test_a_cursor_that_says_nothing_begins_anew(tmp_path: Path, noted: bytes) -> None:
    """Twice is not too little."""
    written(tmp_path, chain(6))
    (tmp_path / "siem.cursor").write_bytes(noted)
    taker = Taker()
    await drained(feeding(tmp_path, taker, Metrics()))
    assert taker.taken == chain(6)


async def test_a_full_disk_holds_the_cursor_back_and_loses_nothing(tmp_path: Path) -> None:
    """What cannot be noted is given again."""
    written(tmp_path, chain(6))
    taker, metrics = Taker(), Metrics()
    feed = feeding(tmp_path, taker, metrics)
    feed.cursor = tmp_path / "nowhere" / "siem.cursor"
    assert await feed.step() > 0
    assert value(metrics, "failures_total") == 1
    assert taker.taken == chain(6)


async def test_it_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    """With the sink closed, though that hangs in the middle of a piece."""
    written(tmp_path, chain(6))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(feeding(tmp_path, Taker(hangs=True), Metrics()).watch())
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()


async def test_a_clock_that_was_set_back_makes_no_negative_lag(tmp_path: Path) -> None:
    """Records of the future are given as all others."""
    future = datetime(2100, 1, 1, tzinfo=UTC)
    text = line(Entry(kind=Kind.NOTE, at=future, facts={}), Place(chain="serve-1"))
    written(tmp_path, [text])
    taker, metrics = Taker(fault=Untold("it answered 500")), Metrics()
    feed = feeding(tmp_path, taker, metrics)
    await feed.step()
    assert value(metrics, "lag_seconds") == 0
    taker.fault = None
    await drained(feed)
    assert taker.taken == [text]
