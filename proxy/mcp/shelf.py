"""What is known of a server's tools: their definitions, and how they differ from those first seen."""

import logging
from dataclasses import dataclass, field

from proxy.record import StoreUnavailable
from proxy.store import Store
from rules.call import ToolDefinition
from rules.mcp.headers import ParamNames
from rules.mcp.listing import Listed, listed
from rules.mcp.message import Members
from rules.mcp.pins import Change, Pin, change

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Shelf:
    """The tools of one server. Its first whole list is pinned, later ones are compared with that."""

    store: Store
    server: str
    key: str
    """Under which the store keeps the server's pins."""
    known: bool = False
    """Whether the server's tools have been listed."""
    _tools: dict[str, Listed] = field(default_factory=dict)
    _changes: dict[str, Change] = field(default_factory=dict)
    _pages: list[Listed] = field(default_factory=list)

    def definition(self, tool: str) -> ToolDefinition | None:
        """What the server says of `tool`."""
        found = self._tools.get(tool)
        return None if found is None else found.definition

    def params(self, tool: str) -> ParamNames | None:
        """Which arguments of `tool` headers repeat, None where nobody knows it."""
        found = self._tools.get(tool)
        return None if found is None else found.params

    def change(self, tool: str) -> Change | None:
        """What is different about `tool`; one that was never listed is new where others are known."""
        if self.known and tool not in self._tools:
            return Change.NEW
        return self._changes.get(tool)

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

    async def _compared(self, tools: dict[str, Listed]) -> dict[str, Change]:
        """What is different about each of `tools`; where the pins cannot be had, each counts as new."""
        try:
            now = {name: _written(tool.pin) for name, tool in tools.items()}
            pinned = {name: _read(pin) for name, pin in (await self.store.pins(self.key, now)).items()}
        except StoreUnavailable:
            return dict.fromkeys(tools, Change.NEW)
        found = {name: change(tool.entry, pinned) for name, tool in tools.items()}
        return {name: kind for name, kind in found.items() if kind is not None}


def _written(pin: Pin) -> str:
    return f"{pin.text} {pin.schema}"


def _read(pin: str) -> Pin:
    text, _, schema = pin.partition(" ")
    return Pin(text=text, schema=schema)
