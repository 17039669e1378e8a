"""Makes the sinks that are configured, each with what it is fed from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis.asyncio import Redis

from proxy.audit.following import Follower
from proxy.audit.sinks.feed import Feed, Sink
from proxy.audit.sinks.settings import SinkEntry, SinkKind
from proxy.audit.sinks.stdout import StdoutSink
from proxy.audit.sinks.stream import StreamSink
from proxy.audit.sinks.syslog import SyslogSink
from proxy.audit.sinks.webhook import WebhookSink
from proxy.audit.trail import Trail
from proxy.channels.outgoing import Outgoing
from proxy.metrics import Metrics
from proxy.store.connection import connect
from rules.audit.record import Record

_SURE_AFTER = timedelta(seconds=5)
"""A line that another process wrote is cut off again at once, or stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What sinks need of a sidecar."""

    trail: Trail
    metrics: Metrics
    redis: Redis
    domain: str
    outgoing: Outgoing


def feeds(entries: Iterable[SinkEntry], around: Around) -> list[Feed]:
    """What feeds each, from all chains in the folder of the sidecar's own."""
    folder = around.trail.folder.parent
    return [
        Feed(
            name=entry.name,
            sink=_sink(entry, around),
            follower=Follower(folder=folder, ready=sure(around.trail)),
            cursor=cursor(folder, entry.name),
            metrics=around.metrics,
        )
        for entry in entries
    ]


def cursor(folder: Path, name: str) -> Path:
    """The file that says how far a sink has come."""
    return folder / f"{name}.cursor"


def sure(trail: Trail) -> Callable[[Record], bool]:
    """Whether a record stays what it is: on disk for certain, or another process's and not of just now."""

    def ready(record: Record) -> bool:
        if record.chain == trail.chain:
            return record.seq <= trail.durable
        # A clock that was set back makes it one of the future.
        return abs(datetime.now(UTC) - datetime.fromisoformat(record.at)) >= _SURE_AFTER

    return ready


def _sink(entry: SinkEntry, around: Around) -> Sink:
    match entry.kind:
        case SinkKind.STDOUT:
            return StdoutSink()
        case SinkKind.SYSLOG:
            return SyslogSink(entry.to)
        case SinkKind.WEBHOOK:
            return WebhookSink(entry, around.outgoing)
        case SinkKind.REDIS:
            redis = connect(entry.to) if entry.to else around.redis
            return StreamSink(redis, domain=around.domain, keep=entry.keep, own=bool(entry.to))
