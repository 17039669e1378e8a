"""What MCP servers' tools are pinned to, in Redis. The only module that knows these keys.

{sidegate:<domain>}:pins:<key>      hash: tool -> what it was when it was trusted; kept, or trust would lapse
{sidegate:<domain>}:listed:<key>    hash: tool -> what its server said last, for reviewers; forgotten in time
{sidegate:<domain>}:mcp-servers     hash: <key> -> name and place of the server; kept like its pins

A tool is one line `<text> <schema> <by> <at>` (two hashes, and who accepted it when), then its definition.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from proxy.store.record import text, texts
from proxy.store.store import Store
from rules.mcp.message import Members, text_of
from rules.mcp.pins import Pin, pin

_KEEP_LISTED = timedelta(days=30)
_MAX_ENTRY = 64 * 1024
_MAX_ENTRIES = 2 * 1024 * 1024

# INVARIANT: of two first lists, one is pinned whole: in one step it is seen that nothing is, and written.
_LEARN = """
redis.call('DEL', KEYS[2])
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[1]) == 0 then
  for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return redis.call('HGETALL', KEYS[1])
"""
# INVARIANT: what is accepted is what was looked at, or nothing is.
_ACCEPT = """
local accepted = {}
for i = 3, #ARGV, 2 do
  local listed = redis.call('HGET', KEYS[2], ARGV[i]) or ''
  local hashes, rest = string.match(listed, '^(%x+ %x+)[^\\n]*(.*)$')
  if hashes ~= ARGV[i + 1] then return {'changed', ARGV[i]} end
  accepted[#accepted + 1] = {ARGV[i], hashes .. ' ' .. ARGV[1] .. ' ' .. ARGV[2] .. rest}
end
for _, each in ipairs(accepted) do redis.call('HSET', KEYS[1], each[1], each[2]) end
return {'accepted'}
"""
_ALL = "return redis.call('HGETALL', KEYS[1])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A tool as it was: its pin, when it was accepted, and its definition where it was not too long."""

    pin: Pin
    at: str = ""
    entry: Members | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A server whose tools were listed. `key`: what its pins are kept under."""

    key: str
    name: str
    place: str


class Changed(Exception):
    """the tool is not what was looked at any more"""


class Pinned:
    """The pins of one approval domain. Every method raises StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def learn(self, server: Known, tools: Sequence[Members], *, trusting: bool) -> Mapping[str, Pin]:
        """Keep what a server listed, for reviewers, and return what is pinned.

        `trusting`: where nothing was, it is these `tools` from now on.
        """
        about = json.dumps({"name": server.name, "place": server.place})
        given: list[str | int] = [server.key, about, int(trusting), int(_KEEP_LISTED.total_seconds() * 1000)]
        left = _MAX_ENTRIES
        for tool in tools:
            entry = text_of(tool)
            fits = len(entry) <= min(_MAX_ENTRY, left)
            left -= len(entry) if fits else 0
            given += [str(tool["name"]), _written(pin(tool), entry if fits else "")]
        names = (f"pins:{server.key}", f"listed:{server.key}", "mcp-servers")
        return _pins(await self._store.evaluate(_LEARN, names, given))

    async def read(self, key: str) -> Mapping[str, Pin]:
        """What is pinned of a server."""
        return _pins(await self._store.evaluate(_ALL, [f"pins:{key}"], []))

    async def servers(self) -> Sequence[Known]:
        """The servers whose tools were listed, by name."""
        found = _pairs(await self._store.evaluate(_ALL, ["mcp-servers"], []))
        known = [Known(key=key, **json.loads(about)) for key, about in found.items()]
        return sorted(known, key=lambda one: (one.name, one.place))

    async def tools(self, key: str) -> tuple[Mapping[str, Kept], Mapping[str, Kept]]:
        """What is pinned of a server's tools, and what it listed last."""
        pinned = _pairs(await self._store.evaluate(_ALL, [f"pins:{key}"], []))
        listed = _pairs(await self._store.evaluate(_ALL, [f"listed:{key}"], []))
        return _kept(pinned), _kept(listed)

    async def accept(self, key: str, seen: Mapping[str, Pin], *, by: str, at: datetime) -> None:
        """Pin tools as they were `seen` on the last list. Raises Changed, and pins none, if one is not."""
        given = [by, at.isoformat(timespec="seconds")]
        for tool, looked_at in seen.items():
            given += [tool, f"{looked_at.text} {looked_at.schema}"]
        reply = texts(await self._store.evaluate(_ACCEPT, [f"pins:{key}", f"listed:{key}"], given))
        if reply[0] != "accepted":
            raise Changed(reply[1])


def _written(now: Pin, entry: str) -> str:
    return f"{now.text} {now.schema}\n{entry}" if entry else f"{now.text} {now.schema}"


def _pins(found: Sequence[bytes]) -> Mapping[str, Pin]:
    return {tool: kept.pin for tool, kept in _kept(_pairs(found)).items()}


def _pairs(found: Sequence[bytes]) -> Mapping[str, str]:
    parts = [text(part) for part in found]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _kept(found: Mapping[str, str]) -> Mapping[str, Kept]:
    return {tool: _read(value) for tool, value in found.items()}


def _read(value: str) -> Kept:
    line, _, entry = value.partition("\n")
    hashes, schema, by, at, *_ = [*line.split(" "), "", "", ""]
    now = Pin(text=hashes, schema=schema, by=by)
    return Kept(pin=now, at=at, entry=json.loads(entry) if entry else None)
