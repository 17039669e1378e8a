"""What channels could not be told, and telling it again."""

from starlette.responses import RedirectResponse, Response

from proxy.channels.deliveries import Deliveries
from proxy.console.pages.shell import Shell, Visit


class Untold:
    """Its page and its form."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._deliveries = Deliveries(shell.reviewing)

    async def show(self, visit: Visit) -> Response:
        """What was given up, the newest first."""
        dead = await self._deliveries.dead(visit.session.reviewer)
        return self._shell.show("deliveries.html", visit.session, {"dead": dead})

    async def again(self, visit: Visit) -> Response:
        """Tell one of them anew."""
        await self._deliveries.tell_again(visit.form.get("delivery_id"), who=visit.session.reviewer)
        return RedirectResponse("/deliveries", status_code=303)
