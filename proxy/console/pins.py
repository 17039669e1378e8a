"""What MCP servers' tools are pinned to, how they differ now, and accepting them as they are."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.door import reviewer
from proxy.console.people.asking import check
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reviewing import Reviewing
from proxy.mcp.pinned import Changed, Kept, Known, Pinned
from rules.authority import Act
from rules.mcp.difference import badged, difference
from rules.mcp.pins import Change, Pin, change, flaw
from rules.request.strict_json import Json

logger = logging.getLogger(__name__)

_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_AT_ONCE = 200


class Pins:
    """The routes about pins."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._pinned = Pinned(reviewing.store)
        self._now = reviewing.now

    async def show(self, request: Request) -> Response:
        """Every server whose tools were listed, or those of one name or key; each tool as it stands."""
        check(reviewer(request), Act.VIEW)
        wanted = request.query_params.get("server")
        known = [one for one in await self._pinned.servers() if wanted in (None, one.name, one.key)]
        return answer({"servers": [await self._server(one) for one in known]})

    async def accept(self, request: Request) -> Response:
        """Pin tools as the reviewer saw them; none, if one of them is not so any more."""
        check(reviewer(request), Act.PINS)
        members = await read_members(request, names=["key", "tools"])
        known = await self._find(members.get("key"))
        seen, who = _seen(members.get("tools")), reviewer(request).name
        try:
            await self._pinned.accept(known.key, seen, by=who, at=self._now())
        except Changed as error:
            detail = f"the tool `{error}` is not what you looked at any more: look at it again"
            raise Problem(409, Obstacle.TOOL_CHANGED, detail) from error
        for tool in seen:
            logger.warning("console.tool_accepted reviewer=%s server=%r tool=%r", who, known.name, tool)
        return answer(await self._server(known))

    async def _find(self, key: Json) -> Known:
        found = next((one for one in await self._pinned.servers() if one.key == key), None)
        if found is None:
            detail = "there is no such server: `key` has to be one of those that `/api/pins` lists"
            raise Problem(404, Obstacle.NOT_FOUND, detail)
        return found

    async def _server(self, known: Known) -> dict[str, Any]:
        pinned, listed = await self._pinned.tools(known.key)
        pins = {name: kept.pin for name, kept in pinned.items()}
        tools = [_tool(name, pinned, listed, pins) for name in sorted(pinned.keys() | listed.keys())]
        return {"key": known.key, "name": known.name, "place": known.place, "tools": tools}


def _tool(
    name: str, pinned: Mapping[str, Kept], listed: Mapping[str, Kept], pins: Mapping[str, Pin]
) -> dict[str, Any]:
    """One tool: what it was, what it is, and what lies between; `change` is null where nothing does."""
    before, now = pinned.get(name), listed.get(name)
    found = None if now is None else _change(name, now, pins)
    return {
        "name": name,
        "shown": badged(name),
        "pinned": None if before is None else _hashes(before),
        "listed": None if now is None else _hashes(now),
        "change": None if found is None else found.name.lower(),
        "suspect": None if now is None or now.entry is None else _suspect(now),
        "difference": _difference(before, now) if found is not None else [],
    }


def _change(name: str, now: Kept, pins: Mapping[str, Pin]) -> Change | None:
    if now.entry is not None:
        return change(now.entry, pins, trusting=False)
    before = pins.get(name)
    return None if before is not None and before.same(now.pin) else Change.TEXT


def _suspect(now: Kept) -> str | None:
    found = flaw(now.entry or {})
    return None if found is None else found.name.lower()


def _difference(before: Kept | None, now: Kept | None) -> list[str]:
    if now is None or now.entry is None:
        return ["  the definition is too long to be shown"]
    return difference(before.entry if before else None, now.entry)


def _hashes(kept: Kept) -> dict[str, str]:
    return {"text": kept.pin.text, "schema": kept.pin.schema, "by": kept.pin.by, "at": kept.at}


def _seen(given: Json) -> dict[str, Pin]:
    """What the reviewer looked at. Raises Problem."""
    tools = given if isinstance(given, dict) else {}
    found = {name: _pin(hashes) for name, hashes in tools.items()}
    if not 0 < len(found) <= _MOST_AT_ONCE or None in found.values():
        detail = (
            f"`tools` has to be 1 to {_MOST_AT_ONCE} tools by name, each with `text` and `schema`, "
            "the hashes that `/api/pins` listed for it"
        )
        raise Problem(400, Obstacle.TOOLS_INVALID, detail)
    return {name: pin for name, pin in found.items() if pin is not None}


def _pin(hashes: Json) -> Pin | None:
    if not isinstance(hashes, dict) or hashes.keys() != {"text", "schema"}:
        return None
    text, schema = hashes["text"], hashes["schema"]
    if not (isinstance(text, str) and isinstance(schema, str)):
        return None
    return Pin(text=text, schema=schema) if _HASH.fullmatch(text) and _HASH.fullmatch(schema) else None
