"""Labelling over the API."""

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.door import reviewer
from proxy.console.quality.labelling import Labelling, read_label
from proxy.console.reading.shown import told
from proxy.console.reading.whole import labels_of
from proxy.console.reviewing import Reviewing
from rules.quality import HoldLabel


class LabelRoutes:
    """The routes that take what people say of verdicts."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._labelling = Labelling(reviewing)

    async def hold(self, request: Request) -> Response:
        """Say whether it was necessary to hold it; all that was said of that."""
        label = read_label(await read_members(request, names=["label"]), HoldLabel)
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        hold = await self._labelling.hold(hold_id, label, who=who)
        labels = await labels_of(self._reviewing, hold_id)
        return told(hold, self._reviewing.now(), labels=labels)
