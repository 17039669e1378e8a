"""What a reviewer says about a hold without deciding it: to its agent, to others, by looking at it."""

import logging
from datetime import timedelta

from proxy.console.people.asking import missing
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.shown import conflict, damaged, summary
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from proxy.store.store import Refused
from proxy.talk.talk import Talk, TooMuch
from rules.authority import Act
from rules.hold import Hold, State
from rules.reviewer import Reviewer
from rules.talk import Kind, Said

logger = logging.getLogger(__name__)

WATCHING = timedelta(minutes=15)
"""How long it counts that somebody looks at a hold."""


class Talking:
    """What a reviewer can say. Each raises Problem where it may not be said."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._talk = Talk(reviewing.store, reviewing.sealed)

    async def ask(self, hold_id: str, *, who: Reviewer, question: str) -> Hold:
        """Ask its agent something; the hold waits on, and its time with it. Said twice, it is asked once."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.ASK)
        if hold.state is not State.PENDING:
            raise conflict("state", hold, self._reviewing.now())
        return await self._add(hold, Kind.QUESTION, who, question)

    async def comment(self, hold_id: str, *, who: Reviewer, text: str) -> Hold:
        """Say something to other people; its agent is told nothing of it."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.COMMENT)
        return await self._add(hold, Kind.COMMENT, who, text)

    async def watch(self, hold_id: str, *, who: Reviewer, until: timedelta = WATCHING) -> Hold:
        """Be the one who looks at it for a while, whoever did before; no time at all: do so no longer."""
        hold = await find_hold(self._reviewing, hold_id, who=who, act=Act.WATCH)
        if hold.state is not State.PENDING:
            raise conflict("state", hold, self._reviewing.now())
        if not until and hold.watched_by != who.name:
            return hold
        times = {"watched_until": int(until.total_seconds() * 1000)}
        try:
            return await self._reviewing.store.note(hold, {"watched_by": who.name.encode()}, times=times)
        except Refused as refused:
            raise self._refused(hold, refused) from refused

    async def _add(self, hold: Hold, kind: Kind, who: Reviewer, text: str) -> Hold:
        said = Said(kind=kind, who=who.name, at=self._reviewing.now(), text=text)
        try:
            added = await self._talk.add(hold, said, again=True)
        except SealError as error:
            raise damaged(hold, error) from error
        except TooMuch as error:
            detail = f"{error}; nothing was changed: decide it, or speak elsewhere"
            raise Problem(409, Obstacle.MOVED, detail, members={"hold": summary(hold)}) from error
        except Refused as refused:
            raise self._refused(hold, refused) from refused
        logger.info("console.said hold=%s kind=%s reviewer=%s", hold.hold_id, kind, who.name)
        return added

    def _refused(self, hold: Hold, refused: Refused) -> Problem:
        if refused.hold is None:
            return missing(hold.hold_id)
        return conflict(refused.why, refused.hold, self._reviewing.now())
