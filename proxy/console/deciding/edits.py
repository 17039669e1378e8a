"""Changing held calls over the API."""

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.deciding.decisions import read_digest
from proxy.console.deciding.editing import Editing
from proxy.console.door import reviewer
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.shown import told
from proxy.console.reviewing import Reviewing
from rules.request.strict_json import Json


class Edits:
    """The routes that change."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._now = reviewing.now
        self._editing = Editing(reviewing)

    async def preview(self, request: Request) -> Response:
        """What a change would make of it; nothing is changed."""
        digest, body = await _read(request)
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        return answer({"edit": await self._editing.preview(hold_id, body, who=who, digest=digest)})

    async def apply(self, request: Request) -> Response:
        """Change it: the answer's hold is the new one."""
        digest, body = await _read(request)
        hold_id, who = request.path_params["hold_id"], reviewer(request)
        made = await self._editing.apply(hold_id, body, who=who, digest=digest)
        return told(made, self._now())


async def _read(request: Request) -> tuple[str, Json]:
    """The digest of what is changed, and what it shall be. Raises Problem."""
    members = await read_members(request, names=["digest", "body"])
    if "body" not in members:
        detail = "`body` is missing: send the whole JSON body, or all arguments, as they shall be"
        raise Problem(400, Obstacle.EDIT_INVALID, detail)
    return read_digest(members), members["body"]
