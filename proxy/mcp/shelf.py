"""What is known of a server's tools: their definitions, and how they differ from those first seen."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

from proxy.failure import ended, report
from proxy.mcp.pinned import Known, Pinned
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store
from rules.call import ToolDefinition
from rules.mcp.headers import ParamNames
from rules.mcp.listing import Listed, listed
from rules.mcp.message import Members
from rules.mcp.pins import Change, Pin, change

logger = logging.getLogger(__name__)

_LIST_AGAIN_AFTER = 5.0
# A store that hangs keeps no call waiting for longer: its tools are not known then.
_LEARNS_WITHIN = 1.0


def _always() -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class Shelf:
    """The tools of one server. Its first whole list is pinned, later ones are compared with that."""

    store: Store
    server: str
    key: str
    """Under which the store keeps the server's pins."""
    place: str = ""
    """Where the server is, for reviewers."""
    pack: str = ""
    """Which known server it is, as the operator says."""
    trusting: Callable[[], bool] = _always
    """Whether a first list is trusted as it is."""
    known: bool = False
    """Whether the server's tools have been listed, and nobody has said since that they changed."""
    _tools: dict[str, Listed] = field(default_factory=dict)
    _changes: dict[str, Change] = field(default_factory=dict)
    _pages: list[Listed] = field(default_factory=list)
    _listing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _list_at: float = 0.0
    _learning: set[asyncio.Task[None]] = field(default_factory=set)

    def definition(self, tool: str) -> ToolDefinition | None:
        """What the server says of `tool`."""
        found = self._tools.get(tool)
        return None if found is None else replace(found.definition, pack=self.pack)

    def params(self, tool: str) -> ParamNames | None:
        """Which arguments of `tool` headers repeat, None where nobody knows it."""
        found = self._tools.get(tool)
        return None if found is None else found.params

    def change(self, tool: str) -> Change | None:
        """What is different about `tool`; one that was never listed is new where others are known."""
        if not self.known:
            return Change.UNLISTED
        return self._changes.get(tool) if tool in self._tools else Change.NEW

    def invalidate(self) -> None:
        """The server says that its tools are others now: they have to be listed again."""
        self.known, self._list_at = False, 0.0

    async def fill(self, have_listed: Callable[[], Awaitable[None]]) -> None:
        """Use `have_listed` where the tools are not known; one listing for all that wait for it."""
        async with self._listing:
            if self._learning:
                await asyncio.wait(self._learning, timeout=_LEARNS_WITHIN)
            if not self.known and monotonic() >= self._list_at:
                await have_listed()
                self._list_at = monotonic() + _LIST_AGAIN_AFTER

    def learn_beside(self, tasks: asyncio.TaskGroup, page: Members, *, first: bool) -> None:
        """Take in a page that is on its way to the agent; what goes wrong is reported and ends nothing."""
        task = tasks.create_task(self._learn_reporting(page, first=first))
        self._learning.add(task)
        task.add_done_callback(self._learning.discard)

    async def learn(self, page: Members, *, first: bool) -> None:
        """Take in a page of the server's list; `first`: it begins one."""
        self._pages = [*([] if first else self._pages), *listed(page)]
        if page.get("nextCursor"):
            return
        tools = {tool.name: tool for tool in self._pages}
        changes = await self._compared(tools)
        for name in changes.keys() - self._changes.keys():
            logger.warning("mcp.tool_changed server=%s change=%s", self.server, changes[name].name.lower())
        self._tools, self._changes, self.known = tools, changes, True

    async def look_again(self, tool: str) -> None:
        """See whether a reviewer has accepted `tool` meanwhile, if there is anything to accept."""
        if tool not in self._changes:
            return
        try:
            pinned = await Pinned(self.store).read(self.key)
        except StoreUnavailable:
            return
        self._changes = self._different(self._tools, pinned)

    async def _learn_reporting(self, page: Members, *, first: bool) -> None:
        outcome = await ended(self.learn(page, first=first))
        if isinstance(outcome, BaseException):
            report("mcp.list_not_learned", outcome)

    async def _compared(self, tools: dict[str, Listed]) -> dict[str, Change]:
        """What is different about each of `tools`; where the pins cannot be had, each counts as new."""
        about = Known(key=self.key, name=self.server, place=self.place)
        entries = [tool.entry for tool in tools.values()]
        try:
            pinned = await Pinned(self.store).learn(about, entries, trusting=self.trusting())
        except StoreUnavailable:
            return dict.fromkeys(tools, Change.NEW)
        return self._different(tools, pinned)

    def _different(self, tools: dict[str, Listed], pinned: Mapping[str, Pin]) -> dict[str, Change]:
        trusting = self.trusting()
        found = {name: change(tool.entry, pinned, trusting=trusting) for name, tool in tools.items()}
        return {name: kind for name, kind in found.items() if kind is not None}
