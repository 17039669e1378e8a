"""The store's master is killed in the middle of a sending, and its replica takes over.

- `synced`: replicas have to confirm; the master dies at any moment after the approval
- `behind`: replicas have to confirm, and the one there is has been cut off, so nothing may be sent
- `journal`: nobody has to confirm, the replica has missed approval and sending, and only the journal knows
"""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from proxy.data_dir.embedded import find_binary
from proxy.store.record import StoreUnavailable
from rules.hold import DISPOSITIONS, State
from tests.crash.bench import Bench, built
from tests.crash.lane import Kind, Lane, Result
from tests.ports import free_port
from tests.proxy.redis_child import eventually

_PATIENCE = 30.0
_SETTLED = 1.0


class Mode(StrEnum):
    """How far the replica is when its master dies."""

    SYNCED = "synced"
    BEHIND = "behind"
    JOURNAL = "journal"


@dataclass(slots=True, kw_only=True)
class Server:
    """One Redis of the pair."""

    port: int
    process: asyncio.subprocess.Process
    redis: Redis

    @classmethod
    async def started(cls, folder: Path, *, master: "Server | None" = None) -> "Server":
        """A server that answers; a replica once it has all that its master has."""
        port, home = free_port(), tempfile.mkdtemp(dir=folder)
        command = [find_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", home, "--save", ""]
        command += ["--repl-diskless-sync-delay", "0"]
        if master is not None:
            command += ["--replicaof", f"127.0.0.1 {master.port}"]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        made = cls(port=port, process=process, redis=Redis(port=port))
        await eventually(made.in_sync if master else made.answers, what="the server")
        return made

    async def answers(self) -> bool:
        """Whether it takes commands."""
        with suppress(RedisError, OSError):
            return bool(await self.redis.ping())
        return False

    async def in_sync(self) -> bool:
        """Whether it is connected to its master."""
        with suppress(RedisError, OSError):
            return bool((await self.redis.info("replication"))["master_link_status"] == "up")
        return False

    async def die(self) -> None:
        """kill -9."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self.redis.aclose()


@dataclass(slots=True)
class Relay:
    """One address for the store, whichever server is the master."""

    target: int
    port: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Relay until the end."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield self
        server.close()
        self.switch(self.target)

    def switch(self, port: int) -> None:
        """From now on lead to another server; whoever is connected has to connect again."""
        self.target = port
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            self._open.add(back)
            await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        writer.transport.abort()
        self._open.discard(writer)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.transport.abort()


async def run(folder: Path, repetitions: Iterable[int], add: Callable[[str, Result], None]) -> None:
    """As many failovers, each to a replica that is the master of the next one."""
    master, chance = await Server.started(folder), random.Random(1)
    async with Relay(master.port).running() as relay, built(folder) as bench:
        bench.redis_url = f"redis://127.0.0.1:{relay.port}"
        wary, bare = Lane.made(bench, 0, replicas=1), Lane.made(bench, 1)
        replica = await Server.started(folder, master=master)
        for lane in (wary, bare):
            await lane.start()
        for repetition in repetitions:
            mode = list(Mode)[repetition % len(Mode)]
            lane, path = bare if mode is Mode.JOURNAL else wary, f"/{Kind.PLAIN}/{mode}/{repetition}"
            failing = _Failover(folder=folder, lane=lane, relay=relay, master=master, replica=replica)
            result, following = await failing.run(bench, path, mode, chance.uniform(0, 0.3))
            add(f"{mode} {Kind.PLAIN} {repetition}", result)
            master, replica = replica, following
        for lane in (wary, bare):
            await lane.end()
    await master.die()
    await replica.die()


@dataclass(slots=True, kw_only=True)
class _Failover:
    """One of them."""

    folder: Path
    lane: Lane
    relay: Relay
    master: Server
    replica: Server

    async def run(self, bench: Bench, path: str, mode: Mode, delay: float) -> tuple[Result, Server]:
        """Approve a call, kill the master, and see what became of the call; gives the next replica, too."""
        result = Result()
        await eventually(self._serving, what="the sidecar to reach its store")
        # Refused as long as no replica confirms: the new one may still be copying.
        hold_id = await eventually(lambda: self._held(path), what=f"{path} to be held")
        await asyncio.sleep(0.05)  # what nobody has to confirm takes a moment to be copied
        if mode is not Mode.SYNCED:
            await self.replica.redis.replicaof("NO", "ONE")  # cut off, it misses all that follows
        told = await self._approve(hold_id)
        await self._wait(bench, path, mode, delay)
        if mode is Mode.BEHIND and (told or bench.sent(path)):
            result.fault(f"{path}: told or sent without a confirmation")
        await self.master.die()
        await self.replica.redis.replicaof("NO", "ONE")
        self.relay.switch(self.replica.port)
        following = await Server.started(self.folder, master=self.replica)
        began = monotonic()
        state = await self._settled(hold_id, again=mode is not Mode.SYNCED or not told)
        result.settled_after = monotonic() - began
        await asyncio.sleep(_SETTLED)
        sent = len(bench.sent(path))
        result.duplicates, result.unknown = max(0, sent - 1), int(state is State.OUTCOME_UNKNOWN)
        if state not in (State.EXECUTED, State.OUTCOME_UNKNOWN) or (state is State.EXECUTED and not sent):
            result.fault(f"{path}: it is {state}, and was sent {sent} times")
        return result, following

    async def _serving(self) -> bool:
        with suppress(StoreUnavailable):
            await self.lane.store.check()
            return await self.lane.ready()
        return False

    async def _held(self, path: str) -> str:
        asked = await self.lane.ask(path, wait=0)
        return asked.headers.get("Sidegate-Hold", "") if asked is not None else ""

    async def _approve(self, hold_id: str) -> bool:
        with suppress(StoreUnavailable):
            hold = await self.lane.store.find(hold_id)
            return hold is not None and await self.lane.approve(hold)
        return False

    async def _wait(self, bench: Bench, path: str, mode: Mode, delay: float) -> None:
        """Until the moment for the master to die."""
        end = monotonic() + _PATIENCE / 3
        if mode is Mode.SYNCED:
            await asyncio.sleep(delay)
        while mode is Mode.JOURNAL and not bench.sent(path) and monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _settled(self, hold_id: str, *, again: bool) -> State | None:
        """The outcome; an approval that nobody was told of, or that nobody had to confirm, is given again."""
        end, state = monotonic() + _PATIENCE, None
        while state not in DISPOSITIONS and monotonic() < end:
            await asyncio.sleep(0.05)
            with suppress(StoreUnavailable):
                hold = await self.lane.store.find(hold_id)
                state = hold.state if hold else None
            if state is State.PENDING and again:
                await self._approve(hold_id)
        return state
