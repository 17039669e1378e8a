"""Reading holds: the newest ones in short, or one whole."""

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.door import reviewer
from proxy.console.people.asking import check_hold, hides, missing, visible_to
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.board import Board
from proxy.console.reading.shown import summary
from proxy.console.reading.waiting import Waiting, read_patience
from proxy.console.reading.whole import Whole, integrity
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.authority import Act
from rules.hold import UNENDED, Hold, State
from rules.reviewer import Reviewer

_HOLD_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")
_DEFAULT_LIMIT = 50
_MAX_LIMIT = 200

# A filter looks at no more holds than this, so that no question keeps the store busy.
SCANNED = 1000


async def find(reviewing: Reviewing, request: Request) -> Hold:
    """The hold that the request's path names, to be read. Raises Problem where there is none."""
    hold_id = request.path_params["hold_id"]
    return await find_hold(reviewing, hold_id, who=reviewer(request), act=Act.VIEW)


async def find_hold(reviewing: Reviewing, hold_id: str, *, who: Reviewer, act: Act) -> Hold:
    """The hold with that id, to which `who` may do `act`. Raises Problem where there is none such."""
    hold = await reviewing.store.find(hold_id) if _HOLD_ID.fullmatch(hold_id) else None
    if hold is None:
        raise missing(hold_id)
    await check_hold(reviewing, hold, who=who, act=act)
    return hold


class Holds:
    """The routes that read."""

    def __init__(self, reviewing: Reviewing, board: Board) -> None:
        self._reviewing = reviewing
        self._board = board
        self._whole = Whole(reviewing)
        self._waiting = Waiting(reviewing)

    async def list(self, request: Request) -> Response:
        """The newest holds, of one state if the query names one."""
        state, limit = _read_query(request)
        asked, complete = await self._asked(state, limit, who=reviewer(request))
        return answer(
            {
                "now": self._reviewing.now().isoformat(),
                "holds": [await self._line(hold) for hold in asked[:limit]],
                "complete": complete and len(asked) <= limit,
            }
        )

    async def _asked(self, state: State | None, limit: int, *, who: Reviewer) -> tuple[Sequence[Hold], bool]:
        """The newest holds of that state that `who` may see, and whether no other one can be of it."""
        if state in UNENDED:
            newest, complete = list(reversed(await self._board.unended())), True
        else:
            few = state is None and not hides(who)
            newest = list(await self._board.newest(limit=limit + 1 if few else SCANNED))
            complete = len(newest) < SCANNED
        wanted = [hold for hold in newest if state in (None, hold.state)]
        return await visible_to(self._reviewing, wanted, who=who, most=limit + 1), complete

    async def show(self, request: Request) -> Response:
        """One hold whole, once it differs from what the query knows; damaged, without its contents."""
        patience = read_patience(request)
        found = await find(self._reviewing, request)
        hold = await self._waiting.changed(found, patience)
        if hold is None:
            raise missing(found.hold_id)
        await self._reviewing.pace.viewed(hold, who=reviewer(request).name)
        return answer({"now": self._reviewing.now().isoformat(), "hold": await self._whole.of(hold)})

    async def _line(self, hold: Hold) -> dict[str, object]:
        try:
            action = await self._reviewing.action(hold)
        except SealError as error:
            return summary(hold) | {"integrity": integrity(error), "method": None, "url": None}
        return summary(hold) | {"integrity": "ok", "method": action.method, "url": action.url}


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
