"""Gives one sink the records that are on disk: in order, again after a failure, from where it had come.

A sink that is gone or slow holds up nobody: it is behind, which is counted, and catches up from the files.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from redis.exceptions import RedisError

from proxy.audit.following import Follower, Line, Seen
from proxy.channels.outgoing import Untold
from proxy.credentials.sources.secret import CredentialError
from proxy.data_dir.files import write_secret
from proxy.metrics import Metrics

logger = logging.getLogger(__name__)

PATIENCE = 10.0
_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_FAILURES = (Untold, CredentialError, RedisError, OSError)


class Sink(Protocol):
    """Takes records."""

    async def give(self, lines: Sequence[Line]) -> None:
        """Take records of one chain, in order, all or, by raising, perhaps some. Raises one of _FAILURES."""

    async def close(self) -> None:
        """Take no more."""


@dataclass(slots=True, kw_only=True)
class Feed:
    """Feeds `sink`, known as `name`, which has come as far as the file `cursor` says."""

    name: str
    sink: Sink
    follower: Follower
    cursor: Path
    metrics: Metrics
    patience: float = PATIENCE
    _failures: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Go on where it stopped; where that cannot be read, from the beginning: twice is not too little."""
        metrics = self.metrics
        for counter in (metrics.audit_sink_records, metrics.audit_sink_failures, metrics.audit_sink_missed):
            counter.labels(self.name)
        metrics.audit_sink_up.labels(self.name).set(1)
        metrics.audit_sink_lag.labels(self.name).set(0)
        self.follower.seen.update(_noted(self.cursor))

    async def watch(self) -> None:
        """Feed it until cancelled."""
        try:
            while True:
                pause = await self.step()
                await asyncio.sleep(pause)
        finally:
            await self.sink.close()

    async def step(self) -> float:
        """Give it one piece; after how many seconds the next."""
        try:
            lines = await asyncio.to_thread(self.follower.more)
            self._note_lag(lines)
            if not lines:
                return _PAUSE
            async with asyncio.timeout(self.patience):
                await self.sink.give(lines)
            await asyncio.to_thread(self._taken, lines)
        except TimeoutError:
            return self._failed(f"it did not take them within {self.patience:g} s")
        except _FAILURES as error:
            return self._failed(getattr(error, "strerror", None) or str(error))
        self._recovered()
        return 0.0

    def _taken(self, lines: Sequence[Line]) -> None:
        missed = self.follower.missed
        self.follower.take(lines)
        write_secret(self.cursor, json.dumps(self.follower.seen).encode())
        self.metrics.audit_sink_records.labels(self.name).inc(len(lines))
        self.metrics.audit_sink_missed.labels(self.name).inc(self.follower.missed - missed)

    def _note_lag(self, lines: Sequence[Line]) -> None:
        since = datetime.fromisoformat(lines[0].record.at) if lines else None
        lag = max(0.0, (datetime.now(UTC) - since).total_seconds()) if since else 0.0
        self.metrics.audit_sink_lag.labels(self.name).set(lag)

    def _failed(self, why: str) -> float:
        self.metrics.audit_sink_failures.labels(self.name).inc()
        self.metrics.audit_sink_up.labels(self.name).set(0)
        if not self._failures:
            logger.error("audit.sink_failed sink=%s why=%s", self.name, why)
        self._failures += 1
        return min(_LONGEST_PAUSE, _PAUSE * float(1 << min(self._failures - 1, 10)))

    def _recovered(self) -> None:
        if self._failures:
            logger.warning("audit.sink_available sink=%s", self.name)
        self._failures = 0
        self.metrics.audit_sink_up.labels(self.name).set(1)


def _noted(cursor: Path) -> Seen:
    try:
        found = json.loads(cursor.read_bytes())
        return {str(chain): int(seq) for chain, seq in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        logger.exception("audit.cursor_unreadable file=%s", cursor.name)
        return {}
