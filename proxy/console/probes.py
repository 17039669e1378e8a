"""Whether the process lives, whether it is ready, and its metrics: for machines, without any id."""

import asyncio
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from proxy.console.problem import PRIVATE, answer
from proxy.console.reading.board import Board
from proxy.console.reviewing import Reviewing
from proxy.counts import Summed
from proxy.failure import ended, report
from proxy.store.record import StoreUnavailable
from rules.hold import UNENDED, Hold, State

_OPENMETRICS = re.compile(r"application/openmetrics-text; ?version=1\.0\.0(?![^;,])")
_SECONDS = 5.0
_FRESH_SECONDS = 5.0


class Probes:
    """The routes that need no token."""

    def __init__(
        self, reviewing: Reviewing, board: Board, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._board = board
        self._reviewing = reviewing
        self._clock = clock
        self._counting = asyncio.Lock()
        self._fresh_until = float("-inf")

    async def health(self, _request: Request) -> Response:
        """200 while the process lives."""
        return answer({"alive": True})

    async def ready(self, _request: Request) -> Response:
        """200 when every check holds, else 503 with those that do not."""
        try:
            async with asyncio.timeout(_SECONDS):
                checks = await self._reviewing.ready()
        except TimeoutError:
            checks = {"checks_in_time": False}
        missing = [name for name, holds in checks.items() if not holds]
        members = {"ready": not missing, "checks": checks, "not_ready": missing}
        return answer(members, status=503 if missing else 200)

    async def metrics(self, request: Request) -> Response:
        """All metrics in Prometheus' text format, or in OpenMetrics', with examples, to who asks for it."""
        # One scrape counts for all that come meanwhile: nobody can keep the store busy from here.
        async with self._counting:
            if self._clock() >= self._fresh_until:
                await self._count()
                self._fresh_until = self._clock() + _FRESH_SECONDS
        write, kind = _form(request.headers.get("accept", ""))
        text = await asyncio.to_thread(
            write, Summed(self._reviewing.metrics.registry, self._reviewing.counts)
        )
        return Response(text, headers={**PRIVATE, "Content-Type": kind, "Vary": "Accept"})

    async def _count(self) -> None:
        """Set the gauges that are read from the store; without it, no number is better than an old one."""
        metrics = self._reviewing.metrics
        found = await ended(self._read())
        if isinstance(found, BaseException):
            if not isinstance(found, (StoreUnavailable, TimeoutError)):
                report("metrics.unread", found)
            metrics.store_up.set(0)
            metrics.holds.clear()
            metrics.oldest_pending_seconds.set(math.nan)
            metrics.kill_switch.set(math.nan)
            return
        holds, killed, waiting = found
        metrics.store_up.set(1)
        metrics.pass_audit_waiting.set(waiting)
        real = [hold for hold in holds if not hold.drill]
        counts = Counter(hold.state for hold in real)
        for state in UNENDED:
            metrics.holds.labels(state=state).set(counts[state])
        now = self._reviewing.now()
        waits = [(now - hold.created_at).total_seconds() for hold in real if hold.state is State.PENDING]
        metrics.oldest_pending_seconds.set(max([0.0, *waits]))
        metrics.kill_switch.set(killed is not None)

    async def _read(self) -> tuple[Sequence[Hold], str | None, int]:
        async with asyncio.timeout(_SECONDS):
            holds = await self._board.unended()
            killed = await self._reviewing.store.killed()
            return holds, killed, await self._reviewing.passes.waiting()


def _form(accepted: str) -> tuple[Callable[[Collector], bytes], str]:
    """How a scraper wants to have it. What it says of preference is not weighed: both say the same."""
    if _OPENMETRICS.search(accepted):
        return openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest, CONTENT_TYPE_PLAIN_0_0_4
