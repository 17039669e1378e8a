"""A session with a real server process, spoken to line by line, over a real store."""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from proxy.admission import Admission
from proxy.agent import Agent
from proxy.destinations import Allowed, Destinations
from proxy.keeping import Keeping
from proxy.mcp.child import Child
from proxy.mcp.desk import Desk
from proxy.mcp.session import Session
from proxy.mcp.shelf import Shelf
from proxy.replay.journal import Journal
from proxy.signals import Signals
from proxy.suspicion import Suspicion
from rules.action import Principal
from rules.hold import Hold
from tests.proxy.console.world import World
from tests.proxy.replayers import replayer_of
from tests.rules.mcp.rulesets import ruleset

_PROGRAMS = Path(__file__).parent / "programs"
_PATIENCE = 40.0
PLACE = "stdio:test"


@dataclass(slots=True, kw_only=True)
class Talk:
    """One session. `heard`: every message that the agent got and nobody has asked for."""

    world: World
    desk: Desk
    folder: Path
    reader: asyncio.StreamReader
    heard: list[dict[str, Any]] = field(default_factory=list)
    code: int | None = None
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _next: int = 0

    async def say(self, line: bytes) -> None:
        """Take a line for the agent."""
        self.heard.append(json.loads(line))
        self._arrived.set()

    def send(self, message: dict[str, Any] | bytes) -> None:
        """Write a line as the agent."""
        self.reader.feed_data(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a request."""
        self._next += 1
        self.send({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params})
        return await self.answer(self._next)

    async def answer(self, id_: object) -> dict[str, Any]:
        """The answer to the request with that id."""
        return await self.find(lambda message: "method" not in message and message.get("id") == id_)

    async def find(self, fits: Any) -> dict[str, Any]:
        """The first message that fits, taken out of what was heard."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                for message in self.heard:
                    if fits(message):
                        self.heard.remove(message)
                        return message
                self._arrived.clear()
                await self._arrived.wait()

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool, or the error in its place."""
        answer = await self.ask("tools/call", name=tool, arguments=arguments)
        found: dict[str, Any] = answer.get("result") or answer["error"]
        return found

    async def shake_hands(self, client: str = "test") -> dict[str, Any]:
        """Begin as clients of sessions do."""
        answer = await self.ask(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo={"name": client, "version": "1"},
        )
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    @property
    def executed(self) -> list[Any]:
        """What the server has run, in order."""
        file = self.folder / "executed"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    async def hold(self, result: dict[str, Any]) -> Hold:
        """The hold that a result names."""
        found = await self.world.store.find(hold_id(result))
        assert found is not None
        return found


def hold_id(result: dict[str, Any]) -> str:
    """The id of the hold that a result tells of."""
    return str(result["_meta"]["internal.sidegate/hold"]["hold_id"])


def text(result: dict[str, Any]) -> str:
    """What a model reads."""
    return str(result["content"][0]["text"])


@asynccontextmanager
async def talking(
    url: str, folder: Path, *, command: Sequence[str] = (), rules: str = "", **changes: Any
) -> AsyncIterator[Talk]:
    """A session with the server of `command`, by default our own small one, until the block ends."""
    world = changes.get("world") or World.build(url)
    given = list(command) or [sys.executable, str(_PROGRAMS / "small.py"), str(folder / "executed")]
    loaded = ruleset(rules)
    async with asyncio.TaskGroup() as tasks:
        desk = desk_of(world, loaded, tasks, journal=folder / "journal")
        if store := changes.get("store"):
            keeping, admission = replace(desk.keeping, store=store), replace(desk.admission, store=store)
            desk = replace(desk, keeping=keeping, admission=admission)
        shelf = Shelf(store=world.store, server="bank", key="bank")
        talk = Talk(world=world, desk=desk, folder=folder, reader=asyncio.StreamReader())
        session = Session(desk, shelf, child=await Child.start(given), say=talk.say, place=PLACE)
        listening = tasks.create_task(desk.keeping.signals.listen())
        running = tasks.create_task(session.run(talk.reader))
        yield talk
        talk.reader.feed_eof()
        talk.code = await running
        listening.cancel()
    desk.replayer.journal.close()
    await world.redis.aclose()


def desk_of(world: World, loaded: Any, tasks: asyncio.TaskGroup, *, journal: Path) -> Desk:
    destinations = Destinations(allowed=Allowed.parse(["localhost"]), named=lambda _: False)
    replayer = replayer_of(
        store=world.store,
        sealed=world.sealed,
        signer=world.signer,
        metrics=world.metrics,
        destinations=destinations,
        ruleset=lambda: loaded,
        trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        tasks=tasks,
        journal=Journal(journal, keep=timedelta(days=1)),
    )
    agent = Agent(principal=Principal(agent="agent-7"), secret_headers=frozenset(), key=world.key)
    return Desk(
        ruleset=lambda: loaded,
        admission=Admission(
            agent=agent,
            store=world.store,
            metrics=world.metrics,
            suspicion=Suspicion(store=world.store, agent=agent, ruleset=lambda: loaded, tasks=tasks),
        ),
        keeping=Keeping(
            agent=agent,
            store=world.store,
            sealed=world.sealed,
            signals=Signals(world.store, world.metrics),
            metrics=world.metrics,
        ),
        replayer=replayer,
        patience=0.3,
    )
