"""The form that says whether it was right to hold a call."""

from starlette.responses import Response

from proxy.console.pages.acting.deciding import shown
from proxy.console.pages.shell import Shell, Visit
from proxy.console.quality import labelling
from rules.quality import HoldLabel


class Labelling:
    """The routes of the forms that label."""

    def __init__(self, shell: Shell) -> None:
        self._labelling = labelling.Labelling(shell.reviewing)

    async def hold(self, visit: Visit) -> Response:
        """Say whether it was necessary."""
        label = labelling.read_label(visit.form, HoldLabel)
        return shown(await self._labelling.hold(visit.hold_id, label, who=visit.who))
