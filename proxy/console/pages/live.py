"""Tells open pages that something has changed, so that they load what they show again."""

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from proxy.console.pages.shell import Shell, Visit
from proxy.console.problem import Obstacle, Problem

_MOST = 100
_QUIET = 15
"""Pulses without a word after which a comment tells proxies that the stream lives."""


class Live:
    """The stream of server-sent events. It names no hold: what may be seen is asked for by the page."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._signals = shell.reviewing.signals
        self._open = 0

    async def stream(self, visit: Visit) -> Response:
        """One event for each time that holds have changed since the last."""
        if self._open >= _MOST:
            detail = f"{_MOST} pages are open already: close some"
            raise Problem(503, Obstacle.REFUSED, detail)
        return StreamingResponse(self._events(visit), media_type="text/event-stream")

    async def _events(self, visit: Visit) -> AsyncIterator[str]:
        self._open += 1
        try:
            told, quiet = self._signals.changes, 0
            yield "retry: 1000\nevent: ready\ndata: .\n\n"
            while not self._signals.draining and self._shell.session(visit.request, touch=False) is not None:
                await self._signals.anything()
                quiet += 1
                if self._signals.changes != told:
                    told, quiet = self._signals.changes, 0
                    yield "event: holds\ndata: .\n\n"
                elif quiet >= _QUIET:
                    quiet = 0
                    yield ": still here\n\n"
        finally:
            self._open -= 1
