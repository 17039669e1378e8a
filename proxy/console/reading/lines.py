"""What a list says of each hold. What a call would do never changes, so it is opened once and kept."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from urllib.parse import urlsplit

from proxy.console.people.asking import hides
from proxy.console.reading.board import Board
from proxy.console.reading.packages import Packages, read
from proxy.console.reading.shown import standing
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError, Shredded
from proxy.store.record import StoreUnavailable
from rules.action import Action, Principal
from rules.authority import Act, Matter, refuse
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.review.excerpt import short
from rules.review.past import shape_of
from rules.reviewer import Reviewer
from rules.ruleset import Ruleset
from rules.verdict import Tier

_MOST_KEPT = 20_000
_REST = 1.0
_GONE = "do what is not kept any more: its time was over"
_CHANGED = "do what does not open: what is stored was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a held call would do. `words`: continues "the agent asks to ..."."""

    words: str
    method: str = ""
    url: str = ""
    place: str | None = None
    """The host or the MCP server, whole."""
    principal: Principal | None = None
    alike: str = ""
    """What holds have in common that may be approved together; empty where it may not."""

    @property
    def host(self) -> str:
        """The host, or the MCP server, that it goes to."""
        try:
            return urlsplit(self.url).hostname or urlsplit(self.url).path.partition("/")[0]
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One hold as a list shows it."""

    hold: Hold
    told: Told

    @property
    def standing(self) -> str:
        """How it stands."""
        return standing(self.hold)

    def says(self, text: str) -> bool:
        """Whether `text` is in anything that the line is about, whatever its case."""
        hold, told = self.hold, self.told
        found = (hold.hold_id, hold.rule, hold.reason, hold.decided_by, told.words, told.method, told.url)
        return any(text.casefold() in (one or "").casefold() for one in found)


class Lines:
    """Makes them."""

    def __init__(self, reviewing: Reviewing) -> None:
        self.board = Board(reviewing.store, reviewing.signals)
        self._reviewing = reviewing
        self._packages = Packages(reviewing)
        self._known: dict[tuple[str, str, str], Told] = {}

    async def keep_up(self) -> None:
        """Open what may still change as it comes, until cancelled, so that no view has to catch up."""
        begun, seen = False, -1
        while True:
            with suppress(StoreUnavailable):  # whoever looks is told
                if not begun:
                    await self.board.begin()
                    begun = True
                if seen != self._reviewing.signals.changes:
                    seen = self._reviewing.signals.changes
                    await self.of(await self.board.unended())
            await asyncio.sleep(_REST)

    async def fresh(self, lines: Iterable[Line]) -> list[Line]:
        """The same lines as they stand in the store now, without those that are gone from it."""
        told = {line.hold.hold_id: line.told for line in lines}
        holds = await self._reviewing.store.several(list(told))
        return [Line(hold=hold, told=told[hold.hold_id]) for hold in holds]

    async def of(self, holds: Iterable[Hold]) -> list[Line]:
        """A line for each."""
        return [Line(hold=hold, told=await self._told(hold)) for hold in holds]

    async def seen_by(self, who: Reviewer, holds: Iterable[Hold]) -> list[Line]:
        """A line for each that `who` may see."""
        return [line for line in await self.of(holds) if refuse(who, Act.VIEW, _matter(line)) is None]

    async def visible(self, holds: Sequence[Hold], *, who: Reviewer) -> Sequence[Hold]:
        """Those that `who` may see."""
        return [line.hold for line in await self.seen_by(who, holds)] if hides(who) else holds

    async def _told(self, hold: Hold) -> Told:
        key = (hold.hold_id, hold.digest, self._reviewing.ruleset().hash)
        if hold.shredded:
            self._known.pop(key, None)
            return Told(words=_GONE)
        known = self._known.get(key)
        if known is None:
            try:
                known = self._known[key] = await self._opened(hold)
            except SealError as error:
                return Told(words=_GONE if isinstance(error, Shredded) else _CHANGED)
            while len(self._known) > _MOST_KEPT:
                del self._known[next(iter(self._known))]
        return known

    async def _opened(self, hold: Hold) -> Told:
        action = await self._reviewing.action(hold)
        return Told(
            alike=_alike(hold, action, self._reviewing.ruleset()),
            words=short(await self._packages.words(hold, action), most=300),
            method=action.method,
            url=short(action.url, most=200),
            place=action.server if isinstance(action, ToolAction) else action.host,
            principal=action.principal,
        )


def _alike(hold: Hold, action: Action | ToolAction, ruleset: Ruleset) -> str:
    call = read(action, ruleset) if hold.tier is Tier.EXTERNAL else None
    if call is None:
        return ""
    return json.dumps([*astuple(action.principal), shape_of(call, hold.rule)])


def _matter(line: Line) -> Matter:
    hold = line.hold
    return Matter(hold_id=hold.hold_id, digest=hold.digest, tier=hold.tier, host=line.told.place)
