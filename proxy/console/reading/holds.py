"""Reading holds: the newest ones in short, or one whole."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.deciding import votes
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.compared import before, moved
from proxy.console.reading.packages import Packages
from proxy.console.reading.shown import contents, outcome, summary
from proxy.console.reviewing import Reviewing
from proxy.drift.shots import Shots
from proxy.keys.seal import SealError, Shredded
from proxy.talk.beside import Besides
from proxy.talk.talk import Talk
from rules.action import Action
from rules.hold import Hold, State
from rules.mcp.action import ToolAction
from rules.talk import as_json

_HOLD_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")
_DEFAULT_LIMIT = 50
_MAX_LIMIT = 200

# A filter looks at no more holds than this, so that no question keeps the store busy.
SCANNED = 1000


async def find(reviewing: Reviewing, request: Request) -> Hold:
    """The hold that the request's path names. Raises Problem where there is none."""
    return await find_hold(reviewing, request.path_params["hold_id"])


async def find_hold(reviewing: Reviewing, hold_id: str) -> Hold:
    """The hold with that id, whatever was written for it. Raises Problem where there is none."""
    hold = await reviewing.store.find(hold_id) if _HOLD_ID.fullmatch(hold_id) else None
    if hold is None:
        raise missing(hold_id)
    return hold


def missing(hold_id: str) -> Problem:
    """The problem of a hold that is not there."""
    detail = f"there is no hold `{hold_id[:64]}`: it never was, or its time of keeping is over"
    return Problem(404, Obstacle.NOT_FOUND, detail)


class Holds:
    """The routes that read."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._packages = Packages(reviewing)

    async def list(self, request: Request) -> Response:
        """The newest holds, of one state if the query names one."""
        state, limit = _read_query(request)
        store = self._reviewing.store
        newest = await store.list(limit=limit + 1 if state is None else SCANNED)
        asked = [hold for hold in newest if state in (None, hold.state)]
        return answer(
            {
                "now": self._reviewing.now().isoformat(),
                "holds": [await self._line(hold) for hold in asked[:limit]],
                "complete": len(asked) <= limit and len(newest) < SCANNED,
            }
        )

    async def show(self, request: Request) -> Response:
        """One hold whole, or, where its contents were changed, what is known without them."""
        hold = await find(self._reviewing, request)
        return answer({"now": self._reviewing.now().isoformat(), "hold": await self.whole(hold)})

    async def whole(self, hold: Hold) -> dict[str, Any]:
        """All that a reviewer can see of `hold`, as JSON values."""
        shown = summary(hold) | await self._contents(hold) | {"answer": await self._answer(hold)}
        return shown | await self._compared(hold) | await self._said(hold)

    async def _said(self, hold: Hold) -> dict[str, object]:
        """What was said about it, and what was changed; None where that does not open."""
        sealed, store = self._reviewing.sealed, self._reviewing.store
        try:
            said = as_json(await Talk(store, sealed).about(hold))
            beside = await Besides(store, sealed).of(hold)
        except SealError:
            self._reviewing.metrics.integrity_failures.inc()
            return {"talk": None, "edited": None}
        return {"talk": said, "edited": beside.edited if hold.edited_by else None}

    async def _line(self, hold: Hold) -> dict[str, object]:
        try:
            action = await self._reviewing.action(hold)
        except SealError as error:
            return summary(hold) | {"integrity": _integrity(error), "method": None, "url": None}
        return summary(hold) | {"integrity": "ok", "method": action.method, "url": action.url}

    async def _contents(self, hold: Hold) -> dict[str, object]:
        try:
            action = await self._reviewing.action(hold)
            facts = await self._packages.facts(hold, action)
        except SealError as error:
            failed = {"integrity": _integrity(error), "integrity_reason": str(error)}
            return failed | {"action": None, "summary": None, "package": None, "quorum": None}
        return {
            "integrity": "ok",
            "integrity_reason": None,
            "action": contents(action),
            "summary": facts.action if facts.by_rule else None,
            "quorum": self._quorum(hold, action),
            "package": await self._packages.document(hold, facts, action),
        }

    def _quorum(self, hold: Hold, action: Action | ToolAction) -> dict[str, object] | None:
        """Who has to approve it and who has; None where what is stored of that was changed."""
        try:
            return votes.shown(self._reviewing, hold, action)
        except Problem:
            self._reviewing.metrics.integrity_failures.inc()
            return None

    async def _compared(self, hold: Hold) -> dict[str, object]:
        """What the hold would change, as it was read when it was held, and what had moved at its claim."""
        shots = Shots(self._reviewing.store, self._reviewing.sealed)
        try:
            read = await shots.before(hold) if hold.probed else None
            drift = moved(await shots.drifted(hold))
            action = None if read is None else await self._reviewing.action(hold)
            reads = [] if read is None or not isinstance(action, Action) else before(read, action)
        except SealError as error:
            self._reviewing.metrics.integrity_failures.inc()
            return {"snapshot": {"integrity": "failed", "integrity_reason": str(error)}, "drift": []}
        return {
            "snapshot": {"recorded": read is not None, "reads": reads} if hold.probed else None,
            "drift": drift,
        }

    async def _answer(self, hold: Hold) -> dict[str, object] | None:
        sealed = await self._reviewing.store.sealed(hold.hold_id, part="answer")
        if sealed is None:
            return None
        try:
            return outcome(self._reviewing.sealed.open_answer(hold, sealed))
        except SealError as error:
            self._reviewing.metrics.integrity_failures.inc()
            return {"integrity": "failed", "integrity_reason": str(error)}


def _integrity(error: SealError) -> str:
    """A word for contents that do not open."""
    return "shredded" if isinstance(error, Shredded) else "failed"


def _read_query(request: Request) -> tuple[State | None, int]:
    """The state and the limit that the query asks for."""
    pairs = request.query_params.multi_items()
    asked = dict(pairs)
    if len(asked) != len(pairs) or asked.keys() - {"state", "limit"}:
        detail = "the query knows `state` and `limit`, each once"
        raise Problem(400, Obstacle.QUERY_INVALID, detail)
    limit = asked.get("limit", str(_DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(limit) or int(limit) > _MAX_LIMIT:
        detail = f"`limit` has to be a number from 1 to {_MAX_LIMIT}"
        raise Problem(400, Obstacle.QUERY_INVALID, detail)
    return _read_state(asked.get("state")), int(limit)


def _read_state(text: str | None) -> State | None:
    if text is None:
        return None
    try:
        return State(text)
    except ValueError as error:
        detail = f"there is no state `{text[:64]}`: use one of {', '.join(State)}"
        raise Problem(400, Obstacle.QUERY_INVALID, detail) from error
