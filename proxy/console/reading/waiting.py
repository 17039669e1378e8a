"""A hold as soon as it is not any more what the asker knows: a bounded wait."""

import asyncio
import re
from dataclasses import dataclass

from starlette.requests import Request

from proxy.console.problem import Obstacle, Problem
from proxy.console.reviewing import Reviewing
from rules.hold import Hold, State

MOST_SECONDS = 60
MOST_WAITING = 200
_BREATH_SECONDS = 0.1
_NUMBER = re.compile(r"[0-9]{1,2}")
_KNOWN = re.compile(r"([a-z_]{1,32})/([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, and while the hold is what. `unless`: None for what it is now."""

    seconds: int
    unless: tuple[State, int] | None


class Waiting:
    """Waits for holds to change, for some askers at once."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._store = reviewing.store
        self._signals = reviewing.signals
        self._now = 0

    async def changed(self, hold: Hold, patience: Patience) -> Hold | None:
        """The hold once it differs, or as it is when the time is over; None where it is gone."""
        known = patience.unless or _about(hold)
        if not patience.seconds or _about(hold) != known:
            return hold
        if self._now >= MOST_WAITING:
            detail = f"{MOST_WAITING} requests wait already: ask without `wait`, or later"
            raise Problem(503, Obstacle.BUSY, detail, headers={"Retry-After": "5"})
        self._now += 1
        try:
            return await self._until(hold, known, patience.seconds)
        finally:
            self._now -= 1

    async def _until(self, hold: Hold, known: tuple[State, int], seconds: int) -> Hold | None:
        clock = asyncio.get_running_loop().time
        end, found = clock() + seconds, hold
        while clock() < end and not self._signals.draining:
            told = self._signals.changes
            now = await self._store.find(hold.hold_id)
            if now is None or _about(now) != known:
                return now
            found = now
            if self._signals.changes == told:
                await self._signals.anything(within=end - clock())
            await asyncio.sleep(_BREATH_SECONDS)
        return found


def read_patience(request: Request) -> Patience:
    """What the query says of waiting. Raises Problem."""
    pairs = request.query_params.multi_items()
    asked = dict(pairs)
    if len(asked) != len(pairs) or asked.keys() - {"wait", "unless"}:
        raise Problem(400, Obstacle.QUERY_INVALID, "the query knows `wait` and `unless`, each once")
    wait = asked.get("wait", "0")
    if not _NUMBER.fullmatch(wait) or int(wait) > MOST_SECONDS:
        detail = f"`wait` has to be a number of seconds from 0 to {MOST_SECONDS}"
        raise Problem(400, Obstacle.QUERY_INVALID, detail)
    return Patience(seconds=int(wait), unless=_read_known(asked.get("unless")))


def _read_known(value: str | None) -> tuple[State, int] | None:
    if value is None:
        return None
    found = _KNOWN.fullmatch(value)
    if found is None or found[1] not in tuple(State):
        detail = "`unless` has to be the state and the attempts that you know, as in `pending/1`"
        raise Problem(400, Obstacle.QUERY_INVALID, detail)
    return State(found[1]), int(found[2])


def _about(hold: Hold) -> tuple[State, int]:
    return hold.state, hold.attempts
