"""A run of the garden: batches of mutated requests, each compared with the witness before the next one."""

import asyncio
import itertools
import json
import random
import re
import ssl
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from tests.acceptance.authority import Authority
from tests.acceptance.sidecar import Sidecar, witness_beside
from tests.garden.harvest import Found, Harvest
from tests.garden.mutations import Mutated, mutate
from tests.garden.seeds import Place
from tests.garden.sending import Sender, Tally
from tests.garden.servers import Server, serving

BATCH = 4096
BURST = 16
"""Numbers that go to one place, on one connection for as long as it lasts."""

_AT_ONCE = 32
_TUNNELLED = 0.04
_ROOT = Path(__file__).parents[2]
_NUMBER = re.compile(r"/g/([0-9]{9})")
# The fast ones get more, so that a run is not as slow as the slowest.
_WEIGHTS = {"nginx": 30, "haproxy": 30, "node": 16, "apache": 10, "uvicorn": 6, "gunicorn": 5, "hypercorn": 3}
_RULES = """
version: 1
rules:
  - {id: write, match: {host: localhost, method: [POST, PUT, PATCH, DELETE], path: "/**"}, tier: 2}
"""


@dataclass(slots=True, kw_only=True)
class State:
    """How far a run is; a file of it lets another run go on."""

    seed: int
    next: int = 0
    executed: dict[str, int] = field(default_factory=dict)
    unjudged: int = 0
    connections: int = 0
    answers: int = 0
    silent: int = 0
    recorded: int = 0
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None, *, seed: int) -> "State":
        """The run in the file, or a new one."""
        if path is None or not path.exists():
            return cls(seed=seed)
        return cls(**json.loads(path.read_text()))

    def save(self, path: Path | None) -> None:
        """Keep it, whole or not at all."""
        if path is not None:
            part = path.with_name(f"{path.name}.part")
            part.write_text(json.dumps(asdict(self), indent=1))
            part.replace(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Garden:
    """A sidecar, the servers behind it, and what is known of both."""

    sidecar: Sidecar
    servers: Sequence[Server]
    harvest: Harvest
    state: State

    @classmethod
    @contextmanager
    def planted(
        cls, state: State, *, servers: Sequence[str], folder: Path, forget: int = 0
    ) -> Iterator["Garden"]:
        """Start everything, and end it again; `forget`: every how manyth record the witness loses."""
        authority = Authority.create(folder / "authority")
        with serving(servers, folder=folder, leaf=authority.issue()) as running:
            ports = [port for server in running for port in (server.port, server.tls) if port]
            allowed = ", ".join(f'"localhost:{port}"' for port in ports)
            with Sidecar(
                upstream_ca=authority.ca,
                config=f"version: 1\ninline_wait: {{usual: 0}}\ndestinations: {{allow: [{allowed}]}}\n",
                rules=_RULES,
                environment={"PYTHONPATH": str(_ROOT)},
                launcher=(sys.executable, "-m", "tests.garden.launcher", str(forget)),
            ) as sidecar:
                harvest = Harvest(servers=running, witness=witness_beside(authority.ca))
                yield cls(sidecar=sidecar, servers=running, harvest=harvest, state=state)

    def batch(self, size: int) -> list[Found]:
        """Send the next numbers, and give what was executed without a record."""
        state, started, tally = self.state, monotonic(), Tally()
        asyncio.run(self._send(tally, range(state.next, state.next + size)))
        assert not self.sidecar.ended, f"the sidecar ended in the batch from {state.next} on"
        recorded = self.harvest.recorded
        found = self.harvest.take()
        state.next += size
        state.seconds += monotonic() - started
        state.unjudged += len(found)
        state.connections += tally.connections
        state.answers += tally.answers
        state.silent += tally.silent
        state.recorded += self.harvest.recorded - recorded
        state.executed = dict(Counter(state.executed) + self.harvest.executed)
        state.statuses = dict(Counter(state.statuses) + Counter(tally.statuses))
        self.harvest.executed.clear()
        return found

    def bytes_of(self, found: Found) -> tuple[int, tuple[bytes, ...]] | None:
        """The number in the target of what was executed, and what was sent for it."""
        named = _NUMBER.search(found.trace.path)
        if named is None:
            return None
        number = int(named[1])
        place = self._place(number // BURST)
        return number, mutate(self.state.seed, number, place).segments

    async def _send(self, tally: Tally, numbers: range) -> None:
        proxy = urlsplit(self.sidecar.proxy).port or 0
        trust = ssl.create_default_context(cafile=self.sidecar.ca)
        sender = Sender(proxy=proxy, trust=trust, tally=tally)
        bursts = iter(self._bursts(numbers))

        async def keep_sending() -> None:
            for burst, place in bursts:
                await sender.send(burst, place)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(keep_sending())

    def _bursts(self, numbers: range) -> Iterator[tuple[list[Mutated], Place]]:
        for burst, together in itertools.groupby(numbers, lambda number: number // BURST):
            place = self._place(burst)
            yield [mutate(self.state.seed, number, place) for number in together], place

    def _place(self, burst: int) -> Place:
        """Where a burst goes: a server by weight, and sometimes one with TLS."""
        chance = random.Random(self.state.seed << 40 | burst)
        secure = [server.tls for server in self.servers if server.tls is not None]
        if secure and chance.random() < _TUNNELLED:
            return Place(port=chance.choice(secure), tunnel=True)
        weights = [_WEIGHTS[server.name] for server in self.servers]
        return Place(port=chance.choices(self.servers, weights)[0].port)
