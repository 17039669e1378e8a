"""Sinks of a real trail: what they are given is on disk for certain."""

import errno
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from proxy.audit import trail as module
from proxy.audit.segments import AuditError
from proxy.audit.sinks.making import Around, feeds, sure
from proxy.audit.sinks.settings import SinkEntry, SinkKind
from proxy.channels.outgoing import Outgoing
from proxy.channels.settings import SecretPlace
from proxy.destinations import Allowed, Destinations
from proxy.metrics import Metrics
from rules.audit.record import Kind, Record
from tests.proxy.audit.trails import lines, opened, until_written
from tests.proxy.redis_child import eventually

pytestmark = pytest.mark.observe

SECRET = SecretPlace(env="HOOK_SECRET")
ENTRIES = (
    SinkEntry(name="log", kind=SinkKind.SYSLOG, to="udp://127.0.0.1:9"),
    SinkEntry(name="hook", kind=SinkKind.WEBHOOK, to="https://siem.example/x", secrets=(SECRET,)),
    SinkEntry(name="out", kind=SinkKind.STDOUT),
    SinkEntry(name="stream", kind=SinkKind.REDIS),
)


async def test_every_kind_is_made_and_a_stream_gets_what_is_on_disk(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that: what a full disk or a power cut takes back was never given to anybody."""
    monkeypatch.setattr(module, "_LOOK_EVERY", 3600.0)
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as name:
        folder, metrics = Path(name) / "audit" / "serve", Metrics()
        folder.parent.mkdir()
        trail, disk = opened(folder, metrics=metrics)
        trail.start({})
        outgoing = Outgoing(
            destinations=Destinations(allowed=Allowed(), named=lambda _host: False),
            trust=ssl.create_default_context(),
        )
        around = Around(trail=trail, metrics=metrics, redis=redis, domain="made", outgoing=outgoing)
        made = feeds(ENTRIES, around)
        assert [feed.name for feed in made] == ["log", "hook", "out", "stream"]
        await trail.record(Kind.NOTE, {"n": 1})
        disk.fault = OSError(errno.ENOSPC, "No space left on device")
        with pytest.raises(AuditError):
            await trail.record(Kind.NOTE, {"n": 2})
        disk.fault = None
        trail.note(Kind.NOTE, {"n": 3})
        await eventually(lambda: _written(folder, 4), what="the record that nobody waits for")
        while await made[3].step() == 0:
            pass
        trail.close()
        entries: Any = await redis.xrange("{sidegate:made}:audit")
        assert [entry[b"record"] for _, entry in entries] == lines(folder)[:3]
        assert sorted(path.name for path in folder.parent.iterdir()) == ["serve", "stream.cursor"]


async def _written(folder: Path, count: int) -> bool:
    return len(lines(folder)) == count


async def test_what_is_only_written_is_synced_before_it_is_given() -> None:
    """Within a second or two: what a power cut takes back must have reached nobody."""
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as name:
        trail, _ = opened(Path(name) / "serve")
        trail.start({})
        before = trail.durable
        trail.note(Kind.NOTE, {})
        await until_written(trail, before)
        assert trail.durable >= before + 1
        trail.close()


@pytest.mark.parametrize(("age", "ready"), [(0, False), (4, False), (6, True), (-3600, True)])
def test_another_process_s_records_wait_until_they_stay(tmp_path: Path, age: int, *, ready: bool) -> None:
    """It cuts off at once what it could not write whole; a clock that was set back does not hold them up."""
    trail, _ = opened(tmp_path / "serve")
    trail.start({})
    at = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    other = Record(at=at, chain="mcp-1", epoch=1, facts={}, kind="note", prev="0" * 64, seq=1)
    assert sure(trail)(other) is ready
    trail.close()
