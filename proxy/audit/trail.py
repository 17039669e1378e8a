"""Who writes an audit chain: entries in groups, each group by one write, and one fsync where it is asked for.

One thread links and writes, so a disk that hangs holds up nobody who does not wait for it. What cannot be
written waits in a bounded queue; what no longer fits is counted, and the count is recorded.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from time import monotonic

from proxy.audit.segments import AuditError, Segments
from proxy.audit.signature import checkpoint
from proxy.keys.signing import Signer
from proxy.metrics import Metrics
from rules.audit.record import Entry, Facts, Kind, Place, line

logger = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_AT_ONCE = 2_000
_PATIENCE = 3.0
_LOOK_EVERY = 1.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """After how many records, and after how long, what was written is signed; how long it is kept."""

    records: int = 1_000
    every: timedelta = timedelta(seconds=60)
    keep: timedelta | None = None
    """None: for ever."""


_USUAL = Cadence()


@dataclass(slots=True)
class _Waiting:
    """An entry in the queue. `done`: for whoever waits until it is on disk."""

    entry: Entry
    done: Future[None] | None = None


class Trail:
    """The chain in the files of `segments`. Raises AuditError where they cannot be gone on with."""

    def __init__(
        self,
        segments: Segments,
        signer: Signer,
        metrics: Metrics,
        *,
        cadence: Cadence = _USUAL,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._segments, self._signer, self._metrics, self._now = segments, signer, metrics, now
        self._cadence = cadence
        self._place = segments.place
        self._synced = self._place.seq - 1
        self._synced_at = monotonic()
        self._queue = deque[_Waiting]()
        self._mutex = Lock()
        self._scheduled = False
        self._began: float | None = None
        self._broken = self._closed = False
        self._unsigned = 0
        self._gap = 0
        self._signed_at = monotonic()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="audit")
        metrics.audit_up.set(1)

    @property
    def chain(self) -> str:
        """The name of the chain."""
        return self._place.chain

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._segments.folder

    @property
    def durable(self) -> int:
        """The number of the last record that is on disk for certain."""
        return self._synced

    @property
    def failing(self) -> bool:
        """Whether the last write failed, or one takes too long."""
        began = self._began
        return self._broken or (began is not None and monotonic() - began > _PATIENCE)

    def start(self, facts: Facts) -> None:
        """Write and sign the first record of this process. Raises AuditError."""
        if mended := self._segments.mended:
            torn: Facts = {"torn_bytes": mended.bytes, "torn_sha256": mended.sha256, "torn_file": mended.file}
            facts = {**facts, **torn}
        self._queue.append(_Waiting(Entry(kind=Kind.STARTED, at=self._now(), facts=facts)))
        self._commit(sign="start")
        if self._broken:
            raise AuditError("the audit trail cannot be written: make room for it")

    def note(self, kind: Kind, facts: Facts) -> bool:
        """Have something recorded soon. False: there is no room for it; that is counted and recorded."""
        with self._mutex:
            if self._closed or len(self._queue) >= _MOST_WAITING:
                self._gap += 1
                self._metrics.audit_lost.inc()
                return False
            self._queue.append(_Waiting(Entry(kind=kind, at=self._now(), facts=facts)))
        self._schedule()
        return True

    async def record(self, kind: Kind, facts: Facts) -> None:
        """Have something recorded, durably, with all that was noted before. Raises AuditError if it is not.

        What was given up is not recorded later.
        """
        done = Future[None]()
        with self._mutex:
            if self._closed or len(self._queue) >= _MOST_WAITING:
                raise AuditError("the audit trail is not written any more, and its queue is full")
            self._queue.append(_Waiting(Entry(kind=kind, at=self._now(), facts=facts), done))
        self._schedule()
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.wrap_future(done)
        except TimeoutError as error:
            raise AuditError("the audit trail is written too slowly") from error

    async def watch(self) -> None:
        """Write what is left over, and sign in time, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            due = monotonic() - self._signed_at >= self._cadence.every.total_seconds()
            unsynced = self._synced < self._place.seq - 1
            if self._queue or self._gap or unsynced or (due and self._unsigned):
                self._schedule()

    def close(self) -> None:
        """Write what is left, say that this process has ended, and sign that."""
        if self._closed:
            return
        with self._mutex:
            self._closed = True
            self._queue.append(_Waiting(Entry(kind=Kind.STOPPED, at=self._now(), facts={})))
        self._writer.submit(self._commit, sign="close")
        self._writer.shutdown()
        self._segments.close()

    def _schedule(self) -> None:
        """Have the queue written, unless that is about to begin."""
        with self._mutex:
            if self._scheduled:
                return
            self._scheduled = True
        with suppress(RuntimeError):  # closed: the last commit has taken everything
            self._writer.submit(self._commit)

    def _commit(self, *, sign: str = "") -> None:
        """Write all that waits, in groups; in the writer's thread."""
        with self._mutex:
            self._scheduled = False
        self._began = monotonic()
        try:
            self._segments.settle(self._place.seq)
            while self._write_some():
                # Within, or a trail that always has something to write would never come to it.
                self._rotate()
            self._sync()
            self._sign(sign)
            self._recovered()
        except (OSError, AuditError) as error:
            self._failed(error)
        finally:
            self._began = None

    def _write_some(self) -> bool:
        """Write one group; whether there was one."""
        with self._mutex:
            group = [self._queue.popleft() for _ in range(min(len(self._queue), _AT_ONCE))]
            gap, self._gap = self._gap, 0
        # INVARIANT: whoever has given up waiting was refused, and is refused nothing that did happen.
        group = [one for one in group if one.done is None or one.done.set_running_or_notify_cancel()]
        if gap:
            group.append(_Waiting(Entry(kind=Kind.GAP, at=self._now(), facts={"lost": gap})))
        if not group:
            return False
        place, data = self._linked(group)
        try:
            durable = any(one.done is not None for one in group)
            self._segments.append(data, durable=durable)
        except OSError as error:
            # Before anybody hears of it: whoever was refused finds the trail failing.
            self._failed(error)
            self._put_back(group, gap, error)
            raise
        self._recovered()
        self._place, self._unsigned = place, self._unsigned + len(group)
        if durable:
            self._note_synced()
        self._metrics.audit_records.inc(len(group))
        for one in group:
            if one.done is not None:
                one.done.set_result(None)
        if self._unsigned >= self._cadence.records:
            self._sign("records")
        return True

    def _sync(self) -> None:
        """Have on disk what was written without waiting for it, once in a while."""
        if self._synced < self._place.seq - 1 and monotonic() - self._synced_at >= _LOOK_EVERY:
            self._segments.sync()
            self._note_synced()

    def _note_synced(self) -> None:
        self._synced, self._synced_at = self._place.seq - 1, monotonic()

    def _linked(self, group: Sequence[_Waiting]) -> tuple[Place, bytes]:
        """The lines of a group, and the place after them."""
        place, lines = self._place, list[bytes]()
        for one in group:
            lines.append(line(one.entry, place))
            place = place.after(lines[-1])
        return place, b"".join(text + b"\n" for text in lines)

    def _put_back(self, group: Sequence[_Waiting], gap: int, error: OSError) -> None:
        """After a failure: those who wait hear of it, all else waits on."""
        for one in group:
            if one.done is not None:
                why = error.strerror or type(error).__name__
                one.done.set_exception(AuditError(f"the audit trail cannot be written ({why}): make room"))
        with self._mutex:
            kept = [one for one in group if one.done is None and one.entry.kind is not Kind.GAP]
            self._queue.extendleft(reversed(kept))
            self._gap += gap

    def _sign(self, why: str) -> None:
        """Sign what is not, if it is time or there is a reason."""
        due = monotonic() - self._signed_at >= self._cadence.every.total_seconds()
        if not why and not (due and self._unsigned):
            return
        entry = Entry(kind=Kind.CHECKPOINT, at=self._now(), facts={})
        text = checkpoint(self._signer, entry, self._place)
        self._segments.append(text + b"\n", durable=True)
        self._place = self._place.after(text)
        self._unsigned, self._signed_at = 0, monotonic()
        self._note_synced()
        head = (self._place.chain, self._place.seq - 1, self._place.prev)
        logger.info("audit.checkpoint head=%s:%d:%s", *head)

    def _rotate(self) -> None:
        """Go on in a new file where the last one is full, and delete those whose time is over."""
        if not self._segments.full:
            return
        self._sign("rotation")
        self._segments.begin(self._place.seq)
        if self._cadence.keep is None:
            return
        for old in list(self._segments.old(now=self._now(), keep=self._cadence.keep)):
            facts: Facts = {"through": old.through, "hash": old.hash, "file": old.path.name}
            text = line(Entry(kind=Kind.PRUNED, at=self._now(), facts=facts), self._place)
            self._segments.append(text + b"\n", durable=True)
            self._place = self._place.after(text)
            # INVARIANT: that it was deleted is signed before it is gone.
            self._sign("pruned")
            old.path.unlink()
            logger.warning("audit.pruned through=%d file=%s", old.through, old.path.name)

    def _recovered(self) -> None:
        if self._broken:
            logger.warning("audit.available")
            self._metrics.audit_up.set(1)
        self._broken = False

    def _failed(self, error: OSError | AuditError) -> None:
        self._metrics.audit_up.set(0)
        if not self._broken:
            logger.error("audit.unavailable why=%s", getattr(error, "strerror", None) or error)
        self._broken = True
