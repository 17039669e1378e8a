"""Speaking about holds over the API."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.deciding.decisions import read_text
from proxy.console.deciding.talking import Talking
from proxy.console.door import reviewer
from proxy.console.reading.shown import told
from proxy.console.reviewing import Reviewing
from rules.hold import Hold


class Talks:
    """The routes that say something."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._now = reviewing.now
        self._talking = Talking(reviewing)

    async def ask(self, request: Request) -> Response:
        """Ask the agent something, which it is told at its next touch."""
        question = read_text(await read_members(request, names=["question"]), "question")
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._talking.ask(hold_id, who=who, question=question))

    async def comment(self, request: Request) -> Response:
        """Say something to other people."""
        text = read_text(await read_members(request, names=["text"]), "text")
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._talking.comment(hold_id, who=who, text=text))

    async def claim(self, request: Request) -> Response:
        """Be the one who looks at it."""
        await read_members(request, names=[])
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._talking.watch(hold_id, who=who))

    async def unclaim(self, request: Request) -> Response:
        """Look at it no longer."""
        await read_members(request, names=[])
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return self._told(await self._talking.watch(hold_id, who=who, until=timedelta(0)))

    def _told(self, hold: Hold) -> Response:
        return told(hold, self._now())
