"""The kill switch: while it is on, nothing that was held is sent."""

from starlette.responses import RedirectResponse, Response

from proxy.console.deciding.decisions import read_reason
from proxy.console.kill import switch
from proxy.console.pages.shell import Shell, Visit


class Switch:
    """Its page and its two forms."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._reviewing = shell.reviewing

    async def show(self, visit: Visit) -> Response:
        """Whether it is on, who switched it on, and why."""
        return self._shell.show("kill.html", visit.session, {"killed": await self._reviewing.store.killed()})

    async def on(self, visit: Visit) -> Response:
        """Switch it on with a reason."""
        await switch(self._reviewing, read_reason(dict(visit.form)), who=visit.who)
        return RedirectResponse("/kill", status_code=303)

    async def off(self, visit: Visit) -> Response:
        """Switch it off."""
        await switch(self._reviewing, None, who=visit.who)
        return RedirectResponse("/kill", status_code=303)
