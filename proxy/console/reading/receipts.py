"""The receipt of a hold: one signed file for whoever asks later what was done, and who said so."""

import asyncio
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from proxy.audit.reading import files_in, lines_of
from proxy.audit.segments import AuditError
from proxy.audit.signature import sign
from proxy.console.door import reviewer
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.holds import find
from proxy.console.reading.packages import Packages
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.action import Action
from rules.audit.receipt import Witnesses, about, compose, statement
from rules.audit.record import Kind
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.review.document import bound


class Receipts:
    """The route that gives them."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def show(self, request: Request) -> Response:
        """The receipt; with `document=1` also what was shown, as far as it is still the same."""
        wanted = request.query_params.get("document", "0")
        if wanted not in ("0", "1") or set(request.query_params) - {"document"}:
            raise Problem(
                400, Obstacle.QUERY_INVALID, "`document` has to be 0 or 1, and nothing else is known"
            )
        hold = await find(self._reviewing, request)
        action = await self._action(hold)
        document = await self._document(hold, action) if wanted == "1" and action is not None else None
        records = await self._records(hold, reviewer(request).name)
        if hold.drill and not hold.settled:
            # Its records say what it is, which is told to whoever has answered it.
            hold, records = replace(hold, drill=None), ()
        known = Witnesses(action=action, document=document, records=records)
        signer = self._reviewing.signer
        receipt = compose(
            hold, known, domain=signer.domain, key=signer.public.hex(), at=self._reviewing.now()
        )
        receipt["signature"] = sign(signer, statement(receipt))
        return answer({"receipt": receipt})

    async def _action(self, hold: Hold) -> Action | ToolAction | None:
        try:
            return await self._reviewing.action(hold)
        except SealError:
            return None

    async def _document(self, hold: Hold, action: Action | ToolAction) -> dict[str, object] | None:
        try:
            return bound(await Packages(self._reviewing).facts(hold, action))
        except SealError:
            return None

    async def _records(self, hold: Hold, who: str) -> tuple[bytes, ...]:
        """What this sidecar's trails have about it, the giving of this receipt included."""
        audit = self._reviewing.audit
        if audit is None:
            return ()
        try:
            await audit.trail.record(Kind.NOTE, {"what": "receipt", "who": who, "hold": hold.hold_id})
        except AuditError as error:
            raise Problem(503, Obstacle.AUDIT, f"{error}: a receipt would not tell everything") from error
        return await asyncio.to_thread(_found, audit.trail.folder.parent, hold.hold_id)


def _found(folder: Path, hold_id: str) -> tuple[bytes, ...]:
    lines = (text for path in files_in([folder]) for _, text in lines_of(path))
    # A record begins with its time.
    return tuple(sorted(about(lines, hold_id)))
