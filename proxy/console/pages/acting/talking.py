"""Forms that say something about a hold, and go the way of the API's."""

from datetime import timedelta

from starlette.responses import Response

from proxy.console.deciding import talking
from proxy.console.deciding.decisions import read_text
from proxy.console.pages.acting.deciding import shown
from proxy.console.pages.shell import Shell, Visit


class Talking:
    """The routes of the forms that speak about one hold."""

    def __init__(self, shell: Shell) -> None:
        self._talking = talking.Talking(shell.reviewing)

    async def ask(self, visit: Visit) -> Response:
        """Ask its agent something."""
        question, who = read_text(dict(visit.form), "question"), visit.who
        return shown(await self._talking.ask(visit.hold_id, who=who, question=question))

    async def comment(self, visit: Visit) -> Response:
        """Say something to other people."""
        text, who = read_text(dict(visit.form), "text"), visit.who
        return shown(await self._talking.comment(visit.hold_id, who=who, text=text))

    async def claim(self, visit: Visit) -> Response:
        """Be the one who looks at it."""
        return shown(await self._talking.watch(visit.hold_id, who=visit.who))

    async def unclaim(self, visit: Visit) -> Response:
        """Look at it no longer."""
        nothing, who = timedelta(0), visit.who
        return shown(await self._talking.watch(visit.hold_id, who=who, until=nothing))
