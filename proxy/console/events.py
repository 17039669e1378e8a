"""What changes, told to programs as it changes: a stream of server-sent events that can be resumed."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from proxy.console.door import reviewer
from proxy.console.people.asking import hides, visible_to
from proxy.console.problem import PRIVATE, Obstacle, Problem
from proxy.console.reviewing import Reviewing
from proxy.store.events import Change, Events, is_mark
from proxy.store.record import StoreUnavailable
from rules.reviewer import Reviewer

MOST_OPEN = 50
_QUIET_SECONDS = 15.0
_BREATH_SECONDS = 0.05
"""What changes within it is read at once, however many listen and however much changes."""
_RESUME = "last-event-id"


class EventStream:
    """The route that tells. It says which hold stands how; the rest is asked for."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._signals = reviewing.signals
        self._events = Events(reviewing.store)
        self._open = 0

    async def stream(self, request: Request) -> Response:
        """One event for each change from now on, or from the one that the client names."""
        mark = request.headers.get(_RESUME)
        if mark is not None and not is_mark(mark):
            detail = "`Last-Event-ID` is no id of an event: leave it out, or send the last one that you have"
            raise Problem(400, Obstacle.CURSOR_INVALID, detail)
        if self._open >= MOST_OPEN or self._signals.draining:
            detail = f"{MOST_OPEN} streams are open, or the sidecar ends: close some, or try again"
            raise Problem(503, Obstacle.BUSY, detail, headers={"Retry-After": "5"})
        start = await self._events.newest() if mark is None else mark
        headers = {**PRIVATE, "X-Accel-Buffering": "no"}
        told = self._told(start, reviewer(request))
        return StreamingResponse(told, media_type="text/event-stream", headers=headers)

    async def _told(self, mark: str, who: Reviewer) -> AsyncIterator[str]:
        self._open += 1
        clock = asyncio.get_running_loop().time
        try:
            yield f"retry: 1000\nid: {mark}\nevent: ready\ndata: {{}}\n\n"
            quiet_since = clock()
            while not self._signals.draining:
                told = self._signals.changes
                changes = await self._events.after(mark)
                if changes.lost:
                    mark = await self._events.newest()
                    yield f"id: {mark}\nevent: reset\ndata: {{}}\n\n"
                    continue
                if changes.found:
                    mark, quiet_since = changes.found[-1].mark, clock()
                    yield "".join([_event(change) for change in await self._visible(changes.found, who)])
                    await asyncio.sleep(_BREATH_SECONDS)
                    continue
                if clock() - quiet_since >= _QUIET_SECONDS:
                    quiet_since = clock()
                    yield ": still here\n\n"
                if self._signals.changes == told:
                    await self._signals.anything()
        except StoreUnavailable:
            # The client comes again with the id of the last event, and misses nothing.
            return
        finally:
            self._open -= 1

    async def _visible(self, changes: Sequence[Change], who: Reviewer) -> Sequence[Change]:
        """Those of holds that `who` may see."""
        if not hides(who):
            return changes
        holds = await self._reviewing.store.several([change.hold_id for change in changes])
        seen = await visible_to(self._reviewing, holds, who=who, most=len(holds))
        ids = {hold.hold_id for hold in seen}
        return [change for change in changes if change.hold_id in ids]


def _event(change: Change) -> str:
    data = {"hold_id": change.hold_id, "state": change.state, "attempts": change.attempts}
    return f"id: {change.mark}\nevent: hold\ndata: {json.dumps(data)}\n\n"
